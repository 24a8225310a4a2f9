/** What a door keeps in this browser: its list, whom it has admitted, scans that are still to be sent, and conflicts. */

import { browser } from "../storage.js";
import { ticketOf } from "./codes.js";

const KEPT_MS = 24 * 3600_000;
const NAMES = { list: "door-list", seen: "door-seen", queue: "door-queue", conflicts: "door-conflicts" };

const get = (name, without) => browser.get(NAMES[name]) ?? without;
const set = (name, value) => browser.set(NAMES[name], value);

/** The last door list, or null. */
export const list = () => get("list", null);

/** A list knows every admission that the order room knew at `asked`, in milliseconds; the others stay in mind here. */
export function keepList(value, asked) {
  const waiting = new Set(queue().map(({ scan }) => ticketOf(scan.code)));
  const isKept = ([ticket, { known_at: known }]) => waiting.has(ticket) || known >= asked;
  set("list", value);
  set("seen", Object.fromEntries(Object.entries(seen()).filter(isKept)));
}

/** {admitted_at, door, known_at} by ticket, of the last day; `known_at`: when this browser last heard of it. */
export const seen = () =>
  Object.fromEntries(Object.entries(get("seen", {})).filter(([, { known_at: at }]) => Date.now() - at < KEPT_MS));

export const keepSeen = (ticket, admission) =>
  set("seen", { ...seen(), [ticket]: { ...admission, known_at: Date.now() } });

export function forgetSeen(ticket) {
  const { [ticket]: _, ...others } = seen();
  set("seen", others);
}

/**
 * What is to be sent, the oldest first: {scan, seat, film, undone}. `scan`: the fields of `order.admit`.
 * `undone`: the scan was taken back; the order room may have it nevertheless.
 */
export const queue = () => get("queue", []);

/** What waits under this nonce, or undefined. */
export const waiting = (nonce) => queue().find(({ scan }) => scan.nonce === nonce);

/** Admit a guest here and now, and send the scan later. */
export function admitNow(scan, facts) {
  set("queue", [...queue(), { scan, seat: facts.seat, film: facts.film }]);
  keepSeen(facts.ticket, { admitted_at: scan.scanned_at, door: scan.door });
}

/** Take out of the queue what the order room has answered; whether it was in it. */
export function drop(nonce) {
  const own = waiting(nonce);
  if (!own) return false;
  set("queue", queue().filter(({ scan }) => scan.nonce !== nonce));
  const ticket = ticketOf(own.scan.code);
  const { [ticket]: admission } = seen();
  if (admission) keepSeen(ticket, admission); // a list on its way may have been made before
  return true;
}

/** Mark a scan of the code that waits as taken back: that of this nonce, or any; whether there was one. */
export function takeBack(code, nonce) {
  const own = queue().find(({ scan, undone }) => !undone && scan.code === code && (!nonce || scan.nonce === nonce));
  if (own) set("queue", queue().map((each) => each.scan.nonce === own.scan.nonce ? { ...each, undone: true } : each));
  return Boolean(own);
}

/** What the order room has said differently about guests who were admitted here. */
export const conflicts = () => get("conflicts", []);
export const keepConflict = (conflict) => set("conflicts", [...conflicts(), conflict]);
export const forgetConflicts = () => set("conflicts", []);
