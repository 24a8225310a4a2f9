/** A window over the page that keeps the focus until it is closed. */

import { h } from "./dom.js";
import { t } from "./language/translations.js";

/** Close all open windows, as Escape does. */
export function closeDialogs() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.dispatchEvent(new Event("cancel"));
}

/**
 * Show `element` in front of the page: in the window that is open, until that is closed, and then where it was. Without a
 * window it stays where it is.
 */
export function bringToFront(element) {
  const dialog = document.querySelector("dialog[open]");
  if (!dialog || dialog.contains(element)) return;
  const place = document.createComment("");
  element.replaceWith(place);
  dialog.querySelector("header").after(element);
  dialog.addEventListener("close", () => place.replaceWith(element));
  dialog.scrollTo(0, 0);
}

/** @returns {HTMLElement | null} */
const pageHeading = () => document.querySelector("main h1[tabindex]");

/**
 * Open a window around `content(close, heading)`, elements; `heading` shows `title` until the content gives it another.
 * Settles with the argument of `close`, or null after Escape.
 */
export function openDialog(title, content) {
  return new Promise((settle) => {
    const close = (value = null) => {
      dialog.close();
      dialog.remove();
      // What opened the window has the focus again, if it is still there; otherwise the page has it.
      if (document.activeElement === document.body) pageHeading()?.focus({ preventScroll: true });
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
