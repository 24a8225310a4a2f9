/** The page that the link in a message leads to. A button confirms, because mail scanners open every link. */

import { write } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";
import { rename } from "../navigation.js";

let token = "";

export function show(main) {
  if (location.hash.length > 1) {
    token = location.hash.slice(1);
    rename(location.pathname); // so that the browser's history keeps no token
  }
  fill(main, h("section", { class: "problem" }, ...(token ? asking() : without())));
  return t("confirm.title");
}

const heading = (text) => h("h1", { tabindex: "-1" }, text);
const toAccount = () => h("a", { class: "button", href: "/account" }, t("account.title"));
const without = () => [heading(t("confirm.title")), h("p", {}, t("confirm.open")), h("p", {}, toAccount())];

function asking() {
  const warning = h("p", { class: "warning", role: "alert", hidden: true });
  const button = h("button", { class: "primary", onclick: confirm }, t("confirm.do"));

  async function confirm() {
    button.disabled = true;
    warning.hidden = true;
    try {
      await write("/user/confirm_email", { token });
      token = "";
      const done = heading(t("confirm.done"));
      fill(button.closest("section"), done, h("p", {}, t("confirm.done_text")), h("p", {}, toAccount()));
      done.focus();
      announce(t("confirm.done"));
    } catch (problem) {
      warning.textContent = problemSentence(problem);
      warning.hidden = false;
      button.disabled = false;
    }
  }

  return [
    heading(t("confirm.title")),
    h("p", {}, t("confirm.ask")),
    warning,
    h("p", { class: "row" }, button, toAccount()),
  ];
}
