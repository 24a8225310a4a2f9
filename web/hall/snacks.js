/** Popcorn and drinks beside the seats: what the cinema's kitchen has, for those who open it. */

import { read } from "../api.js";
import { fill, h, say } from "../dom.js";
import { money, snackName } from "../format.js";
import { tab } from "../keep.js";
import { t } from "../language.js";
import { sentence } from "../problems.js";

const MOST_OF_A_KIND = 10;

/** `changed` is run whenever more or less of something is wanted. */
export function snacks(hall, changed) {
  const { screening_id: id, cinema } = hall.screening;
  let wanted = new Map(Object.entries(tab.get(`snacks:${id}`) ?? {}));
  const prices = new Map(Object.entries(tab.get(`snack-prices:${id}`) ?? {})); // as shown last, before a reload too
  const count = h("span", { class: "muted" });
  const list = h("ul", { class: "snack-menu" });
  const trouble = h("p", { class: "warning", role: "status", hidden: true });
  const element = h(
    "details",
    { class: "snacks", ontoggle: () => element.open && load() },
    h("summary", {}, t("snacks.title"), " ", count),
    trouble,
    list,
  );

  async function load() {
    let menu;
    trouble.hidden = true;
    try {
      menu = (await read("/kitchen/get_menu", { cinema_id: cinema.cinema_id })).snacks;
    } catch (problem) {
      fill(
        trouble,
        sentence(problem),
        " ",
        h("button", { type: "button", class: "link", onclick: load }, t("trouble.again")),
      );
      trouble.hidden = false;
      return;
    }
    reprice(menu);
    // What has been sold since it was chosen is not wanted any more.
    const most = new Map(menu.map((snack) => [snack.sku, Math.min(snack.left, MOST_OF_A_KIND)]));
    wanted = new Map(
      [...wanted].map(([sku, quantity]) => [sku, Math.min(quantity, most.get(sku) ?? 0)]).filter(([, quantity]) =>
        quantity
      ),
    );
    fill(
      list,
      menu.length
        ? menu.map((snack) => line(snack, most.get(snack.sku)))
        : h("li", { class: "muted" }, t("snacks.none")),
    );
    tell();
  }

  function reprice(priced) {
    for (const { sku, price } of priced) prices.set(sku, price);
    tab.set(`snack-prices:${id}`, Object.fromEntries(prices));
  }

  function line(snack, most) {
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
      const now = Math.max(0, Math.min(most, (wanted.get(snack.sku) ?? 0) + by));
      if (now) wanted.set(snack.sku, now);
      else wanted.delete(snack.sku);
      show();
      tell();
      say(`${name}: ${now}`);
    }

    function show() {
      const now = wanted.get(snack.sku) ?? 0;
      quantity.textContent = now;
      less.disabled = !now;
      more.disabled = now >= most;
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
      most
        ? h("span", { class: "amount", role: "group", "aria-label": name }, less, quantity, more)
        : h("span", { class: "muted" }, t("snacks.sold_out")),
    );
  }

  function tell() {
    const pieces = [...wanted.values()].reduce((sum, quantity) => sum + quantity, 0);
    count.textContent = pieces ? `× ${pieces}` : "";
    tab.set(`snacks:${id}`, Object.fromEntries(wanted));
    changed();
  }

  return {
    element,
    load,
    /** What they cost now: [{sku, price}], a piece. */
    reprice,
    /** [{sku, quantity}], as order.buy takes them. */
    chosen: () => [...wanted].map(([sku, quantity]) => ({ sku, quantity })),
    total: () => [...wanted].reduce((sum, [sku, quantity]) => sum + (prices.get(sku) ?? 0) * quantity, 0),
    forget: () => tab.drop(`snacks:${id}`),
    /** Opened where something was chosen before a reload. */
    resume: () => {
      element.open = wanted.size > 0;
    },
  };
}
