/** A cinema's menu with what is left of each snack; its managers say how many there are. */

import { newKey, read, write } from "../api.js";
import * as session from "../account/session.js";
import { announce, fill, h } from "../dom.js";
import { money, snackName } from "../language/format.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";

const MOST_STOCK = 1_000_000;

/** {element, show}: `show(cinema)` shows another cinema's menu, or asks to choose one. */
export function menu(signal) {
  let cinema = "";
  const list = h("ul", { class: "stock" });
  const warning = h("p", { class: "warning", role: "alert", hidden: true });
  const element = h(
    "details",
    { class: "kitchen-menu", ontoggle: () => element.open && load() },
    h("summary", {}, t("kitchen.menu")),
    warning,
    list,
  );

  function show(chosen) {
    if (chosen === cinema && list.childElementCount) return;
    cinema = chosen;
    fill(list, h("li", { class: "muted" }, t("kitchen.menu_of")));
    if (element.open) load();
  }

  async function load() {
    const asked = cinema;
    if (!asked) return;
    try {
      const { snacks } = await read("/kitchen/get_menu", { cinema_id: asked }, signal);
      if (asked !== cinema) return;
      warning.hidden = true;
      fill(list, snacks.length ? snacks.map(line) : h("li", { class: "muted" }, t("snacks.none")));
    } catch (problem) {
      if (!signal.aborted) tell(problem);
    }
  }

  function tell(problem) {
    warning.textContent = problemSentence(problem);
    warning.hidden = false;
  }

  function line(snack) {
    const left = h("output", { class: "left" }, t("kitchen.left", { number: snack.left }));
    return h(
      "li",
      { "data-sku": snack.sku },
      h("span", {}, snackName(snack), " ", h("span", { class: "muted small" }, money(snack.price, snack.currency))),
      left,
      isManager(cinema) && restock(snack, left),
    );
  }

  function restock(snack, left) {
    const number = h("input", {
      type: "number",
      min: 0,
      max: MOST_STOCK,
      required: true,
      inputmode: "numeric",
      value: snack.left,
      "aria-label": t("kitchen.stock_of", { name: snackName(snack) }),
    });
    const button = h("button", {}, t("kitchen.set"));

    async function send(event) {
      event.preventDefault();
      button.disabled = true;
      warning.hidden = true;
      const fields = { cinema_id: cinema, sku: snack.sku, stock: Number(number.value) };
      try {
        const now = await write("/kitchen/restock", fields, newKey());
        left.textContent = t("kitchen.left", { number: now.left });
        announce(`${snackName(snack)}: ${left.textContent}`);
      } catch (problem) {
        tell(problem);
      }
      button.disabled = false;
    }

    return h("form", { class: "row", onsubmit: send }, number, button);
  }

  show("");
  return { element, show };
}

const isManager = (cinema) =>
  (session.user()?.roles ?? []).some((role) => ["manager", "admin", `manager@${cinema}`].includes(role));
