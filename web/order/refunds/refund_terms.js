/** What the terms of an order refund, and until when, by the cinema's clock. */

import { h } from "../../dom.js";
import { dayOf, longDay, money, time } from "../../language/format.js";
import { t } from "../../language/translations.js";
import { kitchenHasBegun } from "../kitchen.js";

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

/** The sentences of `termsOf` as an element. */
export const refundTerms = (order) =>
  h("ul", { class: "terms muted small" }, termsOf(order).map((sentence) => h("li", {}, sentence)));

/** In sentences: until when how much of the order is paid back, once it is paid. */
export function termsOf(order) {
  const lines = openTiers(order).filter(({ amount }) => amount > 0 || !order.total).map((tier) => line(tier, order));
  if (!lines.length) return [t(UNPAID.includes(order.status) ? "refund.never" : "refusal.refund_closed")];
  const snacks = order.snacks.length ? [t(kitchenHasBegun(order) ? "refund.cooking" : "refund.until_cooking")] : [];
  return [...lines, t("refund.after"), ...snacks];
}

const UNPAID = ["created", "paying"];

function line({ until, percent, fee, amount }, { screening, currency }) {
  const what = percent === 100 ? "all" : "part";
  return t(`refund.${what}${fee ? "_less_fee" : ""}`, {
    ...cinemaClock(until, screening.starts_at),
    percent,
    fee: money(fee, currency),
    amount: money(amount, currency),
  });
}
