/** "Best 3 seats": the form that asks the film room for the best free seats and picks them. */

import { read } from "../api.js";
import { announce, h } from "../dom.js";
import { money } from "../language/format.js";
import { comma, list, t } from "../language/translations.js";
import { problemSentence } from "../problems.js";
import { MOST_SEATS } from "./hall.js";

const WISHES = ["view", "price", "aisle"];

/** The kinds of these seats and what they cost: "2 × Standard, €24.00". */
export function whatIs(hall, ids) {
  const seats = ids.map((id) => hall.seat(id));
  const kinds = [...new Set(seats.map((seat) => seat.kind))].map((kind) =>
    `${seats.filter((seat) => seat.kind === kind).length} × ${t(`kind.${kind}`)}`
  );
  const total = seats.reduce((sum, seat) => sum + seat.price, 0);
  return `${list(kinds)}${comma()}${money(total, hall.screening.currency)}`;
}

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
  const prefer = h(
    "select",
    { "aria-label": t("suggest.prefer"), name: "prefer" },
    WISHES.map((wish) => h("option", { value: wish }, t(`suggest.${wish}`))),
  );
  const hasCoupleSeats = hall.chart.seats.some((seat) => seat.kind === "couple");
  const coupleSeats = h("input", { type: "checkbox", name: "couple_seats" });
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
        prefer: prefer.value,
        couple_seats: coupleSeats.checked,
      });
      hall.pick(seats);
      const why = reasons.map((reason) => t(`reason.${reason}`));
      const text = t(why.length ? "suggest.chosen" : "suggest.plain", {
        seats: list(seats),
        what: whatIs(hall, seats),
        why: list(why),
      });
      advice.show(text);
      announce(text);
    } catch (problem) {
      advice.show(problem.about?.free === 0 ? t("list.none") : problemSentence(problem));
    } finally {
      button.disabled = false;
    }
  }

  return h(
    "form",
    { class: "suggest", onsubmit: choose },
    count,
    prefer,
    h("button", {}, t("suggest.choose")),
    hasPlaces && h("label", { class: "check" }, wheelchair, t("suggest.wheelchair")),
    hasCoupleSeats && h("label", { class: "check" }, coupleSeats, t("suggest.couple_seats")),
  );
}
