/** "Best 3 seats": chosen by the house. */

import { read } from "../api.js";
import { h, say } from "../dom.js";
import { list, t } from "../language.js";
import { sentence } from "../problems.js";
import { MOST_SEATS } from "./hall.js";

export function bestSeats(hall, advice) {
  const count = h(
    "select",
    { "aria-label": t("best.count"), name: "count" },
    Array.from(
      { length: MOST_SEATS },
      (_, at) => h("option", { value: at + 1, selected: at === 1 }, t("best.seats", { count: at + 1 })),
    ),
  );
  const hasPlaces = hall.chart.seats.some((seat) => seat.kind === "wheelchair");
  const wheelchair = h("input", { type: "checkbox", name: "wheelchair" });

  async function choose(event) {
    event.preventDefault();
    const button = event.submitter;
    button.disabled = true;
    try {
      const { seats, reasons } = await read("/film/suggest_seats", {
        screening_id: hall.screening.screening_id,
        count: count.value,
        wheelchair: wheelchair.checked,
      });
      hall.pick(seats);
      const why = reasons.map((reason) => t(`reason.${reason}`));
      const told = t("best.chosen", { seats: list(seats), why: list(why), count: why.length });
      advice.say(told);
      say(told);
    } catch (problem) {
      advice.say(sentence(problem));
    } finally {
      button.disabled = false;
    }
  }

  return h(
    "form",
    { class: "best", onsubmit: choose },
    count,
    h("button", {}, t("best.choose")),
    hasPlaces && h("label", { class: "check" }, wheelchair, t("best.wheelchair")),
  );
}
