/** The time left to pay, by the server's clock: the browser's may be wrong. */

import { h } from "../dom.js";
import { clock } from "../language/format.js";

const WARNING_MS = 120_000;

/**
 * An element that counts down m:ss to `end`; `now` is the server's present time. `onexpire` is run at the end, and
 * `onsoon` once there are two minutes or less.
 */
export function countdown(end, now, signal, onexpire, onsoon = () => {}) {
  const deadline = performance.now() + (Date.parse(end) - Date.parse(now));
  const element = h("span", { class: "clock", role: "timer" });
  let timer = null;
  let warned = false;
  const tick = () => {
    const remaining = deadline - performance.now();
    element.textContent = clock(remaining);
    element.classList.toggle("soon", remaining < 60_000);
    if (!warned && remaining > 0 && remaining <= WARNING_MS) {
      warned = true;
      onsoon();
    }
    if (remaining > 0) return;
    clearInterval(timer);
    if (!signal.aborted) onexpire();
  };
  timer = setInterval(tick, 500);
  signal.addEventListener("abort", () => clearInterval(timer));
  queueMicrotask(tick);
  return element;
}
