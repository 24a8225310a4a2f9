/** Scans on their way to the order room: at once where it answers soon, or later, from the queue. */

import { user } from "../account/session.js";
import { newKey, Problem, read, write } from "../api.js";
import { isGenuine, readCode, ticketOf } from "./codes.js";
import { judge } from "./judge.js";
import * as memory from "./memory.js";

const PATIENCE_MS = 4000; // of a guest at the door
const LIST_GOOD_MS = 24 * 3600_000; // so far a list looks ahead
/** Refusals of one scan or of taking it back, which nobody can change by sending it again. */
const FINAL = ["invalid", "key_reused", "not_admitted", "unknown_ticket"];

/** The answer to what changes something, or a Problem `room_silent` when it takes too long. */
function send(path, fields, key) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Problem("room_silent")), PATIENCE_MS));
  return Promise.race([write(path, fields, key), late]);
}

/** Whether the door has to go on by itself for now. */
export const isAway = (problem) => problem instanceof Problem && (problem.isTransient || problem.status === 429);

/**
 * Scan a code at the door of this name, for the screening `choice` or any. Settles with the answer, its `scan`, and
 * `offline` where the door has decided by itself; rejects with the order room's Problem, or `no_door_list` where there
 * is nothing to decide by.
 */
export async function admit(code, { door = null, choice = null } = {}) {
  const scan = { code, nonce: newKey(), ...(choice && { screening_id: choice.screening_id }), ...(door && { door }) };
  try {
    // The order room has to hear of what was decided here about this ticket before it is asked again.
    for (const waiting of memory.queue()) if (waiting.scan.code === code && isOurs(waiting)) await settle(waiting);
    const answer = await send("/order/admit", scan);
    if (answer.ticket && answer.admission) memory.keepSeen(answer.ticket, answer.admission);
    return { ...answer, scan };
  } catch (problem) {
    if (!isAway(problem)) throw problem;
    return decideHere({ ...scan, scanned_at: new Date().toISOString() }, choice);
  }
}

async function decideHere(scan, choice) {
  const list = memory.list();
  if (!list || Date.parse(scan.scanned_at) - Date.parse(list.made_at) > LIST_GOOD_MS) throw new Problem("no_door_list");
  let found;
  try {
    found = await readCode(scan.code, list.keys);
  } catch {
    throw new Problem("no_signatures"); // this browser has no Ed25519, or the page no https
  }
  const answer = judge(found, { list, seen: memory.seen(), choice, now: Date.parse(scan.scanned_at) });
  if (answer.result === "admitted") memory.admitNow(scan, answer);
  return { ...answer, scan, offline: true };
}

/** Take an admission back, whether it was sent or not: that of this scan, or without a nonce whichever there is. */
export async function undo({ code, nonce = null }) {
  if (!memory.takeBack(code, nonce)) {
    await write("/order/undo_admission", nonce ? { code, nonce } : { code }, nonce ?? newKey());
  }
  memory.forgetSeen(ticketOf(code));
}

let sending = null;

/** Send what waits, the oldest first, unless that is being done; settles with whether the order room could be asked. */
export function sendQueue() {
  sending ??= sendAll().finally(() => {
    sending = null;
  });
  return sending;
}

async function sendAll() {
  const held = new Set();
  for (const waiting of memory.queue()) {
    const { code, nonce } = waiting.scan;
    if (held.has(code) || !isOurs(waiting) || !memory.waiting(nonce)) continue;
    try {
      await settle(waiting);
    } catch (problem) {
      if (!problem.isTransient || !problem.status) return false; // nothing can be sent, or not by whoever is signed in
      held.add(code); // it is tried again, and holds up no other ticket
    }
  }
  return true;
}

/** What the accounts of this page may not send, by `senderOf`: they admit no guests at the cinema of that scan. */
const foreign = new Set();
const senderOf = (nonce) => `${user()?.username} ${nonce}`;

/** Whether the account that is signed in may send this scan, as far as is known; it waits for one that may. */
const isOurs = ({ scan }) => !foreign.has(senderOf(scan.nonce));

/** The door has found the scan at the right one, before its end: so it is wrong for the account alone. */
const isForeign = ({ scanned_at: scanned }, { result, screening }) =>
  result === "wrong_screening" && Date.parse(screening?.ends_at) > Date.parse(scanned);

/** Send what waits until the order room has answered; rejects with a Problem, and it waits on. */
async function settle({ scan, seat, film }) {
  const { code, nonce } = scan;
  // One that was taken back is sent, too: from then on it admits nobody, should it be on its way since long ago.
  const sender = senderOf(nonce);
  const answer = await send("/order/admit", scan).catch(unlessFinal);
  if (isForeign(scan, answer)) foreign.add(sender);
  else if (memory.waiting(nonce)?.undone) { // perhaps just now
    await send("/order/undo_admission", { code, nonce }, nonce).catch(unlessFinal);
    memory.drop(nonce);
  } else if (memory.drop(nonce) && answer.result !== "admitted") { // else another tab has told it
    memory.keepConflict({ seat, film, admitted_at: scan.scanned_at, answer });
  }
}

function unlessFinal(problem) {
  if (!FINAL.includes(problem.code)) throw problem;
  return { result: null, code: problem.code };
}

/** Download a new door list, of one cinema or of all that the account works at. */
export async function fetchList(cinema) {
  const asked = Date.now();
  const list = await read("/order/get_door_list", { cinema_id: cinema });
  const isSigned = await isGenuine(list, list.keys).catch(() => true); // without Ed25519 nothing is decided by it
  if (!isSigned) throw new Problem("false_door_list");
  memory.keepList(list, asked);
}
