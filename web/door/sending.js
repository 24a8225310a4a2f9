/** Scans on their way to the order room: at once where it answers soon, or later, from the queue. */

import { newKey, Problem, read, write } from "../api.js";
import { isGenuine, readCode, ticketOf } from "./codes.js";
import { judge } from "./judge.js";
import * as memory from "./memory.js";

const PATIENCE_MS = 4000; // of a guest at the door
const LIST_GOOD_MS = 24 * 3600_000; // so far a list looks ahead

/** The answer of the order room to a scan, or a Problem `room_silent` when it takes too long. */
function ask(scan) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Problem("room_silent")), PATIENCE_MS));
  return Promise.race([write("/order/admit", scan), late]);
}

const isAway = (problem) => problem instanceof Problem && problem.isTransient;

/**
 * Scan a code for the door {door, screening_id}. Settles with the answer, its `scan`, and `offline` where the door has
 * decided by itself; rejects with the order room's Problem, or `no_door_list` where there is nothing to decide by.
 */
export async function admit(code, place) {
  const scan = { code, nonce: newKey(), ...place };
  try {
    const answer = await ask(scan);
    if (answer.ticket && answer.admission) memory.keepSeen(answer.ticket, answer.admission);
    return { ...answer, scan };
  } catch (problem) {
    if (!isAway(problem)) throw problem;
    return decideHere({ ...scan, scanned_at: new Date().toISOString() });
  }
}

async function decideHere(scan) {
  const list = memory.list();
  if (!list || Date.parse(scan.scanned_at) - Date.parse(list.made_at) > LIST_GOOD_MS) throw new Problem("no_door_list");
  let found;
  try {
    found = await readCode(scan.code, list.keys);
  } catch {
    throw new Problem("no_signatures"); // this browser has no Ed25519, or the page no https
  }
  const now = Date.parse(scan.scanned_at);
  const answer = judge(found, { list, seen: memory.seen(), screeningId: scan.screening_id, now });
  if (answer.result === "admitted") memory.admitNow(scan, answer);
  return { ...answer, scan, offline: true };
}

/** Take an admission back, whether it was sent or not: that of this scan, or without a nonce whichever there is. */
export async function undo({ code, nonce = null }) {
  if (!memory.takeBack(code, nonce)) {
    await write("/order/undo_admission", nonce ? { code, nonce } : { code }, newKey());
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
  for (const waiting of memory.queue()) {
    let answer;
    try {
      answer = await ask(waiting.scan);
    } catch (problem) {
      if (!problem.status || problem.status === 401) return false;
      if (isAway(problem)) continue; // it is tried again, and holds up no other
      answer = { result: null, code: problem.code };
    }
    await settle(waiting, answer);
  }
  return true;
}

async function settle({ scan, ...guest }, answer) {
  const { code, nonce } = scan;
  if (memory.wasTakenBack(nonce)) {
    if (answer.result === "admitted") await write("/order/undo_admission", { code, nonce }, nonce).catch(() => {});
  } else if (memory.drop(nonce) && answer.result !== "admitted") { // else another tab has told it
    memory.keepConflict({ ...guest, admitted_at: scan.scanned_at, answer });
  }
}

/** Take a new door list along. */
export async function fetchList() {
  const list = await read("/order/get_door_list");
  const isOurs = await isGenuine(list, list.keys).catch(() => true); // without Ed25519 nothing is decided by it
  if (!isOurs) throw new Problem("false_door_list");
  memory.keepList(list);
}
