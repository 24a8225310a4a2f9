/** The board of the kitchen's page: a column for each step, kept up to date. */

import { newKey, read, write } from "../api.js";
import { openDialog } from "../dialog.js";
import { announce, fill, h } from "../dom.js";
import { dayOf, shortDay, snackName, time, today } from "../language/format.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";
import { screenings } from "../programme/listing.js";
import { browser } from "../storage.js";

const POLL_MS = 2000;
const STEPS = { new: "start", preparing: "finish", ready: "hand_over" };
const WAITING = Object.keys(STEPS);
const STATES = [...WAITING, "collected", "uncollected", "expired"];

/** 19:50, or Mon 23 19:50. */
const when = (moment) => dayOf(moment) === today() ? time(moment) : `${shortDay(dayOf(moment))} ${time(moment)}`;

/** Shows the chosen cinema and states in `element` until `signal` aborts. */
export class Board {
  constructor(signal) {
    this.signal = signal;
    this.cinemas = new Map();
    this.cinema = browser.get("kitchen");
    this.states = WAITING;
    this.warning = h("p", { class: "note warning", role: "alert", hidden: true });
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
        h("div", { class: "row" }, this.cinemaChoice, this.stateChoice),
      ),
      this.warning,
      this.columns,
    );
  }

  choose(cinema, states) {
    Object.assign(this, { cinema, states });
    browser.set("kitchen", cinema);
    this.refresh().catch((problem) => this.showProblem(problem));
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
    this.draw();
  }

  follow() {
    const again = async () => {
      if (this.signal.aborted) return;
      try {
        await this.refresh();
        this.warning.hidden = true;
      } catch (problem) {
        if (!this.signal.aborted) this.showProblem(problem);
      }
      setTimeout(again, POLL_MS);
    };
    setTimeout(again, POLL_MS);
  }

  /** Draw anew only when something has changed, so that a button under a finger or the focus stays. */
  draw() {
    if (this.cinema && !this.cinemas.has(this.cinema)) this.cinemas.set(this.cinema, this.cinema); // shows nothing
    const cinemas = [...this.cinemas].sort(([, one], [, other]) => one.localeCompare(other));
    const late = ({ tickets, server_time: now }) =>
      tickets.map((ticket) => ticket.status in STEPS && Date.parse(ticket.needed_at) < Date.parse(now));
    const seen = JSON.stringify([
      this.queues.map(({ tickets, next_cursor: more }) => [tickets, more]),
      this.queues.map(late),
      cinemas,
      this.cinema,
      this.states,
    ]);
    if (seen === this.seen) return;
    this.seen = seen;
    const focused = document.activeElement?.getAttribute("data-order");
    fill(
      this.cinemaChoice,
      h("option", { value: "" }, t("kitchen.everywhere")),
      cinemas.map(([id, name]) => h("option", { value: id, selected: id === this.cinema }, name)),
    );
    fill(this.columns, this.states.map((status, at) => this.column(status, this.queues[at], late(this.queues[at]))));
    if (focused) this.element.querySelector(`[data-order="${focused}"]`)?.focus();
  }

  column(status, { tickets, next_cursor: more }, late) {
    return h(
      "section",
      { class: "column" },
      h(
        "h2",
        { id: `column-${status}` },
        t(`kitchen.${status}`),
        " ",
        h("span", { class: "muted" }, more ? `${tickets.length}+` : tickets.length || ""),
      ),
      h(
        "ul",
        { class: "cards", "aria-labelledby": `column-${status}` },
        tickets.length
          ? tickets.map((ticket, at) => this.card(ticket, STEPS[status], late[at]))
          : h("li", { class: "muted nothing" }, t("kitchen.nothing")),
      ),
    );
  }

  card(ticket, step, isLate) {
    return h(
      "li",
      { class: isLate ? "card late" : "card" },
      h(
        "p",
        { class: "card-head" },
        h("strong", { class: "card-code" }, ticket.pick_up_code),
        h(
          "span",
          { class: "card-time" },
          t(isLate ? "kitchen.late" : "kitchen.needed", { time: when(ticket.needed_at) }),
        ),
      ),
      h(
        "ul",
        { class: "card-snacks" },
        ticket.snacks.map((snack) =>
          h(
            "li",
            {},
            h("b", {}, `${snack.quantity} ×`),
            ` ${snackName(snack)}`,
            snack.missing > 0 && h("span", { class: "warning" }, ` ${t("kitchen.missing", { count: snack.missing })}`),
          )
        ),
      ),
      h("p", { class: "muted small" }, `${ticket.film_title} · ${ticket.hall_name} · ${time(ticket.starts_at)}`),
      step && h("button", {
        class: "primary wide",
        "data-order": ticket.order_id,
        onclick: (event) => this.press(ticket, step, event.target),
      }, t(`kitchen.do.${step}`)),
    );
  }

  async press(ticket, step, button) {
    if (step !== "hand_over") return this.send(step, { order_id: ticket.order_id }, button);
    const code = await openDialog(t("kitchen.ask"), askForCode);
    if (code) await this.send(step, { order_id: ticket.order_id, pick_up_code: code }, button);
  }

  async send(step, fields, button) {
    button.disabled = true;
    this.warning.hidden = true;
    try {
      const ticket = await write(`/kitchen/${step}`, fields, newKey());
      announce(`${ticket.pick_up_code}: ${t(`kitchen.${ticket.status}`)}`);
    } catch (problem) {
      this.showProblem(problem);
    }
    await this.refresh().catch(() => {});
    button.disabled = false;
  }

  showProblem(problem) {
    this.warning.textContent = problemSentence(problem);
    this.warning.hidden = false;
  }
}

const askForCode = (close) =>
  h(
    "form",
    {
      class: "stack",
      onsubmit: (event) => {
        event.preventDefault();
        close(new FormData(event.target).get("code"));
      },
    },
    h("p", { class: "muted" }, t("kitchen.ask_hint")),
    h(
      "label",
      { class: "field" },
      t("kitchen.code"),
      h("input", {
        name: "code",
        required: true,
        maxlength: 8,
        autocomplete: "off",
        autocapitalize: "characters",
        spellcheck: "false",
        autofocus: true,
      }),
    ),
    h("button", { class: "primary wide" }, t("kitchen.do.hand_over")),
  );
