/** Cancelling an unpaid order: it is asked for once more, and can be taken back for some seconds, while the seats are held. */

import { openDialog } from "../dialog.js";
import { announce, h } from "../dom.js";
import { waiting } from "../language/format.js";
import { list, t } from "../language/translations.js";

const UNDO_MS = 8000;

/** Whether the buyer really wants to cancel. */
export function isSure({ seats }) {
  return openDialog(t("cancel.title"), (close) =>
    h(
      "div",
      { class: "stack" },
      h("p", {}, t("cancel.text", { count: seats.length, seats: list(seats.map((seat) => seat.seat_id)) })),
      h(
        "p",
        { class: "row" },
        h("button", { type: "button", class: "primary", onclick: () => close(true) }, t("cancel.do")),
        h("button", { type: "button", autofocus: true, onclick: () => close(false) }, t("cancel.keep")),
      ),
    ));
}

/**
 * A cancellation that waits for some seconds: {element, stop}. `oncancel(isLeaving)` is run after them, or at once when the
 * page is left; `onundo` instead when the buyer takes it back. `stop` ends the wait without either.
 */
export function waitingCancellation(signal, oncancel, onundo) {
  const ended = new AbortController();
  const end = performance.now() + UNDO_MS;
  const left = h("span", { class: "muted", "aria-hidden": "true" });
  const finish = (act) => {
    if (ended.signal.aborted) return;
    ended.abort();
    act();
  };
  const tick = () => {
    const remaining = Math.ceil((end - performance.now()) / 1000);
    left.textContent = waiting(Math.max(remaining, 0));
    if (remaining <= 0) finish(() => oncancel(false));
  };
  const timer = setInterval(tick, 250);
  ended.signal.addEventListener("abort", () => clearInterval(timer));
  addEventListener("pagehide", () => finish(() => oncancel(true)), { signal: ended.signal });
  signal.addEventListener("abort", () => finish(() => oncancel(true)), { signal: ended.signal });
  tick();
  announce(t("cancel.waiting"));
  const undo = h("button", { type: "button", class: "primary undo", onclick: () => finish(onundo) }, t("cancel.undo"));
  const element = h(
    "section",
    { class: "pay stack cancelling" },
    h("p", {}, t("cancel.waiting"), " ", left),
    h("p", { class: "row" }, undo),
  );
  requestAnimationFrame(() => undo.focus());
  return { element, stop: () => ended.abort() };
}
