/** The refund window: all seats or some, the snacks with the last, and the amount before the buyer agrees. */

import { read, writeOnce } from "../../api.js";
import * as session from "../../account/session.js";
import { openDialog } from "../../dialog.js";
import { fill, h } from "../../dom.js";
import { unconfirmedAddress } from "../../guest/paying.js";
import { money } from "../../language/format.js";
import { t } from "../../language/translations.js";
import { problemSentence } from "../../problems.js";
import { cinemaClock } from "./refund_terms.js";

/** What a refund of all seats would give back now, but for those whose guests have gone in. */
function preview({ order_id, tickets }) {
  const isUsed = ({ admitted_at: when }) => Boolean(when);
  const left = tickets.filter((ticket) => ticket.status === "valid" && !isUsed(ticket));
  return read("/order/refund_preview", {
    order_id,
    seats: tickets.some(isUsed) && left.length ? left.map(({ seat_id: seat }) => seat) : null,
  });
}

/** Open the window; settles with the order after its refund, or null. */
export async function askForRefund(order) {
  const offer = await preview(order);
  return openDialog(t("refund.title"), (close) => form(order, offer, close));
}

/**
 * Check (`back`) or uncheck, with `seat`, the seats sold only together with it: the other half of a couple seat, and
 * the companion places of the last wheelchair place.
 */
function selectTogether(entries, seat, back) {
  const set = (some) =>
    entries.filter(some).forEach(({ box }) => {
      box.checked = back;
    });
  const ofKind = (kind) => entries.filter((entry) => entry.seat.kind === kind);
  set((entry) => entry.seat.seat_id === seat.goes_with);
  const kept = (kind) => ofKind(kind).some(({ box }) => !box.checked);
  if (!ofKind("wheelchair").length || kept("wheelchair") || !kept("companion")) return;
  set((entry) => entry.seat.kind === (back ? "companion" : "wheelchair"));
}

function form(order, offer, close) {
  const entries = offer.seats.map((seat) => {
    const box = h("input", {
      type: "checkbox",
      name: "seat",
      value: seat.seat_id,
      checked: true,
      onchange: () => {
        selectTogether(entries, seat, box.checked);
        draw();
      },
    });
    return { seat, box, amount: h("span", { class: "price" }) };
  });
  const unmailed = unconfirmedAddress();
  let { snacks, until } = offer;
  const snacksAmount = h("span", { class: "price" });
  const snacksLine = h("li", {}, h("span", {}, t("snacks.title")), snacksAmount);
  const button = h("button", { class: "primary wide" });
  const kept = h("ul", { class: "kept muted small" });
  const wallet = h("input", { type: "checkbox", name: "to_wallet" });
  const toWallet = h("label", { class: "check" }, wallet, t("refund.to_wallet"));
  const warning = h("p", { class: "warning", role: "alert", hidden: true });
  const chosen = () => entries.filter(({ box }) => box.checked).map(({ seat }) => seat);
  const isWhole = () => chosen().length === entries.length;
  const sum = (name) => chosen().reduce((total, seat) => total + seat[name], isWhole() ? snacks?.[name] ?? 0 : 0);
  const inCurrency = (amount) => money(amount, order.currency);
  const back = (place, { refund, price }) =>
    fill(
      place,
      refund < price && h("small", { class: "muted" }, t("refund.of", { price: inCurrency(price) })),
      inCurrency(refund),
    );

  function draw() {
    for (const { seat, amount } of entries) back(amount, seat);
    snacksLine.hidden = !snacks || !isWhole();
    if (snacks) back(snacksAmount, snacks);
    const less = sum("price") - sum("refund");
    fill(
      kept,
      less > 0 && h("li", {}, t("refund.kept", { amount: inCurrency(less) })),
      snacks && isWhole() && snacks.refund < snacks.price && h("li", {}, t("refund.cooking")),
      h("li", {}, t("refund.holds", cinemaClock(until, order.screening.starts_at))),
    );
    toWallet.hidden = !session.user() || !sum("refund"); // a guest has no wallet
    button.textContent = t("refund.confirm", { amount: inCurrency(sum("refund")) });
    button.disabled = !chosen().length;
  }

  /** The terms or the kitchen have moved on while the window was open: show the present amounts. */
  async function refreshOffer() {
    const now = await preview(order);
    ({ snacks, until } = now);
    for (const entry of entries) {
      entry.seat = now.seats.find(({ seat_id: id }) => id === entry.seat.seat_id) ?? entry.seat;
    }
    draw();
  }

  async function send(event) {
    event.preventDefault();
    const seats = chosen().map((seat) => seat.seat_id);
    const { order_id: id } = order;
    const to = wallet.checked && sum("refund") ? { to: "wallet" } : {};
    button.disabled = true;
    try {
      close(
        await writeOnce([`refund:${id}:${seats.join()}`, to.to].filter(Boolean).join(":"), "/order/refund", {
          order_id: id,
          seats,
          amount: sum("refund"),
          ...to,
        }),
      );
    } catch (problem) {
      warning.textContent = problemSentence(problem);
      warning.hidden = false;
      button.disabled = false;
      if (problem.code === "refund_changed") await refreshOffer().catch(() => {});
    }
  }

  draw();
  return h(
    "form",
    { class: "stack", onsubmit: send },
    h("p", { class: "muted" }, t("refund.choose")),
    h(
      "ul",
      { class: "picks" },
      entries.map(({ seat, box, amount }) =>
        h("li", {}, h("label", { class: "check" }, box, h("span", { class: "seat-name" }, seat.seat_id)), amount)
      ),
      snacksLine,
    ),
    kept,
    toWallet,
    unmailed && h("p", { class: "muted small" }, t("refund.unmailed", { email: unmailed })),
    warning,
    button,
  );
}
