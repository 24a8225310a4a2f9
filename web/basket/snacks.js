/** Popcorn and drinks beside the seats: the menu of the cinema's kitchen, loaded when it is opened. */

import { read } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { money, snackName } from "../language/format.js";
import { tab } from "../storage.js";
import { t } from "../language/translations.js";
import { problemSentence } from "../problems.js";

const MAX_OF_A_KIND = 10;

/** `changed` is run after each change of the chosen quantities. */
export function snacks(hall, changed) {
  const { screening_id: id, cinema } = hall.screening;
  const wanted = new Map(Object.entries(tab.get(`snacks:${id}`) ?? {}));
  const prices = new Map(Object.entries(tab.get(`snack-prices:${id}`) ?? {})); // as last shown, even before a reload
  const count = h("span", { class: "muted" });
  const list = h("ul", { class: "snack-menu" });
  const warning = h("p", { class: "warning", role: "status", hidden: true });
  const element = h(
    "details",
    { class: "snacks", ontoggle: () => element.open && load().then(scrollThere) },
    h("summary", {}, t("snacks.title"), " ", count),
    warning,
    list,
  );

  /** The menu begins at the top of what scrolls in the basket, so that most of it is seen. */
  function scrollThere() {
    const { parentElement: goods } = element;
    goods.scrollTop = element.offsetTop - goods.offsetTop;
  }

  async function load() {
    let menu;
    warning.hidden = true;
    try {
      menu = (await read("/kitchen/get_menu", { cinema_id: cinema.cinema_id })).snacks;
    } catch (problem) {
      fill(
        warning,
        problemSentence(problem),
        " ",
        h("button", { type: "button", class: "link", onclick: load }, t("problem.again")),
      );
      warning.hidden = false;
      return;
    }
    reprice(menu);
    // Snacks that were sold since they were chosen are no longer wanted.
    const max = new Map(menu.map((snack) => [snack.sku, Math.min(snack.left, MAX_OF_A_KIND)]));
    for (const [sku, quantity] of wanted) {
      const possible = Math.min(quantity, max.get(sku) ?? 0);
      if (possible) wanted.set(sku, possible);
      else wanted.delete(sku);
    }
    fill(
      list,
      menu.length
        ? menu.map((snack) => line(snack, max.get(snack.sku)))
        : h("li", { class: "muted" }, t("snacks.none")),
    );
    update();
  }

  function reprice(priced) {
    for (const { sku, price } of priced) prices.set(sku, price);
    tab.set(`snack-prices:${id}`, Object.fromEntries(prices));
  }

  function line(snack, max) {
    const name = snackName(snack);
    const quantity = h("output", { class: "quantity" }, wanted.get(snack.sku) ?? 0);
    const less = h("button", {
      type: "button",
      class: "icon",
      "aria-label": t("snacks.less", { name }),
      onclick: () => change(-1),
    }, "−");
    const more = h("button", {
      type: "button",
      class: "icon",
      "aria-label": t("snacks.more", { name }),
      onclick: () => change(1),
    }, "+");

    function change(by) {
      const now = Math.max(0, Math.min(max, (wanted.get(snack.sku) ?? 0) + by));
      if (now) wanted.set(snack.sku, now);
      else wanted.delete(snack.sku);
      show();
      update();
      announce(`${name}: ${now}`);
    }

    function show() {
      const now = wanted.get(snack.sku) ?? 0;
      quantity.textContent = now;
      less.disabled = !now;
      more.disabled = now >= max;
    }

    show();
    return h(
      "li",
      { "data-sku": snack.sku },
      h(
        "span",
        {},
        h("span", { class: "snack-name" }, name),
        h("span", { class: "muted small" }, money(snack.price, snack.currency)),
      ),
      max
        ? h("span", { class: "amount", role: "group", "aria-label": name }, less, quantity, more)
        : h("span", { class: "muted" }, t("snacks.sold_out")),
    );
  }

  function update() {
    const pieces = [...wanted.values()].reduce((sum, quantity) => sum + quantity, 0);
    count.textContent = pieces ? `× ${pieces}` : "";
    tab.set(`snacks:${id}`, Object.fromEntries(wanted));
    changed();
  }

  return {
    element,
    load,
    /** Take over the present prices, [{sku, price}] apiece. */
    reprice,
    /** [{sku, quantity}], as order.buy takes them. */
    chosen: () => [...wanted].map(([sku, quantity]) => ({ sku, quantity })),
    total: () => [...wanted].reduce((sum, [sku, quantity]) => sum + (prices.get(sku) ?? 0) * quantity, 0),
    clear: () => tab.remove(`snacks:${id}`),
    /** Open the menu if something was chosen before a reload. */
    resume: () => {
      element.open = wanted.size > 0;
    },
  };
}
