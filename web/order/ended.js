/** What is said of an order that has ended without tickets, and where to go from there. */

import { h } from "../dom.js";
import { money } from "../language/format.js";
import { t } from "../language/translations.js";
import { kitchenSection, snacksStay } from "./kitchen.js";
import { outcome } from "./status.js";

/** `receipt`: the link to the order's receipt, if it has one. */
export function endedSection(order, receipt) {
  const { status, end_reason: reason, screening_id: screening, refunded, currency } = order;
  const why = reason === "screening_cancelled" ? `${reason}.${status}` : outcome(order);
  return h(
    "section",
    { class: "ended stack" },
    h("p", {}, t(`explain.${why}`, { amount: money(refunded, currency) })),
    snacksStay(order) && [h("p", {}, t("kitchen.explain.stays")), kitchenSection(order)],
    status !== "review" && h(
      "p",
      {},
      reason === "screening_cancelled"
        ? h("a", { class: "button", href: "/" }, t("nav.home"))
        : h("a", { class: "button", href: `/screening/${screening}` }, t("order.again")),
      " ",
      receipt,
    ),
  );
}
