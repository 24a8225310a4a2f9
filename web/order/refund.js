/** The window to give seats back: all or some, with the amount before one says yes. */

import { writeOnce } from "../api.js";
import { openDialog } from "../dialog.js";
import { h } from "../dom.js";
import { money } from "../format.js";
import { t } from "../language.js";
import { sentence } from "../problems.js";

/** Settles with the order as it is afterwards, or null. */
export const askForRefund = (order) => openDialog(t("refund.title"), (close) => form(order, close));

function form(order, close) {
  const prices = new Map(order.seats.map((seat) => [seat.seat_id, seat.price]));
  const valid = order.tickets.filter((ticket) => ticket.status === "valid").map((ticket) => ticket.seat_id);
  const boxes = valid.map((seat) => h("input", { type: "checkbox", name: "seat", value: seat, checked: true, onchange: sum }));
  const button = h("button", { class: "primary wide" });
  const trouble = h("p", { class: "warning", role: "alert", hidden: true });
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);

  function sum() {
    const seats = chosen();
    const amount = money(seats.reduce((total, seat) => total + prices.get(seat), 0), order.currency);
    button.textContent = t("refund.confirm", { amount });
    button.disabled = !seats.length;
  }

  async function send(event) {
    event.preventDefault();
    const seats = chosen();
    const { order_id: id } = order;
    button.disabled = true;
    try {
      close(await writeOnce(`refund:${id}:${seats.join()}`, "/order/refund", { order_id: id, seats }));
    } catch (problem) {
      trouble.textContent = sentence(problem);
      trouble.hidden = false;
      button.disabled = false;
    }
  }

  sum();
  return h("form", { class: "stack", onsubmit: send }, h("p", { class: "muted" }, t("refund.choose")),
    h("ul", { class: "picks" }, valid.map((seat, at) => h("li", {}, h("label", { class: "check" }, boxes[at], h("span", { class: "seat-name" }, seat)),
      h("span", { class: "price" }, money(prices.get(seat), order.currency))))),
    trouble, button);
}
