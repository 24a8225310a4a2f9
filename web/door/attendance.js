/** Today's screenings: which one a door leads to, and how many of its guests are in. */

import { read } from "../api.js";
import { fill, h } from "../dom.js";
import { time } from "../language/format.js";
import { t } from "../language/translations.js";
import { browser } from "../storage.js";
import * as memory from "./memory.js";

const CHOICE = "door-screening";

/** {element, choice, chosen, refresh}: the counts, the list to choose from, and what is chosen ("" for any). */
export function attendance(signal) {
  let screenings = memory.list()?.screenings ?? [];
  let chosen = browser.get(CHOICE) ?? "";
  const choice = h("select", { "aria-label": t("door.screening"), onchange: () => choose(choice.value) });
  const element = h("div", { class: "counts" });

  function choose(id) {
    chosen = id;
    browser.set(CHOICE, id);
    draw();
  }

  /** Rejects with a Problem; what was known before stays. */
  async function refresh() {
    ({ screenings } = await read("/order/get_attendance", {}, signal));
    draw();
  }

  /** A screening that is over stays chosen: a door that leads to it admits nobody until an usher chooses another. */
  const isGone = () => chosen && !screenings.some(({ screening_id: id }) => id === chosen);

  function draw() {
    const cinemas = Map.groupBy(screenings, ({ cinema_name: name }) => name);
    const options = (some) =>
      some.map((each) =>
        h("option", { value: each.screening_id, selected: each.screening_id === chosen }, title(each))
      );
    // An open list is not drawn anew under a finger.
    if (document.activeElement !== choice || !choice.childElementCount) {
      fill(
        choice,
        h("option", { value: "" }, t("door.any")),
        isGone() && h("option", { value: chosen, selected: true }, t("door.gone")),
        cinemas.size > 1
          ? [...cinemas].map(([name, some]) => h("optgroup", { label: name }, options(some)))
          : options(screenings),
      );
    }
    const shown = chosen ? screenings.filter(({ screening_id: id }) => id === chosen) : screenings;
    const empty = t(isGone() ? "door.choose" : "door.nothing_today");
    fill(element, shown.length ? h("ul", {}, shown.map(line)) : h("p", { class: "muted" }, empty));
  }

  const title = ({ starts_at: starts, hall_name: hall, film }) => `${time(starts)} ${hall}: ${film}`;

  const line = (screening) =>
    h(
      "li",
      {},
      h("span", { class: "muted" }, title(screening)),
      h("strong", {}, t("door.in", { admitted: screening.admitted, expected: screening.expected })),
      h("progress", {
        max: Math.max(1, screening.expected),
        value: screening.admitted,
        "aria-label": t("door.in_of", { film: screening.film }),
      }),
    );

  draw();
  return { element, choice, chosen: () => chosen, refresh };
}
