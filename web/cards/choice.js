/** Paying an order with a kept card, and keeping the card that pays at the provider's page. */

import { read } from "../api.js";
import { cardName } from "./kept.js";
import { h } from "../dom.js";
import { money } from "../language/format.js";
import { t } from "../language/translations.js";

const STAGES = ["begin", "failed", "closed"]; // no payment is under way that might still go through

const isAsked = (order, stage) => STAGES.includes(stage) && order.total > 0;

/** A box to tick for the card to be kept. */
export const keepBox = (order, stage) =>
  isAsked(order, stage) &&
  h("label", { class: "row keep-card" }, h("input", { type: "checkbox", name: "save_card" }), t("cards.keep"));

/** The fields of order.pay for the box as it stands in `place`. */
export const keepFields = (place) => place.querySelector("[name=save_card]")?.checked ? { save_card: true } : {};

/** A place for a button per kept card, which appear if there are any; `onpay` gets the event and the card's id. */
export function cardButtons(order, stage, onpay, signal) {
  const place = h("div", { class: "row kept-cards", role: "group", "aria-label": t("cards.group"), hidden: true });
  if (isAsked(order, stage)) showCards(place, order, onpay, signal);
  return place;
}

async function showCards(place, { total, currency }, onpay, signal) {
  const kept = await read("/payment/get_cards", {}, signal).catch(() => []);
  const amount = money(total, currency);
  place.append(
    ...kept.map((card) =>
      h("button", { onclick: (event) => onpay(event, card.card_id) }, t("cards.pay", { amount, card: cardName(card) }))
    ),
  );
  place.hidden = !kept.length;
}
