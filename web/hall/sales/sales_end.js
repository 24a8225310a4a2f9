/** When a screening begins, its seats are no longer sold. */

import { read } from "../../api.js";

const AGAIN_MS = 15_000; // the browser's clock may be ahead of the cinema's
const LONGEST_MS = 3_600_000; // a timer of a browser that sleeps, or of many days, is not to be relied on

/**
 * Run `ended` once the screening has begun, until `signal` aborts. The API says whether it has: the browser's clock only
 * decides when to ask, and so does a refused purchase, by the hall's event `closed`. A purchase in progress ends first.
 */
export function awaitSalesEnd(hall, signal, ended) {
  const { screening_id: id, starts_at: starts } = hall.screening;
  let timer = null;

  function wait(least) {
    clearTimeout(timer);
    timer = setTimeout(
      () => isDue() ? ask() : wait(0),
      Math.min(Math.max(Date.parse(starts) - Date.now(), least), LONGEST_MS),
    );
  }

  const isDue = () => Date.parse(starts) <= Date.now();

  async function ask() {
    const open = await read("/film/get_hall_info", { screening_id: id }, signal).then(
      ({ sales_open: isOpen }) => isOpen !== false,
      ({ code }) => code !== "screening_over",
    );
    if (signal.aborted) return;
    if (open || hall.buying) wait(AGAIN_MS);
    else ended();
  }

  hall.addEventListener("closed", ask);
  signal.addEventListener("abort", () => clearTimeout(timer));
  wait(0);
}
