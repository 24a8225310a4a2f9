/** An order that was bought somewhere else: in an account, or by a guest of another browser, who has a link in the mail. */

import { askToSignIn } from "../account/sign_in.js";
import * as session from "../account/session.js";
import { fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { reload } from "../navigation.js";

/**
 * What `ask()` reads of an order, again after its buyer has signed in where that is missing. Null for whoever does not:
 * `main` says how else to open it, as it does behind the sign-in window.
 */
export async function readOwn(main, ask) {
  try {
    return await ask();
  } catch (problem) {
    // What a guest does not have may be in an account.
    const missing = ["unauthenticated", ...(session.user() ? [] : ["unknown_order"])].includes(problem.code);
    if (!missing) throw problem;
  }
  fill(main, waysToOpen());
  return (await askToSignIn(t("sign_in.to_order"))) ? ask() : null;
}

function waysToOpen() {
  const signIn = () => askToSignIn().then((done) => done && reload({ scroll: 0, focus: true }));
  return h(
    "section",
    { class: "problem" },
    h("h1", { tabindex: "-1" }, t("link.title")),
    h("p", {}, t("guest.elsewhere")),
    h(
      "p",
      { class: "row" },
      h("button", { class: "primary", onclick: signIn }, t("nav.sign_in")),
      h("a", { class: "button", href: "/" }, t("nav.home")),
    ),
  );
}
