/** The time that is left, by the server's clock: the reader's own may be wrong. */

import { h } from "../dom.js";
import { clock } from "../format.js";

/** A ticking m:ss until `end`; `now` is the server's time of this moment. `over` is run when it has passed. */
export function countdown(end, now, left, over) {
  const deadline = performance.now() + (Date.parse(end) - Date.parse(now));
  const element = h("span", { class: "clock", role: "timer" });
  let timer = null;
  const tick = () => {
    const remaining = deadline - performance.now();
    element.textContent = clock(remaining);
    element.classList.toggle("soon", remaining < 60_000);
    if (remaining > 0) return;
    clearInterval(timer);
    if (!left.aborted) over();
  };
  timer = setInterval(tick, 500);
  left.addEventListener("abort", () => clearInterval(timer));
  queueMicrotask(tick);
  return element;
}
