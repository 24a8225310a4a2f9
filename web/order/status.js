/** The status of an order, in a word or two. */

import { announce, h } from "../dom.js";
import { t } from "../language/translations.js";
import { stageSentence } from "./paying.js";

const TELLING_REASONS = ["screening_cancelled", "paid_late", "reversed"];

/** The order's status, or the reason of its end where that says more. */
export const outcome = ({ status, end_reason: reason }) => TELLING_REASONS.includes(reason) ? reason : status;

/** Whether it is an order with tickets. */
export const isPaid = ({ status }) => ["paid", "part_refunded", "completed"].includes(status);

/** Whether its money may not be back yet. */
export const isRefundPending = (order) => order.status === "refunding" || order.end_reason === "paid_late";

/** A badge with the status; while an order is being paid, its `stage` (see paying.js) says more. */
export function statusBadge(order, stage = null) {
  const word = order.status === "paying" && stage ? STATUS_OF_STAGE[stage] ?? "created" : outcome(order);
  return h("span", { class: `status ${word}` }, t(`status.${word}`));
}

/** Have what has changed since `before` read aloud. */
export function announceChange(before, order, stage) {
  const { kitchen: cooking } = order;
  if (stage) announce(stageSentence(order, stage));
  else if (outcome(before) !== outcome(order)) announce(t(`status.${outcome(order)}`));
  else if (before.kitchen?.status !== cooking?.status) announce(t(`kitchen.${cooking.status}`));
}

const STATUS_OF_STAGE = { asking: "paying", leaving: "paying", failed: "failed", review: "review" };
