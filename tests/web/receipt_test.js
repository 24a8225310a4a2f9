/** A receipt's lines and sums as they are shown. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { include, start, use } from "../../web/language/translations.js";
import { receipts } from "../../web/receipt/list.js";
import { paper } from "../../web/receipt/paper.js";

await start();
await include("receipt");

const MOMENT = "2026-11-21T09:30:00+00:00";
const RECEIPT = {
  number: "01A1FD94-188C7315-99426506-D887675E",
  screening: {
    film_title: "Amélie",
    cinema_name: "Kino",
    hall_name: "Saal 1",
    starts_at: MOMENT,
    time_zone: "Asia/Tokyo",
  },
  seller: null,
  buyer: { name: "Ada", address: null },
  created_at: MOMENT,
  paid_at: MOMENT,
  server_time: MOMENT,
  method: "wallet",
  unavailable: [],
  currency: "EUR",
  lines: [
    { item: "seat", seat_id: "F7", kind: "premium", quantity: 1, price: 1400, amount: 1400 },
    { item: "snack", name: "Popcorn", name_zh: "爆米花", quantity: 2, price: 550, amount: 1100 },
  ],
  total: 2500,
  refunds: [{ what: "seats", amount: 700, requested_at: MOMENT, status: "requested", to: "payment" }],
  remaining: 1800,
};

const textOf = (thing) => typeof thing === "object" ? thing.children.map(textOf).join(" ") : String(thing);
const shown = (changes = {}) => textOf(paper({ ...RECEIPT, ...changes })).replace(/\s+/g, " ");

test("a receipt shows each line, the total, what went back and what remains", () => {
  const text = shown();
  for (
    const part of [
      "Seat F7, Premium 1 €14.00 €14.00",
      "Popcorn 2 €5.50 €11.00",
      "Total €25.00",
      "On its way back for seats, the way it was paid, since 21 November 2026 at 18:30 -€7.00",
      "Remaining €18.00",
    ]
  ) assert.ok(text.includes(part), `${part} is not in ${text}`);
});

test("a receipt is dated by the cinema's clock and says how it was paid", () => {
  assert.match(shown(), /Paid 21 November 2026 at 18:30, from the wallet/);
  assert.match(shown({ method: null }), /Paid 21 November 2026 at 18:30 As of/);
  assert.match(shown({ method: null, unavailable: ["method"] }), /at 18:30 \(how can't be shown right now\)/);
});

test("a receipt in Chinese has Chinese commas and brackets", async () => {
  await use("zh");
  assert.match(shown(), /18:30，钱包支付/);
  assert.match(shown({ method: null, unavailable: ["method"] }), /18:30（付款方式暂时无法显示）/);
  await use("en");
});

test("the list of receipts is dated by the cinema's clock, as they are", () => {
  const { place, add } = receipts();
  add([{ ...RECEIPT, order_id: "o1", status: "paid" }]);
  assert.match(textOf(place), /Amélie 21 November 2026 at 18:30 · €25.00/);
});

test("a receipt without refunds ends with its total", () => {
  assert.match(shown({ refunds: [] }), /Total €25.00$/);
});

test("a receipt of a guest names no buyer, and only a buyer who can't be read is to be looked for later", () => {
  assert.doesNotMatch(shown({ buyer: null }), /Buyer|right now/);
  assert.match(shown({ buyer: null, unavailable: ["buyer"] }), /Buyer Name and address can't be shown right now/);
});

test("a seller of the house is named before the cinema", () => {
  const seller = { name: "Marquee GmbH", street: "Kanal 1", city: "Berlin", country: "DE", tax_id: "DE1" };
  assert.match(shown(), /Seller Kino /);
  assert.match(shown({ seller }), /Seller Marquee GmbH Kanal 1 Berlin Germany Tax number: DE1/);
});
