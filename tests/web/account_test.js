/** What the account page says of devices, points and what closing it loses. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { ticketsLost } from "../../web/account/closing/closing.js";
import { currencyOf } from "../../web/account/overview.js";
import { offersOf } from "../../web/account/points.js";
import { deviceName } from "../../web/account/sessions.js";
import { start } from "../../web/language/translations.js";

await start();

test("a device is named by its browser and system, as far as it tells", () => {
  const agents = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
    "curl/8.5.0",
    "",
    null,
  ];
  assert.deepEqual(agents.map(deviceName), [
    "Firefox · Windows",
    "Safari · iPhone",
    "Edge · Linux",
    "Chrome · Android",
    "curl",
    null,
    null,
  ]);
});

test("points become money of the member's own currency first, and the others are folded away", () => {
  const rates = [["CNY", 100], ["EUR", 100], ["KWD", 500]].map(([currency, points]) => ({
    currency,
    points,
    amount: 50,
  }));
  const currencies = (own) => offersOf({ balance: 275, rates }, own).map((found) => found.map((rate) => rate.currency));
  assert.deepEqual(currencies("EUR"), [["EUR"], ["CNY"]]);
  assert.deepEqual(currencies(null), [["CNY", "EUR"], []]);
  assert.deepEqual(currencies("KWD"), [["CNY", "EUR"], []]);
});

test("a member's currency is that of the next order, or of the money in the wallet", () => {
  const purse = [{ currency: "CNY", posted: 0 }, { currency: "USD", posted: 5 }];
  const none = { next_tickets: null, open_orders: null, wallet: null };
  assert.equal(currencyOf(none), null);
  assert.equal(currencyOf({ ...none, wallet: purse }), "USD");
  assert.equal(currencyOf({ ...none, open_orders: [{ currency: "EUR" }], wallet: purse }), "EUR");
  assert.equal(currencyOf({ next_tickets: [{ order: { currency: "CNY" } }], open_orders: [], wallet: purse }), "CNY");
});

test("whoever closes the account hears how many orders with tickets for coming screenings are lost", () => {
  const order = (status, ends) => ({ status, screening: { starts_at: "2026-11-21T20:00:00Z", ends_at: ends } });
  const [later, over] = ["2026-11-21T22:00:00Z", "2026-11-21T20:59:00Z"];
  const lost = (...orders) => ticketsLost({ orders, server_time: "2026-11-21T21:00:00Z" });
  assert.match(
    lost(order("paid", later), order("part_refunded", later), order("paid", over))[0],
    /^You have 2 orders /,
  );
  assert.match(lost(order("paid", later), order("refunded", later))[0], /^You have 1 order with tickets /);
  assert.deepEqual(lost(order("cancelled", later), order("paid", null)), []);
  assert.match(ticketsLost(null)[0], /can't be shown right now/);
});
