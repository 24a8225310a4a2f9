/** To the payment page, and back from it without having paid. */

import { rename } from "../../navigation.js";
import { tab } from "../../storage.js";

let leftFor = null; // the order whose payment page this document has gone to: after Back it may be shown as it was

/** Go to the payment page of an order. */
export function leaveFor(address, orderId) {
  leftFor = orderId;
  tab.set(`left:${orderId}`, true);
  location.assign(address);
}

/** Whether the buyer has turned back from the order's payment page, by its own way back or by the browser's. */
export function hasTurnedBack(orderId, query) {
  const visits = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  const isBack = tab.get(`left:${orderId}`) && visits[0]?.type === "back_forward";
  const turnedBack = query.get("payment") === "abandoned" || leftFor === orderId || Boolean(isBack);
  tab.remove(`left:${orderId}`);
  leftFor = null;
  if (query.has("payment")) rename(location.pathname + location.hash);
  return turnedBack;
}
