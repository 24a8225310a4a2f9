/** The last step of each order that this page's cook has taken, with a button that takes it back, for ten seconds. */

import { newKey, write } from "../api.js";
import { announce, h } from "../dom.js";
import { t } from "../language/translations.js";

const OFFERED_MS = 10_000;

/**
 * {element, offer}: `offer(ticket)` after a step; `ondone(ticket, problem)` is run after one was taken back, or not, and
 * `onleft(ticket)` when an offer is over whose button has the focus.
 */
export function undoBar(ondone, onleft) {
  const element = h("ul", { class: "undo", "aria-label": t("kitchen.undo") });
  const offers = new Map(); // by order, what withdraws its offer: only its last step can be taken back

  function offer(ticket) {
    const { order_id: id, status, pick_up_code: code } = ticket;
    const what = `${code}: ${t(`kitchen.${status}`)}`;
    const key = newKey();
    const button = h("button", { "aria-label": `${t("kitchen.undo")}: ${what}`, onclick: undo }, t("kitchen.undo"));
    const line = h("li", {}, h("span", {}, what), button);
    const over = setTimeout(() => {
      const hadFocus = line.contains(document.activeElement);
      withdraw();
      if (hadFocus) onleft(ticket);
    }, OFFERED_MS);
    offers.get(id)?.();
    offers.set(id, withdraw);
    element.append(line);

    function withdraw() {
      clearTimeout(over);
      line.remove();
      if (offers.get(id) === withdraw) offers.delete(id);
    }

    async function undo() {
      clearTimeout(over);
      button.disabled = true;
      let problem = null;
      try {
        const found = await write("/kitchen/undo", { order_id: id, status }, key);
        announce(`${code}: ${t(`kitchen.${found.status}`)}`);
      } catch (failure) {
        problem = failure;
      }
      withdraw();
      ondone(ticket, problem);
    }
  }

  return { element, offer };
}
