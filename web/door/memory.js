/** What a door keeps in this browser: its list, whom it has admitted, scans that are still to be sent, and conflicts. */

import { browser } from "../storage.js";
import { ticketOf } from "./codes.js";

const KEPT_MS = 24 * 3600_000;
const NAMES = { list: "door-list", seen: "door-seen", queue: "door-queue", conflicts: "door-conflicts" };

const get = (name, without) => browser.get(NAMES[name]) ?? without;
const set = (name, value) => browser.set(NAMES[name], value);

/** The last door list, or null. */
export const list = () => get("list", null);
export const keepList = (value) => set("list", value);

/** {admitted_at, door} by ticket, of the last day. */
export const seen = () =>
  Object.fromEntries(
    Object.entries(get("seen", {})).filter(([, { admitted_at: when }]) => Date.now() - Date.parse(when) < KEPT_MS),
  );

export const keepSeen = (ticket, admission) => set("seen", { ...seen(), [ticket]: admission });

export function forgetSeen(ticket) {
  const { [ticket]: _, ...others } = seen();
  set("seen", others);
}

/** The scans that are to be sent, the oldest first: the fields of `order.admit`. */
export const queue = () => get("queue", []);

/** Admit a guest here and now, and send the scan later. */
export function admitNow(scan, facts) {
  set("queue", [...queue(), { scan, seat: facts.seat, film: facts.film }]);
  keepSeen(facts.ticket, { admitted_at: scan.scanned_at, door: scan.door });
}

/** Take a scan out of the queue; whether it was in it. */
export function drop(nonce) {
  const before = queue();
  set("queue", before.filter(({ scan }) => scan.nonce !== nonce));
  return queue().length < before.length;
}

/** What the order room has said differently about guests who were admitted here. */
export const conflicts = () => get("conflicts", []);
export const keepConflict = (conflict) => set("conflicts", [...conflicts(), conflict]);
export const forgetConflicts = () => set("conflicts", []);

/** Take back what was admitted here and never sent; whether that was all. */
export function undoHere({ code, nonce }) {
  forgetSeen(ticketOf(code));
  return drop(nonce);
}
