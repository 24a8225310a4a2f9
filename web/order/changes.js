/** Whether an order is read again and again. */

import { isCooking, snacksStay } from "./kitchen.js";

const CHANGING = ["created", "paying", "refunding", "review"];
const PAID = ["paid", "part_refunded"];
const LATE_MONEY_MS = 600_000; // how long an ended order is watched for a late payment

/**
 * Whether there may be news of an order that has been shown for so many milliseconds: also of one that this device has
 * kept, because the network was slow or away.
 */
export const mayChange = (order, shown) =>
  Boolean(order.kept_at) || CHANGING.includes(order.status) || (PAID.includes(order.status) && isCooking(order)) ||
  snacksStay(order) || (["expired", "cancelled"].includes(order.status) && shown < LATE_MONEY_MS);
