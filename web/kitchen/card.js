/** The cards of the board: what one order's guest waits for, and the button for its next step. */

import { h } from "../dom.js";
import { dayOf, shortMoment, snackName, time } from "../language/format.js";
import { t } from "../language/translations.js";

/** What a cook does with a ticket in each state that waits. */
export const STEPS = { new: "start", preparing: "finish", ready: "hand_over" };

/** The day that it is at the cinema of a ticket, at `now`, the server's time. */
function dayThere({ needed_at: needed }, now) {
  const ahead = Date.parse(`${needed.slice(0, 19)}Z`) - Date.parse(needed);
  return dayOf(new Date(Date.parse(now) + ahead).toISOString());
}

/**
 * How urgent a ticket is at `now`: `late`; `other_day`, when it can't be begun before another day; `early`, when it can't
 * be begun yet; or null.
 */
export function urgency(ticket, now) {
  if (!(ticket.status in STEPS)) return null;
  if (Date.parse(ticket.needed_at) < Date.parse(now)) return "late";
  if (ticket.status !== "new" || Date.parse(ticket.begins_at) <= Date.parse(now)) return null;
  return dayOf(ticket.needed_at) > dayThere(ticket, now) ? "other_day" : "early";
}

/** Which screening a ticket is for, with the name of its cinema where the board shows several. */
export const screeningOf = (
  { film_title: film, hall_name: hall, cinema_name: cinema, starts_at: starts },
  isOneOfMany,
) => [film, isOneOfMany && cinema, hall, time(starts)].filter(Boolean).join(" · ");

/** `isOneOfMany`: other cinemas' cards may be beside it. `onstep` is run with the ticket, the step and the button. */
export function card(ticket, now, isOneOfMany, onstep) {
  const urgent = urgency(ticket, now);
  return h(
    "li",
    { class: urgent === "late" ? "card late" : "card", tabindex: "-1", "data-order": ticket.order_id },
    h(
      "p",
      { class: "card-head" },
      h("strong", { class: "card-code" }, ticket.pick_up_code),
      h(
        "span",
        { class: "card-time" },
        t(urgent === "late" ? "kitchen.late" : "kitchen.needed", { time: shortMoment(ticket.needed_at) }),
      ),
    ),
    h("ul", { class: "card-snacks" }, ticket.snacks.map(snackLine)),
    h("p", { class: "muted small" }, screeningOf(ticket, isOneOfMany)),
    ["early", "other_day"].includes(urgent)
      ? h("p", { class: "muted small" }, t("kitchen.begins", { time: shortMoment(ticket.begins_at) }))
      : stepButton(ticket, onstep),
  );
}

const snackLine = (snack) =>
  h(
    "li",
    {},
    h("b", {}, `${snack.quantity} ×`),
    ` ${snackName(snack)}`,
    snack.missing > 0 && h("span", { class: "warning" }, ` ${t("kitchen.missing", { count: snack.missing })}`),
  );

function stepButton(ticket, onstep) {
  const step = STEPS[ticket.status];
  return step && h("button", {
    class: "primary wide",
    onclick: (event) => onstep(ticket, step, event.target),
  }, t(`kitchen.do.${step}`));
}
