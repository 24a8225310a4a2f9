/** The points that a paid order has earned. */

import { readUntil } from "../api.js";
import { h } from "../dom.js";
import { t } from "../language/translations.js";

const NEWEST = 50; // an older order earned its points long ago

/** A line that says how many, as soon as that is known; it stays empty while the loyalty room is away. */
export function earnedPoints({ order_id: id }, signal) {
  const line = h("p", { class: "muted earned no-print" }, "\u00a0");
  show(line, id, signal);
  return line;
}

async function show(line, id, signal) {
  const isEarned = ({ entries }) => pointsOf(id, entries) > 0; // the points follow the payment by an event
  const found = await readUntil(isEarned, "/loyalty/get_entries", { limit: NEWEST }, signal);
  if (found) line.textContent = t("order.points", { count: pointsOf(id, found.entries) });
}

/** What the order has earned, less what refunds took back. */
export const pointsOf = (id, entries) =>
  entries.filter((entry) => entry.order_id === id).reduce((sum, entry) => sum + entry.points, 0);
