/** The window that asks for a guest's pick-up code; it stays open until the code is right, or the cook closes it. */

import { openDialog } from "../dialog.js";
import { h } from "../dom.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";

/** `send(code)` hands the snacks over, or rejects with a Problem; settles with what it has settled with, or null. */
export const askForCode = (send) => openDialog(t("kitchen.ask"), (close) => form(send, close));

function form(send, close) {
  const warning = h("p", { class: "warning", role: "alert", hidden: true });
  const code = h("input", {
    name: "code",
    required: true,
    maxlength: 8,
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    autofocus: true,
  });
  const button = h("button", { class: "primary wide" }, t("kitchen.do.hand_over"));

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    warning.hidden = true;
    try {
      close(await send(code.value));
    } catch (problem) {
      warning.textContent = problemSentence(problem);
      warning.hidden = false;
      button.disabled = false;
      code.select();
    }
  }

  return h(
    "form",
    { class: "stack", onsubmit: submit },
    h("p", { class: "muted" }, t("kitchen.ask_hint")),
    h("label", { class: "field" }, t("kitchen.code"), code),
    warning,
    button,
  );
}
