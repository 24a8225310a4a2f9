/** The user's money in the wallet, and how it came and went. */

import { readUntil } from "../api.js";
import { fill, h } from "../dom.js";
import { longDay, money, plainDate } from "../language/format.js";
import { t } from "../language/translations.js";
import { entries, redraw } from "./entries.js";

/** `balances` as wallet.get_balance gives them. `expect` draws the wallet anew as soon as there is other money in it. */
export function wallet(balances, signal) {
  const place = h("div", { class: "stack" });
  let known = balances;

  function show(now) {
    known = now;
    redraw(place, () => draw(place, now, signal));
  }

  async function expect() {
    const now = await readUntil((found) => sum(found) !== sum(known), "/wallet/get_balance", {}, signal);
    if (now) show(now);
  }

  show(balances);
  return { place, expect };
}

const sum = (balances) => balances.reduce((total, { posted }) => total + posted, 0); // of any currencies, to be compared

function draw(place, balances, signal) {
  fill(
    place,
    balances.length
      ? balances.map(({ available, reserved, currency }) =>
        h(
          "p",
          {},
          h("span", { class: "balance" }, money(available, currency)),
          reserved > 0 &&
            h("span", { class: "muted small" }, t("wallet.reserved", { amount: money(reserved, currency) })),
        )
      )
      : h("p", { class: "muted" }, t("wallet.empty")),
    entries({ title: t("wallet.history"), path: "/wallet/get_entries", field: "entries", line, signal }),
  );
}

function line({ kind, amount, currency, order_id: order, reason, occurred_at: when }) {
  const name = t(`wallet.${kind}`);
  const what = reason ? t("wallet.with_reason", { what: name, reason }) : name;
  return [
    h("span", {}, order ? h("a", { href: `/order/${order}` }, what) : what),
    h("span", { class: "muted" }, longDay(plainDate(new Date(when)))),
    h("strong", {}, (amount > 0 ? "+" : "") + money(amount, currency)),
  ];
}
