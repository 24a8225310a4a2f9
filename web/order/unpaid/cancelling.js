/** Cancelling an unpaid order: it is asked for once more, and can be taken back for some seconds, while the seats are held. */

import { writeOnce } from "../../api.js";
import { openDialog } from "../../dialog.js";
import { announce, h } from "../../dom.js";
import { waiting } from "../../language/format.js";
import { list, t } from "../../language/translations.js";

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

/** A cancellation that waits for some seconds, or until the page is left; `element` has the button that takes it back. */
export class Cancellation {
  /** `done(order, problem)` is run at its end: with the cancelled order, with neither after an undo, or with a Problem. */
  constructor({ order_id: id }, signal, done) {
    this.id = id;
    this.done = done;
    this.ended = new AbortController();
    this.end = performance.now() + UNDO_MS;
    this.left = h("span", { class: "muted", "aria-hidden": "true" });
    const undo = h("button", { type: "button", class: "primary", onclick: () => this.undo() }, t("cancel.undo"));
    this.element = h(
      "section",
      { class: "pay stack cancelling" },
      h("p", {}, t("cancel.waiting"), " ", this.left),
      h("p", { class: "row" }, undo),
    );
    this.timer = setInterval(() => this.tick(), 250);
    const leave = () => this.send({ keepalive: true });
    addEventListener("pagehide", leave, { signal: this.ended.signal });
    signal.addEventListener("abort", leave, { signal: this.ended.signal });
    this.tick();
    announce(t("cancel.waiting"));
    requestAnimationFrame(() => undo.focus());
  }

  tick() {
    const remaining = Math.ceil((this.end - performance.now()) / 1000);
    this.left.textContent = waiting(Math.max(remaining, 0));
    if (remaining <= 0) this.send();
  }

  /** End the wait; nothing is sent any more. */
  stop() {
    clearInterval(this.timer);
    this.ended.abort();
    return null;
  }

  undo() {
    this.stop();
    this.done(null, null);
  }

  /** A cancellation that gets lost is no harm: the hold ends by itself. */
  async send({ keepalive = false } = {}) {
    this.stop();
    try {
      const order = await writeOnce(`cancel:${this.id}`, "/order/cancel", { order_id: this.id }, { keepalive });
      if (!keepalive) this.done(order, null);
    } catch (problem) {
      if (!keepalive) this.done(null, problem);
    }
  }
}
