/** What a guest, who has no account, is asked when paying, and told about the tickets. */

import { askToSignIn } from "../account/sign_in.js";
import { readUntil } from "../api.js";
import { keepFields } from "../cards/choice.js";
import { h } from "../dom.js";
import { language, t } from "../language/translations.js";
import * as session from "../account/session.js";
import { signOut } from "../account/sign_out.js";

const ASKED = ["begin", "failed", "closed", "open", "abandoned"]; // the stages in which a press begins to pay

export const isGuest = () => !session.user();

const field = (place) => place.querySelector("[name=guest_email]");

/** An address for the tickets, which may stay empty, and a way to sign in instead; `onsignin` is run for that. */
export function addressField(stage, onsignin) {
  if (!ASKED.includes(stage)) return h("div", {});
  return h(
    "div",
    { class: "guest stack" },
    h(
      "label",
      { class: "field" },
      t("guest.email"),
      h("input", {
        name: "guest_email",
        type: "email",
        autocomplete: "email",
        maxlength: 254,
        "aria-describedby": "guest-hint",
        value: session.guest()?.email ?? "",
      }),
      h("small", { id: "guest-hint" }, t("guest.email_hint")),
    ),
    h("p", { class: "small" }, h("button", { class: "link", type: "button", onclick: onsignin }, t("guest.sign_in"))),
  );
}

/** Whether there is no address, or one that looks like one; else the browser says what is wrong with it. */
export const isAddressValid = (place) => field(place)?.reportValidity() ?? true;

/**
 * How the order is to be paid: the fields of order.pay as they stand in `place`. The browser keeps the address; mails come
 * in the language that the page has by now.
 */
export function choiceIn(place) {
  const email = field(place)?.value.trim();
  if (email) session.keepGuest({ email });
  return { ...keepFields(place), ...(email && { email, language: language() }) };
}

/** A guest has an account, or opens one: the order of that account as soon as it has it, or null. */
export async function keepInAccount({ order_id: id }, signal) {
  if (!(await askToSignIn(t("guest.to_account")))) return null;
  return readUntil(() => true, "/order/get_info", { order_id: id }, signal);
}

/** The guest's address as long as no mailed link was opened here: until one is, no news of an order is mailed. */
export function unconfirmedAddress() {
  const { email, confirmed } = session.guest() ?? {};
  return email && email !== confirmed ? email : null;
}

/** Beside the tickets: where they are to be found again. On paper nobody needs to know. */
export function guestNote(onsignin) {
  const email = session.guest()?.email;
  const mailed = unconfirmedAddress() ? "guest.mailed" : "guest.confirmed";
  return h(
    "div",
    { class: `note no-print ${email ? "good" : "warning"}` },
    h("p", {}, email ? t(mailed, { email }) : t("guest.print")),
    h(
      "p",
      { class: "row" },
      h("button", { class: "link", type: "button", onclick: onsignin }, t("guest.keep")),
      h("button", { class: "link", type: "button", onclick: signOut }, t("guest.forget")),
    ),
  );
}
