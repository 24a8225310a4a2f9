/** An order: time to pay, then tickets, then perhaps money back. */

import { read, writeOnce } from "../api.js";
import { fill, h, say } from "../dom.js";
import { dayOf, longDay, money, time } from "../format.js";
import { t } from "../language.js";
import { saveCalendar } from "../order/calendar.js";
import { isCooking, kitchen, named } from "../order/kitchen.js";
import { attempt, pageToPayAt, paying, spoken, standing, wayToPay } from "../order/paying.js";
import { askForRefund } from "../order/refund.js";
import { isOnItsWay, outcome, pill } from "../order/status.js";
import { mayRefund, terms } from "../order/terms.js";
import { tickets } from "../order/tickets.js";
import { sentence } from "../problems.js";
import { show as showPage } from "../router.js";
import { askToSignIn } from "../sign_in.js";

const UNPAID = ["created", "paying"];
const PAID = ["paid", "part_refunded"];
const ON_THE_MOVE = [...UNPAID, "refunding", "review"];
const PAUSE_MS = 3000;
const SHORT_PAUSE_MS = 1000;
const LATE_MONEY_MS = 600_000; // so long it is looked for

export async function show(main, { id, left }) {
  const order = await mine(() => read("/order/get_info", { order_id: id }, left));
  const place = h("article", { class: "order" });
  fill(main, place);
  new OrderPage(place, left).draw(order);
  return t("order.title", { film: order.screening.film_title });
}

/** What only the signed in may see; whoever is not is asked to sign in, here. */
async function mine(ask) {
  try {
    return await ask();
  } catch (problem) {
    if (problem.code !== "unauthenticated" || !(await askToSignIn(t("sign_in.to_see")))) throw problem;
    return ask();
  }
}

class OrderPage {
  constructor(place, left) {
    Object.assign(this, { place, left, since: performance.now() });
    this.trouble = h("p", { class: "note warning", role: "alert", hidden: true });
    document.addEventListener("visibilitychange", () => document.hidden || this.look(), { signal: left });
  }

  get shown() {
    return performance.now() - this.since;
  }

  draw(order) {
    const before = this.order;
    this.order = order;
    this.stands = this.howPayingStands();
    this.lookLater();
    const { status, refunded, kitchen: cooking, end_reason: reason, payment } = order;
    const seen = JSON.stringify([status, refunded, cooking, reason, this.stands, payment?.reason]);
    if (seen === this.seen) return;
    this.seen = seen;
    if (before && UNPAID.includes(before.status) && !["begin", "open"].includes(this.stands)) {
      this.trouble.hidden = true;
    }
    this.clocks?.abort();
    this.clocks = new AbortController();
    const hadFocus = this.place.contains(document.activeElement);
    fill(this.place, this.header(), this.body());
    if (hadFocus) this.place.querySelector("h1").focus({ preventScroll: true });
    if (before) this.tell(before);
  }

  /** Nobody is told to wait for the bank right after having heard what was in the way. */
  howPayingStands() {
    if (!UNPAID.includes(this.order.status)) return null;
    const stands = standing(this.order, this.shown);
    return stands === "asking" && !this.trouble.hidden ? "begin" : stands;
  }

  tell(before) {
    const { kitchen: cooking } = this.order;
    if (this.stands) say(spoken(this.order, this.stands));
    else if (outcome(before) !== outcome(this.order)) say(t(`status.${outcome(this.order)}`));
    else if (before.kitchen?.status !== cooking?.status) say(t(`kitchen.${cooking.status}`));
  }

  lookLater() {
    const { status } = this.order;
    const moves = ON_THE_MOVE.includes(status) || (PAID.includes(status) && isCooking(this.order)) ||
      (["expired", "cancelled"].includes(status) && this.shown < LATE_MONEY_MS);
    clearTimeout(this.timer);
    if (moves) this.timer = setTimeout(() => this.look(), this.stands === "asking" ? SHORT_PAUSE_MS : PAUSE_MS);
  }

  async look() {
    if (this.left.aborted) return;
    const known = this.order;
    try {
      const order = await read("/order/get_info", { order_id: known.order_id }, this.left);
      if (this.order === known) this.draw(order); // else something newer has been drawn meanwhile
    } catch {
      this.lookLater();
    }
  }

  header() {
    const { screening, seats, snacks, total, currency, refunded } = this.order;
    return h(
      "header",
      { class: "about" },
      pill(this.order, this.stands),
      h("h1", { tabindex: "-1" }, screening.film_title),
      h("p", {}, h("b", {}, time(screening.starts_at)), ` · ${longDay(dayOf(screening.starts_at))}`),
      h("p", { class: "muted" }, `${screening.cinema_name} · ${screening.hall_name}`),
      h(
        "dl",
        { class: "sums" },
        h("div", {}, h("dt", {}, t("order.seats")), h("dd", {}, seats.map((seat) => seat.seat_id).join(", "))),
        snacks.length > 0 && h("div", {}, h("dt", {}, t("snacks.title")), h("dd", {}, named(snacks))),
        h("div", {}, h("dt", {}, t("order.total")), h("dd", {}, money(total, currency))),
        refunded > 0 &&
          h(
            "div",
            {},
            h("dt", {}, t(isOnItsWay(this.order) ? "order.goes_back" : "order.refunded")),
            h("dd", {}, money(refunded, currency)),
          ),
      ),
    );
  }

  body() {
    const { status } = this.order;
    if (UNPAID.includes(status)) return this.unpaid();
    if ([...PAID, "completed"].includes(status)) return this.paid();
    return this.ended();
  }

  unpaid() {
    return paying(this.order, this.stands, {
      left: AbortSignal.any([this.left, this.clocks.signal]),
      over: () => this.look(),
      trouble: this.trouble,
      onpay: (event) => this.pay(event.target),
      oncancel: (event) =>
        this.send("cancel", { order_id: this.order.order_id }, event.target, `cancel:${this.order.order_id}`),
    });
  }

  ended() {
    const { status, end_reason: reason, screening_id: screening, refunded, currency } = this.order;
    const why = reason === "screening_cancelled" ? `${reason}.${status}` : outcome(this.order);
    return h(
      "section",
      { class: "ended stack" },
      h("p", {}, t(`explain.${why}`, { amount: money(refunded, currency) })),
      status !== "review" && h(
        "p",
        {},
        reason === "screening_cancelled"
          ? h("a", { class: "button", href: "/" }, t("nav.home"))
          : h("a", { class: "button", href: `/screening/${screening}` }, t("order.again")),
      ),
    );
  }

  paid() {
    return h(
      "section",
      { class: "stack" },
      this.order.revived && h("p", { class: "note good no-print" }, t("order.revived")),
      this.order.kitchen && kitchen(this.order),
      tickets(this.order, this.left),
      this.trouble,
      h(
        "div",
        { class: "row no-print" },
        h("button", { class: "primary", onclick: () => print() }, t("order.print")),
        h(
          "button",
          { onclick: () => saveCalendar(this.order).catch((problem) => this.refused(problem)) },
          t("order.calendar"),
        ),
        mayRefund(this.order) &&
          h("button", { class: "quiet refund", onclick: () => this.refund() }, t("order.refund")),
      ),
      terms(this.order),
    );
  }

  async refund() {
    try {
      const after = await askForRefund(this.order);
      if (after) this.draw(after);
    } catch (problem) {
      this.refused(problem);
    }
  }

  async pay(button) {
    const answer = await this.send("pay", wayToPay(this.order), button, attempt(this.order));
    if (answer?.payment?.redirect_url) location.assign(pageToPayAt(answer));
  }

  /** Ask for it once, whatever is pressed or lost; the answer, which is drawn, or nothing when it was refused. */
  async send(what, fields, button, name) {
    this.trouble.hidden = true;
    button.disabled = true;
    button.classList.add("busy");
    try {
      const answer = await writeOnce(name, `/order/${what}`, fields);
      this.draw(answer);
      return answer;
    } catch (problem) {
      this.refused(problem);
      return null;
    } finally {
      button.disabled = false;
      button.classList.remove("busy");
    }
  }

  refused(problem) {
    this.trouble.textContent = sentence(problem);
    this.trouble.hidden = false;
    if (problem.code === "unauthenticated") askToSignIn(t("sign_in.to_see")).then((done) => done && showPage());
    else if (!problem.passes) this.look();
  }
}
