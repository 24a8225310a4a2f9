/** What the terms of an order refund, and until when, by the cinema's clock. */

import { h } from "../dom.js";
import { dayOf, longDay, money, time } from "../language/format.js";
import { t } from "../language/translations.js";
import { kitchenHasBegun } from "./kitchen.js";

/** {day, time} of a UTC moment, by the offset that `local` was written with. */
export function cinemaClock(moment, local) {
  const ahead = Date.parse(`${local.slice(0, 19)}Z`) - Date.parse(local);
  const there = new Date(Date.parse(moment) + ahead).toISOString();
  return { day: longDay(dayOf(there)), time: time(there) };
}

const openTiers = ({ refund_terms: { tiers }, server_time: now }) =>
  tiers.filter((tier) => Date.parse(tier.until) > Date.parse(now));

/** Whether any part of the order can still be refunded. */
export const mayRefund = (order) => openTiers(order).length > 0;

/** The open tiers as a list, or one sentence where there is one tier or none. */
export function refundTerms(order) {
  const lines = openTiers(order).map((tier) => line(tier, order));
  if (!lines.length) return h("p", { class: "muted small" }, t("refusal.refund_closed"));
  if (kitchenHasBegun(order)) lines.push(t("refund.cooking"));
  if (lines.length === 1) return h("p", { class: "muted small" }, lines);
  return h("ul", { class: "terms muted small" }, lines.map((each) => h("li", {}, each)));
}

function line({ until, percent, fee }, { screening, currency }) {
  const what = percent === 100 ? "all" : "part";
  return t(`refund.${what}${fee ? "_less_fee" : ""}`, {
    ...cinemaClock(until, screening.starts_at),
    percent,
    fee: money(fee, currency),
  });
}
