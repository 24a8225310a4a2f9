/** The page that the link in a message about a forgotten password leads to: the user sets a new one. */

import { newPasswordField } from "../account/password.js";
import { askToSignIn } from "../account/sign_in.js";
import * as session from "../account/session.js";
import { write } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { go, rename } from "../navigation.js";
import { problemSentence } from "../problems.js";

let token = "";

export function show(main) {
  if (location.hash.length > 1) {
    token = location.hash.slice(1);
    rename(location.pathname); // so that the browser's history keeps no token
  }
  fill(main, h("section", { class: "problem" }, ...(token ? asking() : without())));
  return t("reset.title");
}

const heading = (text) => h("h1", { tabindex: "-1" }, text);
const another = () => h("a", { class: "button", href: "/forgotten" }, t("reset.another"));
const without = () => [heading(t("reset.title")), h("p", {}, t("reset.open")), h("p", {}, another())];

function asking() {
  const warning = h("p", { class: "warning", role: "alert", hidden: true });
  const button = h("button", { class: "primary" }, t("password.set"));
  const field = newPasswordField();

  async function set(event) {
    event.preventDefault();
    button.disabled = true;
    warning.hidden = true;
    try {
      await write("/user/reset_password", { token, new_password: field.querySelector("input").value });
      token = "";
      session.forget(); // this browser's session has ended with all others of the account
      finished(warning.closest("section"));
    } catch (problem) {
      warning.textContent = problem.about?.fields?.new_password ? t("password.refused") : problemSentence(problem);
      warning.hidden = false;
      button.disabled = false;
    }
  }

  return [
    heading(t("reset.title")),
    h("p", {}, t("reset.text")),
    h("form", { class: "stack", onsubmit: set }, field, warning, h("p", { class: "row" }, button, another())),
  ];
}

function finished(section) {
  const done = heading(t("reset.done"));
  const signIn = () => askToSignIn().then((signedIn) => signedIn && go("/account"));
  fill(
    section,
    done,
    h("p", {}, t("reset.done_text")),
    h("p", {}, h("button", { class: "primary", onclick: signIn }, t("nav.sign_in"))),
  );
  done.focus();
  announce(t("reset.done"));
}
