/** The receipts of a list of orders, for the account page. */

import { h } from "../dom.js";
import { dated, money } from "../language/format.js";
import { t } from "../language/translations.js";

const PAID_ONCE = ["paid", "part_refunded", "completed", "refunding", "refunded"];

/** Whether there is a receipt for the order: it was paid, even if its money has gone back since. */
export const hasReceipt = (order) => PAID_ONCE.includes(order.status);

/** A section that grows: `add(orders)` lists the receipts that these have. It is hidden as long as there are none. */
export function receipts() {
  const lines = h("ul", { class: "later" });
  const place = h(
    "section",
    { class: "part receipts stack", "aria-label": t("receipts.title"), hidden: true },
    h("h2", {}, t("receipts.title")),
    h("details", { class: "history" }, h("summary", {}, t("receipts.open")), lines),
  );
  const add = (orders) => {
    lines.append(...orders.filter(hasReceipt).map(line));
    place.hidden = !lines.children.length;
  };
  return { place, add };
}

const line = ({ order_id: id, screening, created_at: created, total, currency }) =>
  h(
    "li",
    {},
    h(
      "a",
      { href: `/receipt/${id}` },
      h("strong", {}, screening.film_title),
      h("span", { class: "muted" }, `${dated(created, screening.time_zone ?? undefined)} · ${money(total, currency)}`),
    ),
  );
