/** "Best 3 seats": the form that asks the film room for the best free seats and picks them. */

import { read } from "../api.js";
import { announce, h } from "../dom.js";
import { list, t } from "../language/translations.js";
import { problemSentence } from "../problems.js";
import { MOST_SEATS } from "./hall.js";

/** The form's element; it explains its choice through `advice`. */
export function suggestSeats(hall, advice) {
  const count = h(
    "select",
    { "aria-label": t("suggest.count"), name: "count" },
    Array.from(
      { length: MOST_SEATS },
      (_, at) => h("option", { value: at + 1, selected: at === 1 }, t("suggest.seats", { count: at + 1 })),
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
      const text = t("suggest.chosen", { seats: list(seats), why: list(why), count: why.length });
      advice.show(text);
      announce(text);
    } catch (problem) {
      advice.show(problemSentence(problem));
    } finally {
      button.disabled = false;
    }
  }

  return h(
    "form",
    { class: "suggest", onsubmit: choose },
    count,
    h("button", {}, t("suggest.choose")),
    hasPlaces && h("label", { class: "check" }, wheelchair, t("suggest.wheelchair")),
  );
}
