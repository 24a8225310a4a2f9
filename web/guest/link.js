/** The link to an order in a guest's mail. A button opens it, because mail scanners open every link, and it works once. */

import { write } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { reload, rename } from "../navigation.js";
import { problemSentence } from "../problems.js";
import { forgetTickets } from "../storage.js";
import * as session from "../account/session.js";

/**
 * Settles with whether the order may be read now. Where the link is for the guest of this browser it is used at once, for
 * that confirms the address. Anywhere else `main` asks first, and the page is drawn anew once the link has worked: nobody
 * becomes another guest, who may see what is bought from then on, by opening an address.
 */
export async function open(main, id) {
  const token = location.hash.slice(1);
  rename(location.pathname); // so that the browser's history keeps no token
  if (session.guest()) {
    const problem = await use(token, { same_guest: true }).catch((refusal) => refusal);
    // One that was used before: the guest of this browser reads the order all the same.
    if (!problem || problem.code === "link_over") return true;
  }
  fill(main, h("section", { class: "problem" }, ...asking(token, id)));
  return false;
}

async function use(token, { same_guest = false } = {}) {
  const { expires_at, order_id: order, email } = await write("/user/open_order", { token, same_guest });
  if (!same_guest) await forgetTickets(); // of another guest, perhaps
  session.keepGuest({ expires_at, order, email, confirmed: email });
}

/** What the guest of this browser would lose by opening the link. */
function loss() {
  const here = session.guest();
  if (!here) return null;
  return h(
    "p",
    { class: "note warning" },
    here.email ? t("link.replaces_mailed", { email: here.email }) : t("link.replaces"),
    " ",
    here.order && h("a", { href: `/order/${here.order}` }, t("nav.order")),
  );
}

function asking(token, id) {
  const warning = h("p", { class: "warning", role: "alert", hidden: true });
  const sent = h("p", { class: "note good", hidden: true }, t("link.sent"));
  const button = h("button", { class: "primary", onclick: press }, t("link.open"));
  const another = h("button", { class: "primary", hidden: true, onclick: sendAnother }, t("link.another"));
  const before = h("div", { class: "stack" }, h("p", {}, t(session.user() ? "link.ask_member" : "link.ask")), loss());

  async function press() {
    if (await done(button, () => use(token))) await reload({ scroll: 0, focus: true });
  }

  async function sendAnother() {
    if (!(await done(another, () => write("/user/send_order_link", { token })))) return;
    another.hidden = true;
    sent.hidden = false;
    announce(t("link.sent"));
  }

  async function done(pressed, work) {
    pressed.disabled = true;
    warning.hidden = true;
    try {
      await work();
      return true;
    } catch (problem) {
      warning.textContent = problemSentence(problem);
      warning.hidden = false;
      announce(warning.textContent);
      if (problem.code === "link_over") showOver(problem);
      return false;
    } finally {
      pressed.disabled = false;
    }
  }

  /** The link opens nothing any more: at best there is another one. */
  function showOver({ about }) {
    before.hidden = button.hidden = true;
    another.hidden = !about.order_id;
    if (about.order_id) another.focus();
  }

  return [
    h("h1", { tabindex: "-1" }, t("link.title")),
    before,
    warning,
    sent,
    h("p", { class: "row" }, button, another),
    h("p", {}, h("a", { href: `/order/${id}` }, t("link.signed_in"))),
  ];
}
