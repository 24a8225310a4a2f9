/** The board of the kitchen's page: a column for each step, kept up to date. */

import { newKey, read, write } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";
import { screenings } from "../programme/listing.js";
import { browser } from "../storage.js";
import { bell, NewOrders } from "./bell.js";
import { card, STEPS, urgency } from "./card.js";
import { askForCode } from "./hand_over.js";
import { menu } from "./menu.js";
import { undoBar } from "./undo.js";

const POLL_MS = 2000;
const WAITING = Object.keys(STEPS);
const STATES = [...WAITING, "collected", "uncollected", "expired"];

/** Shows the chosen cinema and states in `element` until `signal` aborts. */
export class Board {
  constructor(signal) {
    this.signal = signal;
    this.cinemas = new Map();
    this.cinema = browser.get("kitchen");
    this.states = WAITING;
    this.warning = h("p", { class: "note warning", role: "alert", hidden: true }); // of the last look
    this.refusal = h("p", { class: "note warning", role: "alert", hidden: true }); // of the last step
    this.bell = bell(signal);
    this.news = new NewOrders();
    this.menu = menu(signal);
    this.undoing = undoBar(async (ticket, problem) => {
      await this.stepped(problem);
      this.keepFocus(ticket);
    }, (ticket) => this.keepFocus(ticket));
    this.unfolded = new Set(); // the columns whose other days are shown
    this.cinemaChoice = h("select", {
      "aria-label": t("kitchen.cinema"),
      onchange: () => this.choose(this.cinemaChoice.value, this.states),
    });
    this.stateChoice = h(
      "select",
      {
        "aria-label": t("kitchen.state"),
        onchange: () => this.choose(this.cinema, this.stateChoice.value ? [this.stateChoice.value] : WAITING),
      },
      h("option", { value: "" }, t("kitchen.waiting")),
      STATES.map((state) => h("option", { value: state }, t(`kitchen.${state}`))),
    );
    this.columns = h("div", { class: "columns" });
    this.element = h(
      "section",
      { class: "kitchen" },
      h(
        "header",
        { class: "row spread" },
        h("h1", { tabindex: "-1" }, t("kitchen.title")),
        h("div", { class: "row" }, this.bell.element, this.cinemaChoice, this.stateChoice),
      ),
      this.warning,
      this.refusal,
      this.columns,
      this.menu.element,
      this.undoing.element,
    );
  }

  choose(cinema, states) {
    if (cinema !== this.cinema) this.news.forget();
    Object.assign(this, { cinema, states });
    browser.set("kitchen", cinema);
    this.refresh().catch((problem) => this.tell(this.warning, problem));
  }

  /** Offer the cinemas that show films; while the film room is down, only those with something to prepare. */
  findCinemas() {
    return screenings({}, this.signal).then((found) => {
      found.forEach(({ cinema }) => this.cinemas.set(cinema.cinema_id, cinema.name));
      if (this.queues) this.draw(); // else the first answer of the kitchen draws both
    }, () => {});
  }

  /** Ask for one queue per state, so that a long one hides no other. */
  async refresh() {
    const { cinema, states } = this;
    const queues = await Promise.all(
      states.map((status) => read("/kitchen/get_queue", { cinema_id: cinema, status }, this.signal)),
    );
    if (cinema !== this.cinema || states !== this.states) return; // another choice was made meanwhile
    queues.forEach(({ tickets }) =>
      tickets.forEach((ticket) => this.cinemas.set(ticket.cinema_id, ticket.cinema_name))
    );
    this.queues = queues;
    if (states.includes("new") && this.news.haveCome(queues[states.indexOf("new")].tickets)) this.bell.ring();
    this.draw();
  }

  follow() {
    const again = async () => {
      if (this.signal.aborted) return;
      try {
        await this.refresh();
        this.warning.hidden = true;
      } catch (problem) {
        if (!this.signal.aborted) this.tell(this.warning, problem);
      }
      setTimeout(again, POLL_MS);
    };
    setTimeout(again, POLL_MS);
  }

  /** Draw anew only when something has changed, so that a button under a finger or the focus stays. */
  draw() {
    if (this.cinema && !this.cinemas.has(this.cinema)) this.cinemas.set(this.cinema, this.cinema); // shows nothing
    const cinemas = [...this.cinemas].sort(([, one], [, other]) => one.localeCompare(other));
    const urgencies = this.queues.map(({ tickets, server_time: now }) => tickets.map((each) => urgency(each, now)));
    const seen = JSON.stringify([
      this.queues.map(({ tickets, next_cursor: more }) => [tickets, more]),
      urgencies,
      cinemas,
      this.cinema,
      this.states,
    ]);
    if (seen === this.seen) return;
    this.seen = seen;
    const focused = document.activeElement?.closest("[data-order]")?.getAttribute("data-order");
    fill(
      this.cinemaChoice,
      h("option", { value: "" }, t("kitchen.everywhere")),
      cinemas.map(([id, name]) => h("option", { value: id, selected: id === this.cinema }, name)),
    );
    fill(this.columns, this.states.map((status, at) => this.column(status, this.queues[at])));
    this.menu.show(this.cinema || (cinemas.length === 1 ? cinemas[0][0] : ""));
    if (focused) this.focus(focused);
  }

  /** Focus the button of an order's next step, or its card; whether it is there. */
  focus(orderId, options = {}) {
    const found = /** @type {HTMLElement | null} */ (this.columns.querySelector(`[data-order="${orderId}"]`));
    (found?.querySelector("button") ?? found)?.focus(options);
    return Boolean(found);
  }

  /**
   * A button that rests or is gone has lost the focus: it goes on with the order, or to the column where that was.
   * `preventScroll`: for whoever has pressed it by a finger, and goes on with the order below.
   */
  keepFocus({ order_id: id, status }, preventScroll = false) {
    const holder = document.activeElement; // the page's heading, where a window that has closed left it
    if (holder && holder !== document.body && !holder.matches("main h1")) return;
    if (this.focus(id, { preventScroll })) return;
    const heading = /** @type {HTMLElement | null} */ (this.columns.querySelector(`#column-${status}`));
    heading?.focus({ preventScroll });
  }

  column(status, { tickets, next_cursor: more, server_time: now }) {
    const [otherDays, here] = [true, false].map((other) =>
      tickets.filter((ticket) => (urgency(ticket, now) === "other_day") === other)
    );
    const isOneOfMany = !this.cinema && this.cinemas.size > 1;
    const cards = (some) => some.map((ticket) => card(ticket, now, isOneOfMany, (...step) => this.press(...step)));
    return h(
      "section",
      { class: "column" },
      h(
        "h2",
        { id: `column-${status}`, tabindex: "-1" },
        t(`kitchen.${status}`),
        " ",
        h("span", { class: "muted" }, more ? `${tickets.length}+` : here.length || ""),
      ),
      h(
        "ul",
        { class: "cards", "aria-labelledby": `column-${status}` },
        here.length ? cards(here) : h("li", { class: "muted nothing" }, t("kitchen.nothing")),
      ),
      otherDays.length > 0 && this.folded(status, otherDays.length, cards(otherDays)),
    );
  }

  /** Cards of other days, which stay folded away until somebody wants to see them. */
  folded(status, count, cards) {
    const element = h(
      "details",
      {
        class: "other-days",
        open: this.unfolded.has(status),
        ontoggle: () => element.open ? this.unfolded.add(status) : this.unfolded.delete(status),
      },
      h("summary", {}, t("kitchen.other_days", { count })),
      h("ul", { class: "cards" }, cards),
    );
    return element;
  }

  async press(ticket, step, button) {
    const fields = { order_id: ticket.order_id };
    const isByKey = button.matches(":focus-visible");
    if (step === "hand_over") {
      await askForCode((code) => this.step(step, { ...fields, pick_up_code: code }, newKey()));
    } else {
      button.disabled = true;
      await this.step(step, fields, newKey()).catch((problem) => this.stepped(problem));
      button.disabled = false;
    }
    this.keepFocus(ticket, !isByKey);
  }

  /** Take the step, offer to take it back, and show the board as it is then. Rejects with a Problem. */
  async step(step, fields, key) {
    const ticket = await write(`/kitchen/${step}`, fields, key);
    announce(`${ticket.pick_up_code}: ${t(`kitchen.${ticket.status}`)}`);
    this.undoing.offer(ticket);
    await this.stepped(null);
    return ticket;
  }

  async stepped(problem) {
    this.refusal.hidden = true;
    if (problem) this.tell(this.refusal, problem);
    await this.refresh().catch(() => {});
  }

  tell(place, problem) {
    place.textContent = problemSentence(problem);
    place.hidden = false;
  }
}
