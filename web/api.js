/**
 * Calls of the API, /service/method. They reject with a Problem: the API's own refusal code, or `offline`, or
 * `room_silent` after 20 seconds without an answer.
 */

import { answerTo } from "./challenge.js";
import { tab } from "./storage.js";

const TIMEOUT_MS = 20_000;
const NEWS_PAUSES_MS = [0, 1500, 4000, 10_000];

/** A call that failed: `code` is the refusal's, `offline` or `room_silent`. */
export class Problem extends Error {
  /** `status` is 0 where there was no answer; `about` is the refusal's own body. */
  constructor(code, status = 0, about = {}) {
    super(code);
    this.code = code;
    this.status = status;
    this.about = about;
  }

  /** Whether the same request may succeed in a moment; one with a key is safe to repeat. */
  get isTransient() {
    return this.status < 400 || this.status >= 500 || ["request_in_progress", "too_slow"].includes(this.code);
  }
}

const listeners = new Map();
let expectedUser = null;

/** Run `listener` whenever a call is refused with this code. */
export const onRefusal = (code, listener) => listeners.set(code, listener);

/** From now on make all calls for this username, or for anybody (null); another user's session is refused. */
export const expectUser = (username) => {
  expectedUser = username;
};

/** GET: a call that changes nothing. Empty fields are left out, a list becomes one parameter per element. */
export function read(path, fields = {}, signal = null) {
  const given = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(given.flatMap(([name, value]) => [value].flat().map((each) => [name, each])))
    .toString();
  return request(query ? `${path}?${query}` : path, {}, signal);
}

/** GET until `isNew(answer)`, because what another room tells takes a moment; null where it takes longer. */
export async function readUntil(isNew, path, fields, signal) {
  for (const pause of NEWS_PAUSES_MS) {
    await new Promise((wake) => setTimeout(wake, pause));
    if (signal.aborted) return null;
    const found = await read(path, fields, signal).catch(() => null);
    if (found && isNew(found)) return found;
  }
  return null;
}

/**
 * POST: a call that changes something; with a `key` it is done once, however often it is sent. If the API asks for some
 * work first, the call is repeated with the answer, under the same key. With `keepalive` it outlives the page.
 */
export async function write(path, fields = {}, key = null, { keepalive = false } = {}) {
  const headers = { "Content-Type": "application/json" };
  if (key) headers["Idempotency-Key"] = key;
  const trace = fields.order_id && tab.get(`trace:${fields.order_id}`);
  if (trace) headers.traceparent = trace;
  const options = { method: "POST", body: JSON.stringify(fields), headers, keepalive };
  try {
    return await request(path, options, null);
  } catch (problem) {
    const answer = problem.code === "challenge_required" ? await answerTo(problem.about.challenge) : null;
    if (answer === null) throw problem;
    return request(path, { ...options, headers: { ...headers, "X-Challenge": answer } }, null);
  }
}

/** The same with a key that this tab keeps under `name` until there is an answer: a reload repeats, never doubles. */
export async function writeOnce(name, path, fields, options = {}) {
  const key = tab.get(name) ?? newKey();
  tab.set(name, key);
  try {
    const answer = await write(path, fields, key, options);
    tab.remove(name);
    return answer;
  } catch (problem) {
    if (!problem.isTransient) tab.remove(name);
    throw problem;
  }
}

async function request(address, options, signal) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let response;
  let answer;
  try {
    response = await fetch(address, {
      ...options,
      // The cookie counts only with this header, which no form or image of another site can send.
      headers: {
        Accept: "application/json",
        "X-Session": "cookie",
        ...(expectedUser && { "X-Session-User": encodeURIComponent(expectedUser) }),
        ...options.headers,
      },
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    answer = await response.json();
  } catch (failure) {
    if (signal?.aborted) throw failure;
    if (timeout.aborted) throw new Problem("room_silent");
    // An answer that is no JSON came from something in between; all other failures are the connection's.
    throw new Problem(failure instanceof SyntaxError ? "internal_error" : "offline");
  }
  if (response.ok) {
    if (options.method === "POST") keepTrace(answer.order_id, response.headers.get("traceparent"));
    return answer;
  }
  listeners.get(answer.code)?.();
  throw new Problem(answer.code ?? "internal_error", response.status, answer);
}

/** A purchase is one trace (W3C Trace Context): whatever this tab asks for an order later belongs to its beginning. */
function keepTrace(orderId, traceparent) {
  if (orderId && traceparent && !tab.get(`trace:${orderId}`)) tab.set(`trace:${orderId}`, traceparent);
}

/** A new Idempotency-Key. Without https a browser has no randomUUID. */
export const newKey = () =>
  crypto.randomUUID?.() ?? Array.from(
    crypto.getRandomValues(new Uint8Array(16)),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
