/** A receipt as it is shown and printed. */

import { addressLines } from "../account/postal/lines.js";
import { h } from "../dom.js";
import { dated, dayOf, longDay, money, snackName, time } from "../language/format.js";
import { t } from "../language/translations.js";

/** The elements of a receipt, as order.get_receipt describes it. */
export function paper(receipt) {
  return h(
    "section",
    { class: "paper" },
    h("h1", { tabindex: "-1" }, t("receipt.title")),
    h("div", { class: "parties" }, seller(receipt), buyer(receipt)),
    facts(receipt),
    items(receipt),
  );
}

const party = (name, ...lines) => h("div", {}, h("h2", {}, t(`receipt.${name}`)), lines);

function seller({ seller: named, screening }) {
  if (!named) return party("seller", h("p", {}, screening.cinema_name));
  return party(
    "seller",
    addressLines(named),
    named.tax_id && h("p", {}, t("receipt.tax_id", { number: named.tax_id })),
  );
}

/** Nothing for a guest, who has neither a name nor an address. */
function buyer({ buyer: found, unavailable }) {
  if (unavailable.includes("buyer")) return party("buyer", h("p", { class: "muted" }, t("receipt.no_buyer")));
  if (!found) return null;
  if (found.address) return party("buyer", addressLines(found.address));
  return party(
    "buyer",
    h("p", {}, found.name),
    h("p", { class: "no-print" }, h("a", { href: "/account" }, t("receipt.add_address"))),
  );
}

function facts(receipt) {
  const { number, created_at: created, paid_at: paid, server_time: now, screening } = receipt;
  const here = (when) => dated(when, screening.time_zone ?? undefined);
  const fact = (name, ...value) => h("div", {}, h("dt", {}, t(`receipt.${name}`)), h("dd", {}, value));
  return h(
    "dl",
    { class: "particulars" },
    fact("number", h("span", { class: "number" }, number)),
    fact("created", here(created)),
    fact("paid", paidBy(receipt, here(paid))),
    fact("as_of", here(now)),
    fact(
      "screening",
      h("strong", {}, screening.film_title),
      h("br"),
      `${longDay(dayOf(screening.starts_at))} · ${time(screening.starts_at)}`,
      h("br"),
      `${screening.cinema_name} · ${screening.hall_name}`,
    ),
  );
}

function paidBy({ method: way, unavailable }, moment) {
  if (unavailable.includes("method")) return t("receipt.paid_somehow", { moment, how: t("receipt.no_method") });
  return way ? t("receipt.paid_by", { moment, how: t(`receipt.by.${way}`) }) : moment;
}

function items({ lines, refunds, total, remaining, currency, screening }) {
  const amount = (minor) => h("td", {}, money(minor, currency));
  const sum = (name, minor, look) =>
    h("tr", { class: look }, h("th", { scope: "row", colspan: 3 }, name), amount(minor));
  const head = (name) => h("th", { scope: "col" }, t(`receipt.${name}`));
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ["item", "quantity", "price", "amount"].map(head))),
    h(
      "tbody",
      {},
      lines.map((line) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, itemName(line)),
          h("td", {}, line.quantity),
          amount(line.price),
          amount(line.amount),
        )
      ),
    ),
    h(
      "tfoot",
      {},
      sum(t("order.total"), total, "totals"),
      refunds.map((refund) => sum(refundName(refund, screening), -refund.amount)),
      refunds.length > 0 && sum(t("receipt.remaining"), remaining, "totals"),
    ),
  );
}

const itemName = (line) =>
  line.item === "seat" ? t("receipt.seat", { seat: line.seat_id, kind: t(`kind.${line.kind}`) }) : snackName(line);

const refundName = ({ what, to, status, requested_at: when }, { time_zone: zone }) =>
  t(`receipt.refund.${status}`, {
    what: t(`receipt.what.${what}`),
    to: t(`receipt.to.${to}`),
    moment: dated(when, zone ?? undefined),
  });
