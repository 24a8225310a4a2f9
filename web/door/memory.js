/** What a door keeps in this browser: its list, whom it has admitted, scans that are still to be sent, and conflicts. */

import { browser } from "../storage.js";
import { ticketOf } from "./codes.js";

const KEPT_MS = 24 * 3600_000;
const MOST_TAKEN_BACK = 100;
const NAMES = {
  list: "door-list",
  seen: "door-seen",
  queue: "door-queue",
  conflicts: "door-conflicts",
  takenBack: "door-taken-back",
};

const get = (name, without) => browser.get(NAMES[name]) ?? without;
const set = (name, value) => browser.set(NAMES[name], value);

/** The last door list, or null. */
export const list = () => get("list", null);

/** A new list knows whom this door has admitted, but for those that it has not heard of. */
export function keepList(value) {
  const waiting = new Set(queue().map(({ scan }) => ticketOf(scan.code)));
  set("list", value);
  set("seen", Object.fromEntries(Object.entries(seen()).filter(([ticket]) => waiting.has(ticket))));
}

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

/** Take a scan of the code that was never sent out of the queue: that of this nonce, or any; whether there was one. */
export function takeBack(code, nonce) {
  const own = queue().find(({ scan }) => scan.code === code && (!nonce || scan.nonce === nonce));
  if (!own) return false;
  set("takenBack", [...get("takenBack", []), own.scan.nonce].slice(-MOST_TAKEN_BACK));
  return drop(own.scan.nonce);
}

/** Whether a scan was taken back here, perhaps while it was on its way. */
export const wasTakenBack = (nonce) => get("takenBack", []).includes(nonce);
