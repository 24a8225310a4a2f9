/** Where the link in a message leads. A button confirms, for there are programs that look at every link. */

import { write } from "../api.js";
import { fill, h, say } from "../dom.js";
import { t } from "../language.js";
import { sentence } from "../problems.js";
import { rename } from "../router.js";

let token = "";

export function show(main) {
  if (location.hash.length > 1) {
    token = location.hash.slice(1);
    rename(location.pathname); // the browser's history keeps no token
  }
  fill(main, h("section", { class: "trouble" }, ...(token ? asking() : without())));
  return t("confirm.title");
}

const heading = (text) => h("h1", { tabindex: "-1" }, text);
const toAccount = () => h("a", { class: "button", href: "/account" }, t("account.title"));
const without = () => [heading(t("confirm.title")), h("p", {}, t("confirm.open")), h("p", {}, toAccount())];

function asking() {
  const trouble = h("p", { class: "warning", role: "alert", hidden: true });
  const button = h("button", { class: "primary", onclick: confirm }, t("confirm.do"));

  async function confirm() {
    button.disabled = true;
    trouble.hidden = true;
    try {
      await write("/user/confirm_email", { token });
      token = "";
      const done = heading(t("confirm.done"));
      fill(button.closest("section"), done, h("p", {}, t("confirm.done_text")), h("p", {}, toAccount()));
      done.focus();
      say(t("confirm.done"));
    } catch (problem) {
      trouble.textContent = sentence(problem);
      trouble.hidden = false;
      button.disabled = false;
    }
  }

  return [
    heading(t("confirm.title")),
    h("p", {}, t("confirm.ask")),
    trouble,
    h("p", { class: "row" }, button, toAccount()),
  ];
}
