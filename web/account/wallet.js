/** The user's money in the wallet, and how it came and went. */

import { h } from "../dom.js";
import { longDay, money, plainDate } from "../language/format.js";
import { t } from "../language/translations.js";
import { entries } from "./entries.js";

/** `state` as wallet.get_balance gives it. */
export function wallet(balances, signal) {
  return h(
    "div",
    { class: "stack" },
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
  const what = t(`wallet.${kind}`);
  return [
    h("span", {}, order ? h("a", { href: `/order/${order}` }, what) : what, reason && `: ${reason}`),
    h("span", { class: "muted" }, longDay(plainDate(new Date(when)))),
    h("strong", {}, (amount > 0 ? "+" : "") + money(amount, currency)),
  ];
}
