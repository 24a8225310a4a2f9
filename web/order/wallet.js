/** Paying an order from the wallet. */

import { read } from "../api.js";
import { h } from "../dom.js";
import { money } from "../language/format.js";
import { t } from "../language/translations.js";

const STAGES = ["begin", "failed", "closed"]; // no payment is under way that might still go through

/**
 * A place for the button that pays from the wallet, which appears if the balance suffices; `onpay` gets its event.
 * Without the wallet, or without enough in it, the place stays empty.
 */
export function walletButton(order, stage, onpay, signal) {
  const place = h("span", { class: "from-wallet", hidden: true });
  if (STAGES.includes(stage) && order.total > 0) fillWhenRich(place, order, onpay, signal);
  return place;
}

async function fillWhenRich(place, { total, currency }, onpay, signal) {
  const balances = await read("/wallet/get_balance", {}, signal).catch(() => []);
  const balance = balances.find((each) => each.currency === currency);
  if (!balance || balance.available < total) return;
  place.append(h("button", { onclick: onpay }, t("pay.wallet", { amount: money(total, currency) })));
  place.hidden = false;
}

/** The fields of order.pay. */
export const walletRequest = ({ order_id: id }) => ({ order_id: id, method: "wallet" });
