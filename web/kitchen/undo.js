/** The last steps of this page's cook, each with a button that takes it back, for ten seconds. */

import { newKey, write } from "../api.js";
import { announce, h } from "../dom.js";
import { t } from "../language/translations.js";

const OFFERED_MS = 10_000;

/** {element, offer}: `offer(ticket)` after a step; `ondone(problem)` is run after one was taken back, or not. */
export function undoBar(ondone) {
  const element = h("ul", { class: "undo", "aria-label": t("kitchen.undo") });

  function offer({ order_id: id, status, pick_up_code: code }) {
    const what = `${code}: ${t(`kitchen.${status}`)}`;
    const key = newKey();
    const button = h("button", { "aria-label": `${t("kitchen.undo")}: ${what}`, onclick: undo }, t("kitchen.undo"));
    const line = h("li", {}, h("span", {}, what), button);
    const over = setTimeout(() => line.remove(), OFFERED_MS);
    element.append(line);

    async function undo() {
      clearTimeout(over);
      button.disabled = true;
      let problem = null;
      try {
        const ticket = await write("/kitchen/undo", { order_id: id, status }, key);
        announce(`${code}: ${t(`kitchen.${ticket.status}`)}`);
      } catch (failure) {
        problem = failure;
      }
      line.remove();
      ondone(problem);
    }
  }

  return { element, offer };
}
