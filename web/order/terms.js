/** What an order's own terms give back, and until when: by the clock of the cinema. */

import { h } from "../dom.js";
import { dayOf, longDay, money, time } from "../format.js";
import { t } from "../language.js";
import { hasBegun } from "./kitchen.js";

/** {day, time} of a UTC moment, on the clock that `local` was written with. */
export function atTheCinema(moment, local) {
  const ahead = Date.parse(`${local.slice(0, 19)}Z`) - Date.parse(local);
  const there = new Date(Date.parse(moment) + ahead).toISOString();
  return { day: longDay(dayOf(there)), time: time(there) };
}

const toCome = ({ refund_terms: { tiers }, server_time: now }) =>
  tiers.filter((tier) => Date.parse(tier.until) > Date.parse(now));

export const mayRefund = (order) => toCome(order).length > 0;

export function terms(order) {
  const lines = toCome(order).map((tier) => line(tier, order));
  if (!lines.length) return h("p", { class: "muted small" }, t("refusal.refund_closed"));
  if (hasBegun(order)) lines.push(t("refund.cooking"));
  if (lines.length === 1) return h("p", { class: "muted small" }, lines);
  return h("ul", { class: "terms muted small" }, lines.map((each) => h("li", {}, each)));
}

function line({ until, percent, fee }, { screening, currency }) {
  const what = percent === 100 ? "all" : "part";
  return t(`refund.${what}${fee ? "_less_fee" : ""}`, {
    ...atTheCinema(until, screening.starts_at),
    percent,
    fee: money(fee, currency),
  });
}
