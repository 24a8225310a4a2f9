/** What has become of an order, in a word or two. */

import { h } from "../dom.js";
import { t } from "../language.js";

const TOLD = ["screening_cancelled", "paid_late", "reversed"];

/** `screening_cancelled`, `paid_late` and `reversed` say more than the state that they led to. */
export const outcome = ({ status, end_reason: reason }) => TOLD.includes(reason) ? reason : status;

/** Whether its money may not be back yet. */
export const isOnItsWay = (order) => order.status === "refunding" || order.end_reason === "paid_late";

/** `stands`: how paying stands, where that is known; see paying.js. */
export function pill(order, stands = null) {
  const word = order.status === "paying" && stands ? WHILE_PAYING[stands] ?? "created" : outcome(order);
  return h("span", { class: `status ${word}` }, t(`status.${word}`));
}

const WHILE_PAYING = { asking: "paying", leaving: "paying", failed: "failed", review: "review" };
