/** An order that is paid: its tickets first, for whoever stands at the door, then all that may be done with them. */

import { guestNote, isGuest } from "../../guest/paying.js";
import { h } from "../../dom.js";
import { localMoment, money } from "../../language/format.js";
import { list, t } from "../../language/translations.js";
import { saveCalendar } from "./calendar.js";
import { seatsOf, sums } from "../header.js";
import { kitchenSection } from "../kitchen.js";
import { earnedPoints } from "../points.js";
import { mayRefund, refundTerms } from "../refunds/refund_terms.js";
import { tickets } from "../tickets.js";
import { screeningOf, wayThere } from "./way.js";

/**
 * `news`: what has just happened to the order, or null; `signal` aborts when the page is left, `drawn` when it is drawn
 * anew.
 */
export function paidSection(order, { signal, drawn, news, warning, receipt, onsignin, onrefund, onproblem }) {
  const screening = screeningOf(order, signal);
  const calendar = () => saveCalendar(order).catch(onproblem);
  return h(
    "section",
    { class: "stack" },
    order.kept_at &&
      h(
        "p",
        { class: "note no-print", role: "status" },
        t("order.kept", { moment: localMoment(order.kept_at) }),
      ),
    news && h("p", { class: "note good news no-print", tabindex: "-1" }, news),
    tickets(order, screening, signal),
    order.kitchen && kitchenSection(order),
    order.revived && h("p", { class: "note good no-print" }, t("order.revived")),
    isGuest() && guestNote(onsignin),
    warning,
    h(
      "div",
      { class: "row no-print" },
      h("button", { class: "primary", onclick: () => print() }, t("order.print")),
      h("button", { onclick: calendar }, t("order.calendar")),
      receipt,
      mayRefund(order) && h("button", { class: "quiet refund", onclick: onrefund }, t("order.refund")),
    ),
    sums(order),
    !isGuest() && earnedPoints(order, AbortSignal.any([signal, drawn])),
    refundTerms(order),
    wayThere(screening), // last: it comes late, and must move nothing
  );
}

/** What a refund has given back: the difference of the order before and after it. */
export function refundNews(before, after) {
  const known = seatsOf(before).returned;
  return t("refund.done", {
    seats: list(seatsOf(after).returned.filter((seat) => !known.includes(seat))),
    amount: money(after.refunded - before.refunded, after.currency),
  });
}
