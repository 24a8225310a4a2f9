/** Reports of what went wrong in a page's scripts: where, and nothing of who was there or what they did. */

import { Problem } from "./api.js";

const MOST_REPORTS = 5; // of one document: what fails over and over is known by then
const MOST_FRAMES = 10;
const FRAME = /\/web\/[a-z0-9_/-]+\.js:\d+:\d+/g;
const MODULE = /\/web\/[a-z0-9_/-]+\.js/; // which the message of a failed import names
let reports = 0;

/** Report an error that nobody expected; settles with the number under which it is logged, or null. */
export async function report(error) {
  if (++reports > MOST_REPORTS) return null;
  try {
    const answer = await fetch("/page/report_error", {
      method: "POST",
      credentials: "omit",
      keepalive: true,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(describe(error)),
    });
    return answer.ok ? answer.headers.get("X-Request-ID") : null;
  } catch {
    return null;
  }
}

/** The body of a report: no message, which may quote what somebody has typed, and of the path the first part only. */
export function describe(error) {
  const name = String(error?.name).replace(/[^A-Za-z_]/g, "").slice(0, 40);
  const module = MODULE.exec(String(error?.message));
  const frames = [...module ? [`${module[0]}:0:0`] : [], ...String(error?.stack ?? "").match(FRAME) ?? []];
  return {
    page: /^\/[a-z_]{0,32}/.exec(location.pathname)[0],
    error: error instanceof Error && name ? name : "NoError",
    frames: frames.slice(0, MOST_FRAMES),
  };
}

/** From now on report what no other script has caught. What the API has refused, and what was broken off, is no error. */
export function reportUncaught() {
  addEventListener("error", ({ error }) => error && report(error));
  addEventListener("unhandledrejection", ({ reason }) => {
    if (!(reason instanceof Problem) && reason?.name !== "AbortError") report(reason);
  });
}
