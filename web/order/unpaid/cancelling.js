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
  constructor({ order_id: id }) {
    this.id = id;
    this.path = location.pathname;
    this.ended = new AbortController();
    this.end = performance.now() + UNDO_MS;
    this.timer = setInterval(() => this.tick(), 250);
    addEventListener("pagehide", () => this.send({ keepalive: true }), { signal: this.ended.signal });
  }

  /** Whether it waits for this order. It goes on while its page is drawn anew, as in another language. */
  isOf({ order_id: id }) {
    return this.id === id && !this.ended.signal.aborted;
  }

  /**
   * Show it in a page, until `signal` says that this is over. `done(order, problem)` is run at the end: with the cancelled
   * order, with neither after an undo, or with a Problem.
   */
  show(signal, done) {
    this.done = done;
    this.left = h("span", { class: "muted", "aria-hidden": "true" });
    const undo = h("button", { type: "button", class: "primary", onclick: () => this.undo() }, t("cancel.undo"));
    this.element = h(
      "section",
      { class: "pay stack cancelling" },
      h("p", {}, t("cancel.waiting"), " ", this.left),
      h("p", { class: "row" }, undo),
    );
    const leave = () => location.pathname !== this.path && this.send({ keepalive: true });
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
