/** Paying an order on the provider's page: the stage of the payment, and the section that shows it. */

import { Problem } from "../api.js";
import { cardButtons, keepBox } from "../cards/choice.js";
import { h } from "../dom.js";
import { money } from "../language/format.js";
import { hasSentence, language, list, t } from "../language/translations.js";
import { countdown } from "./countdown.js";
import { refundTerms } from "./refunds/refund_terms.js";
import { walletButton } from "./wallet.js";

const ASKING_MS = 8000; // a provider's answer, if there is one, is here sooner
const STAGE_OF_STATUS = { failed: "failed", cancelled: "closed", review: "review", none: "begin" };

/**
 * The stage of a payment whose order the page has shown for `shown` milliseconds: `begin`; `leaving` for the provider's
 * page; `asking` for an answer of the provider that may be on its way; `open`, nothing was paid there so far; `abandoned`,
 * the buyer has turned back without paying; `closed`, nothing can be paid any more with that attempt; `failed`; `review`.
 */
export function paymentStage({ status, payment }, shown, abandoned = false) {
  if (status === "created") return "begin";
  if (payment?.redirect_url) return "leaving";
  if (payment?.status === "pending" && abandoned) return "abandoned";
  if (payment?.status === "pending" && shown >= ASKING_MS) return "open";
  return STAGE_OF_STATUS[payment?.status] ?? "asking";
}

/**
 * The name under which the key of this attempt is kept: another after a failure, and for another choice of card or
 * address. In another language it is the same attempt.
 * @param {any} order
 * @param {{card_id?: string, save_card?: boolean, email?: string}} choice
 */
export function attemptName({ order_id: id, payment }, choice = {}) {
  const failed = ["failed", "cancelled"].includes(payment?.status) && payment.payment_id;
  return [`pay:${id}`, failed, choice.card_id, choice.save_card && "save", choice.email].filter(Boolean).join(":");
}

/** The fields of order.pay; `choice` may have a kept card's `card_id`, or `save_card`, or a guest's `email` and `language`. */
export const paymentRequest = ({ order_id: id }, choice = {}) => ({
  order_id: id,
  method: "card",
  return_url: `/order/${id}`,
  ...choice,
});

/**
 * The address of the provider's page; one on this site is told the language and the theme. A buyer is sent only to https,
 * or to this site: throws a Problem otherwise.
 */
export function paymentPageUrl({ payment }) {
  const url = new URL(payment.redirect_url, location.origin);
  if (url.origin === location.origin) {
    url.searchParams.set("language", language());
    url.searchParams.set("theme", document.documentElement.dataset.theme);
  } else if (url.protocol !== "https:") throw new Problem("internal_error");
  return url.href;
}

/** The stage in a sentence or two. */
export function stageSentence(order, stage) {
  if (stage !== "failed") return t(stage === "review" ? "explain.review" : `pay.${stage}`);
  const why = `pay.failed.${order.payment.reason}`;
  return t("pay.again", { why: t(hasSentence(why) ? why : "pay.failed.other") });
}

/**
 * `onexpire` is run when the time is up; `onpay`, `onwallet` and `oncancel` get the event, and `oncard` that and the id
 * of a kept card; `warning` is an element; `more`: {element, onsoon} of the offer of more time; `guest`: an element with what a guest is asked, who has no wallet and no cards.
 */
export function paymentSection(order, stage, ways) {
  const { signal, onexpire, onpay, oncard, onwallet, oncancel, warning, more, guest } = ways;
  const text = stageSentence(order, stage);
  if (stage === "review") return h("section", { class: "ended stack" }, h("p", {}, text));
  const { expires_at: end, server_time: now, seats } = order;
  return h(
    "section",
    { class: "pay stack" },
    h(
      "p",
      { class: "remaining" },
      countdown(end, now, signal, onexpire, more.onsoon),
      h(
        "span",
        { class: "muted" },
        t("order.held", { count: seats.length, seats: list(seats.map((seat) => seat.seat_id)) }),
      ),
    ),
    more.element,
    stage !== "begin" && h("p", { class: `payment-stage ${stage}` }, text),
    warning,
    guest ?? keepBox(order, stage),
    h(
      "div",
      { class: "row" },
      payButton(order, stage, onpay),
      !guest && walletButton(order, stage, onwallet, signal),
      stage !== "leaving" && h("button", { class: "quiet", onclick: oncancel }, t("order.cancel")),
    ),
    refundTerms(order),
    stage === "begin" && h("p", { class: "muted small" }, text),
    !guest && cardButtons(order, stage, oncard, signal),
  );
}

function payButton(order, stage, onpay) {
  if (stage === "leaving") {
    return h("a", { class: "button", href: paymentPageUrl(order), target: "_self" }, t("pay.go"));
  }
  if (stage === "asking") return h("button", { onclick: onpay }, t("pay.back"));
  const amount = money(order.total, order.currency);
  return h(
    "button",
    { class: "primary", onclick: onpay },
    t(stage === "failed" ? "pay.retry" : "order.pay", { amount }),
  );
}
