/** An order that was bought somewhere else: in an account, or by a guest of another browser, who has a link in the mail. */

import { askToSignIn, readSignedIn } from "../account/sign_in.js";
import * as session from "../account/session.js";
import { fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { reload } from "../navigation.js";

/**
 * What `ask()` reads of an order, after its buyer has signed in where that is missing. Null for whoever does not: then
 * `main` says how else to open it, as it did behind the sign-in window.
 */
export async function readOwn(main, ask) {
  try {
    return await readSignedIn(ask, "sign_in.to_order", () => fill(main, waysToOpen()));
  } catch (problem) {
    if (session.user() || !["unauthenticated", "unknown_order"].includes(problem.code)) throw problem;
    return null;
  }
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
