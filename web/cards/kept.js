/** The user's kept cards, with a button that removes each. */

import { read, write } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";

const BRANDS = { visa: "Visa", mastercard: "Mastercard", amex: "American Express", unionpay: "UnionPay", jcb: "JCB" };

/** "Visa ·· 4242". */
export const cardName = ({ brand, last4 }) => `${BRANDS[brand] ?? brand} ·· ${last4}`;

/** The kept cards as payment.get_cards gives them; null while the payment room is away. */
export async function readCards(signal) {
  try {
    return await read("/payment/get_cards", {}, signal);
  } catch (problem) {
    if (problem.code === "unauthenticated" || !problem.isTransient) throw problem;
    return null;
  }
}

/** A section that draws itself anew when a card is removed. */
export function cards(kept, signal) {
  const place = h("section", { class: "cards stack", "aria-label": t("cards.title") });
  draw(place, kept, signal);
  return place;
}

function draw(place, kept, signal, news = null) {
  const note = h("p", { class: "muted small", role: "status" }, news);

  async function remove(button, card) {
    button.disabled = true;
    note.textContent = "";
    try {
      await write("/payment/remove_card", { card_id: card.card_id });
      const said = t("cards.removed", { card: cardName(card) });
      draw(place, await read("/payment/get_cards", {}, signal), signal, said);
      place.querySelector("h2").focus({ preventScroll: true });
      announce(said);
    } catch (problem) {
      note.textContent = problemSentence(problem);
      button.disabled = false;
    }
  }

  fill(
    place,
    h("h2", { tabindex: "-1" }, t("cards.title")),
    !kept && h("p", { class: "note unavailable" }, t("cards.unavailable")),
    kept?.length === 0 && h("p", { class: "muted" }, t("cards.none")),
    kept?.length > 0 && h("ul", { class: "sessions" }, kept.map((card) => line(card, remove))),
    note,
  );
}

function line(card, remove) {
  const { exp_month: month, exp_year: year } = card;
  const name = cardName(card);
  return h(
    "li",
    { class: "row spread" },
    h(
      "span",
      {},
      h("strong", {}, name),
      h("br"),
      h("span", { class: "muted small" }, t("cards.expires", { month: String(month).padStart(2, "0"), year })),
    ),
    h("button", {
      "aria-label": t("cards.remove_of", { card: name }),
      onclick: (event) => remove(event.currentTarget, card),
    }, t("cards.remove")),
  );
}
