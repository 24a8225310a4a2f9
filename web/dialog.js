/** A window over the page that keeps the focus until it is closed. */

import { h } from "./dom.js";
import { t } from "./language/translations.js";

/** Close all open windows, as Escape does. */
export function closeDialogs() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.dispatchEvent(new Event("cancel"));
}

/**
 * Open a window around `content(close, heading)`, elements; `heading` shows `title` until the content gives it another.
 * Settles with the argument of `close`, or null after Escape.
 */
export function openDialog(title, content) {
  return new Promise((settle) => {
    const close = (value = null) => {
      dialog.close();
      dialog.remove();
      settle(value);
    };
    const heading = h("h2", { id: "dialog-title" }, title);
    const dialog = h(
      "dialog",
      { class: "dialog", "aria-labelledby": "dialog-title", oncancel: () => close() },
      h(
        "header",
        {},
        heading,
        h("button", {
          class: "quiet close",
          type: "button",
          "aria-label": t("dialog.close"),
          onclick: () => close(),
        }, "×"),
      ),
      content(close, heading),
    );
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
  });
}
