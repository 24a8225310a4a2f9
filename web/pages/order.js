/** An order: time to pay, then tickets, then perhaps money back. */

import { read, writeOnce } from "../api.js";
import { fill, h, say } from "../dom.js";
import { dayOf, longDay, money, time } from "../format.js";
import { list, t } from "../language.js";
import { saveCalendar } from "../order/calendar.js";
import { countdown } from "../order/countdown.js";
import { isCooking, kitchen, named } from "../order/kitchen.js";
import { askForRefund } from "../order/refund.js";
import { tickets } from "../order/tickets.js";
import { sentence } from "../problems.js";
import { show as showPage } from "../router.js";
import { askToSignIn } from "../sign_in.js";

const UNPAID = ["created", "paying"];
const PAID = ["paid", "part_refunded"];
const ON_THE_MOVE = [...UNPAID, "refunding", "review"];
const LOOK_AGAIN_MS = 3000;

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
    Object.assign(this, { place, left, trouble: h("p", { class: "warning", role: "alert", hidden: true }) });
  }

  draw(order) {
    const before = this.order;
    this.order = order;
    clearTimeout(this.timer);
    if (ON_THE_MOVE.includes(order.status) || (PAID.includes(order.status) && isCooking(order))) this.timer = setTimeout(() => this.look(), LOOK_AGAIN_MS);
    if (before && sameToTheEye(before, order)) return;
    this.clocks?.abort();
    this.clocks = new AbortController();
    fill(this.place, this.header(), this.body());
    if (!before) return;
    if (before.status !== order.status) say(t(`status.${order.status}`));
    else if (before.kitchen?.status !== order.kitchen?.status) say(t(`kitchen.${order.kitchen.status}`));
  }

  async look() {
    if (this.left.aborted) return;
    try {
      this.draw(await read("/order/get_info", { order_id: this.order.order_id }, this.left));
    } catch {
      this.timer = setTimeout(() => this.look(), LOOK_AGAIN_MS);
    }
  }

  header() {
    const { screening, seats, snacks, total, currency, status, refunded } = this.order;
    return h("header", { class: "about" },
      h("p", { class: `status ${status}` }, t(`status.${status}`)),
      h("h1", { tabindex: "-1" }, screening.film_title),
      h("p", {}, h("b", {}, time(screening.starts_at)), ` · ${longDay(dayOf(screening.starts_at))}`),
      h("p", { class: "muted" }, `${screening.cinema_name} · ${screening.hall_name}`),
      h("dl", { class: "sums" },
        h("div", {}, h("dt", {}, t("order.seats")), h("dd", {}, seats.map((seat) => seat.seat_id).join(", "))),
        snacks.length > 0 && h("div", {}, h("dt", {}, t("snacks.title")), h("dd", {}, named(snacks))),
        h("div", {}, h("dt", {}, t("order.total")), h("dd", {}, money(total, currency))),
        refunded > 0 && h("div", {}, h("dt", {}, t("order.refunded")), h("dd", {}, money(refunded, currency)))));
  }

  body() {
    const { status, screening_id: screening } = this.order;
    if (UNPAID.includes(status)) return this.unpaid();
    if ([...PAID, "completed"].includes(status)) return this.paid();
    return h("section", { class: "stack" }, h("p", {}, t(`explain.${status}`)),
      ["expired", "cancelled", "refunded"].includes(status)
        && h("p", {}, h("a", { class: "button", href: `/screening/${screening}` }, t("order.again"))));
  }

  unpaid() {
    const { expires_at: end, server_time: now, total, currency, seats } = this.order;
    const clock = countdown(end, now, AbortSignal.any([this.left, this.clocks.signal]), () => this.look());
    return h("section", { class: "pay stack" },
      h("p", { class: "remaining" }, clock, h("span", { class: "muted" }, t("order.held", { seats: list(seats.map((seat) => seat.seat_id)) }))),
      this.trouble,
      h("div", { class: "row" },
        h("button", { class: "primary", onclick: (event) => this.change("pay", { method: "sandbox" }, event.target) },
          t("order.pay", { amount: money(total, currency) })),
        h("button", { class: "quiet", onclick: (event) => this.change("cancel", {}, event.target) }, t("order.cancel"))),
      h("p", { class: "muted small" }, t("order.sandbox")));
  }

  paid() {
    const { refund_terms: { tiers }, server_time: now } = this.order;
    const last = tiers.at(-1)?.until ?? now;
    const open = Date.parse(last) > Date.parse(now);
    const until = new Date(Date.parse(last) + offset(this.order.screening.starts_at)).toISOString();
    return h("section", { class: "stack" }, this.order.kitchen && kitchen(this.order), tickets(this.order, this.left), this.trouble,
      h("div", { class: "row no-print" },
        h("button", { class: "primary", onclick: () => print() }, t("order.print")),
        h("button", { onclick: () => saveCalendar(this.order).catch((problem) => this.refused(problem)) }, t("order.calendar")),
        open && h("button", { class: "quiet refund", onclick: () => this.refund() }, t("order.refund"))),
      h("p", { class: "muted small" }, open
        ? t("refund.until", { day: longDay(dayOf(until)), time: time(until) }) : t("refusal.refund_closed")));
  }

  async refund() {
    try {
      const after = await askForRefund(this.order);
      if (after) this.draw(after);
    } catch (problem) {
      this.refused(problem);
    }
  }

  /** Pay or cancel. */
  async change(what, fields, button) {
    const { order_id: id } = this.order;
    this.trouble.hidden = true;
    button.disabled = true;
    button.classList.add("busy");
    try {
      this.draw(await writeOnce(`${what}:${id}`, `/order/${what}`, { order_id: id, ...fields }));
    } catch (problem) {
      this.refused(problem);
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

/** Whether nothing has changed that the page shows. */
const sameToTheEye = (before, now) => ["status", "refunded", "kitchen"].every(
  (name) => JSON.stringify(before[name]) === JSON.stringify(now[name]));

/** Milliseconds by which the clock of "…+01:00" is ahead of UTC. */
const offset = (when) => Date.parse(`${when.slice(0, 19)}Z`) - Date.parse(when);
