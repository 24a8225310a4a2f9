/** Calls of /service/method. What goes wrong is a Problem with the API's own code, or `offline`, or `room_silent`. */

import { tab } from "./keep.js";

const PATIENCE_MS = 20_000;

export class Problem extends Error {
  /** `status` is 0 where there was no answer at all. */
  constructor(code, status = 0, about = {}) {
    super(code);
    Object.assign(this, { code, status, about });
  }

  /** Whether the same request may do better in a moment; one with a key is safe to repeat. */
  get passes() {
    return this.status < 400 || this.status >= 500 || ["request_in_progress", "too_slow"].includes(this.code);
  }
}

const listeners = new Map();
let reader = null;

/** `heard` is run whenever a call was refused with this code. */
export const onRefusal = (code, heard) => listeners.set(code, heard);

/** Whom all calls from now on are for, by username, or null; while somebody else is signed in they are refused. */
export const askFor = (username) => {
  reader = username;
};

/** Something that changes nothing; a list is written once for each element. */
export function read(path, fields = {}, signal = null) {
  const given = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(given.flatMap(([name, value]) => [value].flat().map((each) => [name, each])))
    .toString();
  return ask(query ? `${path}?${query}` : path, {}, signal);
}

/** Something that changes things; with a `key` it is done once, however often it is asked for. */
export function write(path, fields = {}, key = null) {
  const headers = { "Content-Type": "application/json" };
  if (key) headers["Idempotency-Key"] = key;
  return ask(path, { method: "POST", body: JSON.stringify(fields), headers }, null);
}

/** The same with a key of its own, kept under `name` until there is an answer: a reload repeats and never doubles. */
export async function writeOnce(name, path, fields) {
  const key = tab.get(name) ?? newKey();
  tab.set(name, key);
  try {
    const answer = await write(path, fields, key);
    tab.drop(name);
    return answer;
  } catch (problem) {
    if (!problem.passes) tab.drop(name);
    throw problem;
  }
}

async function ask(address, options, signal) {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  let response;
  let answer;
  try {
    response = await fetch(address, {
      ...options,
      // This header is what makes the cookie count; no form or image of another site can send it.
      headers: {
        Accept: "application/json",
        "X-Session": "cookie",
        ...(reader && { "X-Session-User": reader }),
        ...options.headers,
      },
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
    answer = await response.json();
  } catch (failure) {
    if (signal?.aborted) throw failure;
    if (patience.aborted) throw new Problem("room_silent");
    // What is no JSON came from somebody else; all other failures are the line's, even in the middle of an answer.
    throw new Problem(failure instanceof SyntaxError ? "internal_error" : "offline");
  }
  if (response.ok) return answer;
  listeners.get(answer.code)?.();
  throw new Problem(answer.code ?? "internal_error", response.status, answer);
}

/** A key for one intention. Without https a browser has no randomUUID. */
export const newKey = () =>
  crypto.randomUUID?.() ?? Array.from(
    crypto.getRandomValues(new Uint8Array(16)),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
