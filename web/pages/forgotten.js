/** The page for a user who has forgotten the password: a link to set a new one is mailed. */

import { write } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";

export function show(main) {
  fill(main, h("section", { class: "problem" }, ...asking()));
  return t("forgotten.title");
}

const heading = (text) => h("h1", { tabindex: "-1" }, text);

function asking() {
  const warning = h("p", { class: "warning", role: "alert", hidden: true });
  const button = h("button", { class: "primary" }, t("forgotten.do"));
  const name = h("input", {
    name: "username",
    required: true,
    maxlength: 254,
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
  });

  async function ask(event) {
    event.preventDefault();
    button.disabled = true;
    warning.hidden = true;
    try {
      await write("/user/request_password_reset", { username: name.value.trim() });
      const done = heading(t("forgotten.done"));
      fill(warning.closest("section"), done, h("p", {}, t("forgotten.done_text")));
      done.focus();
      announce(t("forgotten.done"));
    } catch (problem) {
      warning.textContent = problemSentence(problem);
      warning.hidden = false;
      button.disabled = false;
    }
  }

  return [
    heading(t("forgotten.title")),
    h("p", {}, t("forgotten.text")),
    h(
      "form",
      { class: "stack", onsubmit: ask },
      h("label", { class: "field" }, t("sign_in.name"), name),
      warning,
      h("p", {}, button),
    ),
  ];
}
