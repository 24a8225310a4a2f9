/** What an order is about: its film, its seats and its sums. */

import { h } from "../dom.js";
import { dayOf, longDay, money, time } from "../language/format.js";
import { t } from "../language/translations.js";
import { isCooking, snackSummary } from "./kitchen.js";
import { isPaid, isRefundPending, statusBadge } from "./status.js";

/** `stage`: of its payment, see paying.js. A paid order's is short, because its tickets come next and its sums after them. */
export function orderHeader(order, stage) {
  const { screening, kitchen } = order;
  return h(
    "header",
    { class: "about" },
    statusBadge(order, stage),
    h("h1", { tabindex: "-1" }, screening.film_title),
    h("p", {}, h("b", {}, time(screening.starts_at)), ` · ${longDay(dayOf(screening.starts_at))}`),
    h("p", { class: "muted" }, `${screening.cinema_name} · ${screening.hall_name}`),
    isPaid(order)
      ? h(
        "p",
        { class: "no-print" },
        named("order.seats", seatsOf(order).seats.join(", ")),
        kitchen?.pick_up_code && isCooking(order) && [" · ", named("kitchen.code", kitchen.pick_up_code)],
      )
      : sums(order),
  );
}

const named = (name, value) => [h("span", { class: "muted" }, t(name)), " ", h("strong", {}, value)];

/** What the order costs, part by part, and what of it went back. */
export function sums(order) {
  const { snacks, total, currency, refunded } = order;
  const back = isRefundPending(order) ? "order.goes_back" : "order.refunded";
  return h(
    "dl",
    { class: "sums" },
    Object.entries(seatsOf(order)).map(([what, seats]) =>
      seats.length > 0 && fact(`order.${what}`, seats.join(", "), what === "seats" && seatPrices(order, seats))
    ),
    snacks.length > 0 && fact("snacks.title", snackSummary(snacks), money(snacksTotal(snacks), currency)),
    fact("order.total", money(total, currency)),
    refunded > 0 && fact(back, money(refunded, currency)),
  );
}

const fact = (name, value, price) =>
  h("div", {}, h("dt", {}, t(name)), h("dd", {}, value, price && [" ", h("small", { class: "muted price" }, price)]));

const snacksTotal = (snacks) => snacks.reduce((sum, { price, quantity }) => sum + price * quantity, 0);

/** What these seats cost: "2 × €12.00", and where they differ, one after the other. */
export function seatPrices({ seats, currency }, ids) {
  const prices = new Map();
  for (const { seat_id: id, price } of seats) {
    if (ids.includes(id)) prices.set(price, (prices.get(price) ?? 0) + 1);
  }
  return [...prices].map(([price, count]) => `${count} × ${money(price, currency)}`).join(" + ");
}

/** {seats, returned}: the ids of the seats that the order still has, and of those given back. */
export function seatsOf({ seats, tickets }) {
  const returned = new Set(tickets.filter(({ status }) => status === "void").map(({ seat_id: id }) => id));
  const ids = seats.map(({ seat_id: id }) => id);
  return { seats: ids.filter((id) => !returned.has(id)), returned: ids.filter((id) => returned.has(id)) };
}
