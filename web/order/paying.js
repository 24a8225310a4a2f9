/** Paying an order at the provider's page: the way there, and what is said on coming back. */

import { Problem } from "../api.js";
import { h } from "../dom.js";
import { money } from "../format.js";
import { knows, list, t } from "../language.js";
import { countdown } from "./countdown.js";

const ASKING_MS = 8000; // a provider's word is here sooner, if there is one
const OVER = { failed: "failed", cancelled: "closed", review: "review", none: "begin" };

/**
 * How paying stands, for an order that the page has shown for `shown` ms: `begin`; `leaving` for the provider's page;
 * `asking`, its word may be on its way; `open`, nothing was paid there so far; `closed`, and nothing can be any more
 * with that attempt; `failed`; `review`.
 */
export function standing({ status, payment }, shown) {
  if (status === "created") return "begin";
  if (payment?.redirect_url) return "leaving";
  if (payment?.status === "pending" && shown >= ASKING_MS) return "open";
  return OVER[payment?.status] ?? "asking";
}

/** The name for the key of this attempt: one that has failed is over, and the next is another. */
export const attempt = ({ order_id: id, payment }) =>
  ["failed", "cancelled"].includes(payment?.status) ? `pay:${id}:${payment.payment_id}` : `pay:${id}`;

export const wayToPay = ({ order_id: id }) => ({ order_id: id, method: "card", return_url: `/order/${id}` });

/** The provider's page, here or elsewhere by https; a buyer is sent to no other kind of address. */
export function pageToPayAt({ payment }) {
  const there = new URL(payment.redirect_url, location.origin);
  if (there.origin !== location.origin && there.protocol !== "https:") throw new Problem("internal_error");
  return there.href;
}

/** What is said of it: one sentence, or two. */
export function spoken(order, stands) {
  if (stands !== "failed") return t(stands === "review" ? "explain.review" : `pay.${stands}`);
  const why = `pay.failed.${order.payment.reason}`;
  return `${t(knows(why) ? why : "pay.failed.other")} ${t("pay.again")}`;
}

/** `over` is run when the time is up; `onpay` and `oncancel` get the event; `trouble` is an element. */
export function paying(order, stands, { left, over, onpay, oncancel, trouble }) {
  const words = spoken(order, stands);
  if (stands === "review") return h("section", { class: "ended stack" }, h("p", {}, words));
  const { expires_at: end, server_time: now, seats } = order;
  return h(
    "section",
    { class: "pay stack" },
    h(
      "p",
      { class: "remaining" },
      countdown(end, now, left, over),
      h("span", { class: "muted" }, t("order.held", { seats: list(seats.map((seat) => seat.seat_id)) })),
    ),
    stands !== "begin" && h("p", { class: `standing ${stands}` }, words),
    trouble,
    h(
      "div",
      { class: "row" },
      payButton(order, stands, onpay),
      stands !== "leaving" && h("button", { class: "quiet", onclick: oncancel }, t("order.cancel")),
    ),
    stands === "begin" && h("p", { class: "muted small" }, words),
  );
}

function payButton(order, stands, onpay) {
  if (stands === "leaving") return h("a", { class: "button", href: pageToPayAt(order), target: "_self" }, t("pay.go"));
  if (stands === "asking") return h("button", { onclick: onpay }, t("pay.back"));
  const amount = money(order.total, order.currency);
  return h(
    "button",
    { class: "primary", onclick: onpay },
    t(stands === "failed" ? "pay.retry" : "order.pay", { amount }),
  );
}
