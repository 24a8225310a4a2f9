/** The payment of an order by stages, and its refund terms by the cinema's clock. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { start, use } from "../../web/language/translations.js";
import { orderHeader, seatPrices, seatsOf, sums } from "../../web/order/header.js";
import { snacksStay } from "../../web/order/kitchen.js";
import { pointsOf } from "../../web/order/points.js";
import { mayChange } from "../../web/order/changes.js";
import { attemptName, paymentPageUrl, paymentStage, stageSentence } from "../../web/order/paying.js";
import { refundNews } from "../../web/order/paid/paid.js";
import { cinemaClock, mayRefund, termsOf } from "../../web/order/refunds/refund_terms.js";
import { outcome } from "../../web/order/status.js";

await start();

/** @type {[string, object, number, string][]} */
const STAGES = [
  ["an order that nobody has begun to pay", { status: "created" }, 0, "begin"],
  ["an order whose payment page is known", { payment: { status: "pending", redirect_url: "/p" } }, 60_000, "leaving"],
  ["a pending payment at first", { payment: { status: "pending" } }, 7999, "asking"],
  ["a pending payment after eight seconds", { payment: { status: "pending" } }, 8000, "open"],
  ["a captured payment that the order has not heard of", { payment: { status: "captured" } }, 60_000, "asking"],
  ["a payment that has not begun", { payment: { status: "none" } }, 0, "begin"],
  ["a declined payment", { payment: { status: "failed" } }, 0, "failed"],
  ["a closed payment", { payment: { status: "cancelled" } }, 0, "closed"],
  ["a payment in review", { payment: { status: "review" } }, 0, "review"],
];

for (const [subject, order, shown, stage] of STAGES) {
  test(`${subject} is at the stage ${stage}`, () => {
    assert.equal(paymentStage({ status: "paying", payment: null, ...order }, shown), stage);
  });
}

test("a failed payment is told with what to do about it, with a space between only where the language has one", async () => {
  const said = () => stageSentence({ payment: { reason: "declined" } }, "failed");
  assert.match(said(), /^Your bank declined the payment\. Nothing was charged\. Your seats are still yours/);
  await use("zh");
  assert.match(said(), /^银行拒绝了这笔付款，未产生扣款。座位仍为您保留/);
  await use("en");
});

test("an attempt after a failed one has another key, an attempt after a lost answer the same", () => {
  const name = (status) => attemptName({ order_id: "o1", payment: { payment_id: "p1", status } });
  assert.equal(name("pending"), attemptName({ order_id: "o1", payment: null }));
  assert.notEqual(name("failed"), name("pending"));
  assert.equal(name("failed"), name("cancelled"));
});

test("another choice of card or address has a key of its own", () => {
  const name = (choice) => attemptName({ order_id: "o1", payment: null }, choice);
  assert.equal(
    new Set([{}, { save_card: true }, { card_id: "c1" }, { card_id: "c2" }, { email: "a@b.example" }].map(name)).size,
    5,
  );
});

test("a buyer is sent to this site, with the language and theme, or to https, and nowhere else", () => {
  const url = (address) => paymentPageUrl({ payment: { redirect_url: address } });
  document.documentElement.dataset.theme = "light";
  assert.equal(url("/payment/sandbox/p1"), "https://cinema.example/payment/sandbox/p1?language=en&theme=light");
  assert.equal(url("https://bank.example/pay"), "https://bank.example/pay");
  for (const address of ["http://bank.example/", "javascript:alert(1)", "data:text/html,x"]) {
    assert.throws(() => url(address), { code: "internal_error" });
  }
});

test("the end of a tier is shown by the cinema's clock, also on another day than in UTC", () => {
  const starts = "2026-11-22T01:30:00+03:00";
  assert.deepEqual(cinemaClock("2026-11-21T22:15:00+00:00", starts), { day: "Sunday 22 November", time: "01:15" });
  assert.deepEqual(cinemaClock("2026-11-21T20:15:00Z", starts), { day: "Saturday 21 November", time: "23:15" });
});

test("a refund is offered while a tier is open by the server's clock", () => {
  const tiers = [{ until: "2026-11-21T20:00:00Z", percent: 100, fee: 0 }];
  const order = (now) => ({ refund_terms: { tiers }, server_time: now });
  assert.equal(mayRefund(order("2026-11-21T19:59:59Z")), true);
  assert.equal(mayRefund(order("2026-11-21T20:00:00Z")), false);
});

const TERMS = [
  { until: "2026-11-21T17:00:00Z", percent: 100, fee: 0, amount: 2800 },
  { until: "2026-11-21T18:00:00Z", percent: 50, fee: 100, amount: 1200 },
  { until: "2026-11-21T19:00:00Z", percent: 0, fee: 0, amount: 0 },
];
const unpaid = (now, changes = {}) => ({
  status: "created",
  total: 2800,
  currency: "EUR",
  screening: { starts_at: "2026-11-21T20:15:00+01:00" },
  refund_terms: { tiers: TERMS },
  server_time: now,
  snacks: [],
  ...changes,
});

test("before paying, the terms say until when which amount goes back", () => {
  assert.deepEqual(termsOf(unpaid("2026-11-21T16:00:00Z")), [
    "Until Saturday 21 November, 18:00, everything is paid back: €28.00.",
    "Until Saturday 21 November, 19:00, 50 % of each seat less €1.00 is paid back: €12.00.",
    "After that, nothing is paid back.",
  ]);
  const snacks = termsOf(unpaid("2026-11-21T16:00:00Z", { snacks: [{}], kitchen: { status: "reserved" } }));
  assert.match(snacks[3], /only until the kitchen begins/);
});

test("whoever would pay too late for a refund is told so before", () => {
  assert.deepEqual(termsOf(unpaid("2026-11-21T18:30:00Z")), [
    "Once you have paid, nothing is paid back: it is too late for that.",
  ]);
  assert.deepEqual(termsOf(unpaid("2026-11-21T18:30:00Z", { status: "paid" })), ["It is too late for a refund."]);
});

test("the reason of an order's end is told where it says more than the status", () => {
  assert.equal(outcome({ status: "expired", end_reason: "paid_late" }), "paid_late");
  assert.equal(outcome({ status: "expired", end_reason: "asked" }), "expired");
});

test("the seats of an order are those that were not given back", () => {
  const seats = [{ seat_id: "D7" }, { seat_id: "D8" }];
  const tickets = [{ seat_id: "D7", status: "void" }, { seat_id: "D8", status: "valid" }];
  assert.deepEqual(seatsOf({ seats, tickets }), { seats: ["D8"], returned: ["D7"] });
  assert.deepEqual(seatsOf({ seats, tickets: [] }), { seats: ["D7", "D8"], returned: [] });
});

/** @type {[string, object, boolean][]} */
const SNACKS = [
  ["that are being prepared", {}, true],
  ["that are ready", { kitchen: { status: "ready" } }, true],
  ["of an order whose refund is on its way", { status: "refunding" }, true],
  ["that were collected", { kitchen: { status: "collected" } }, false],
  ["whose film is over", { kitchen: { status: "uncollected" } }, false],
  ["that were given up in time", { kitchen: { status: "given_up" } }, false],
  ["of a cancelled screening, which are paid back,", { end_reason: "screening_cancelled" }, false],
  ["of an order without a kitchen", { kitchen: null }, false],
];

for (const [which, changes, stay] of SNACKS) {
  test(`snacks ${which} ${stay ? "stay" : "do not stay"} to be collected after a refund`, () => {
    const order = { status: "refunded", end_reason: "asked", kitchen: { status: "preparing" }, ...changes };
    assert.equal(snacksStay(order), stay);
  });
}

test("an order has earned what its entries add up to, without those of other orders", () => {
  const entries = [["o1", 120], ["o2", 50], ["o1", -20], [null, 5]].map(([order_id, points]) => ({ order_id, points }));
  assert.equal(pointsOf("o1", entries), 100);
  assert.equal(pointsOf("o3", entries), 0);
});

test("a buyer who has turned back from the page of a pending payment has abandoned it, and no other", () => {
  const stage = (status) => paymentStage({ status: "paying", payment: { status } }, 0, true);
  assert.deepEqual(["pending", "captured", "failed"].map(stage), ["abandoned", "asking", "failed"]);
});

/** @type {[string, object, number, boolean][]} */
const WATCHED = [
  ["an order to be paid", { status: "created" }, 0, true],
  ["an order with tickets", { status: "paid" }, 0, false],
  [
    "one that this device has kept, since the network was slow",
    { status: "paid", kept_at: "2026-11-21T20:00:00Z" },
    0,
    true,
  ],
  ["one that has just expired", { status: "expired" }, 599_999, true],
  ["one that expired long ago", { status: "expired" }, 600_000, false],
];

for (const [subject, order, shown, changes] of WATCHED) {
  test(`${subject} is ${changes ? "" : "not "}read again`, () => {
    assert.equal(mayChange({ kitchen: null, tickets: [], ...order }, shown), changes);
  });
}

const ORDER = {
  status: "part_refunded",
  screening: { film_title: "Amélie", cinema_name: "Kino", hall_name: "Saal 1", starts_at: "2026-11-21T20:15:00+01:00" },
  seats: [{ seat_id: "D7", price: 1200 }, { seat_id: "D8", price: 1200 }],
  tickets: [{ seat_id: "D7", status: "void" }, { seat_id: "D8", status: "valid" }],
  snacks: [],
  kitchen: { status: "new", pick_up_code: "U849" },
  total: 2400,
  refunded: 1200,
  currency: "EUR",
};
const textOf = (thing) => typeof thing === "object" ? thing.children.map(textOf).join(" ") : String(thing);
const shown = (element) => textOf(element).replace(/\s+/g, " ");

test("the header of a paid order is short, because its tickets come next; otherwise it has the sums", () => {
  const header = (changes = {}) => shown(orderHeader({ ...ORDER, ...changes }, null));
  assert.match(header(), /Kino · Saal 1 Seats D8 · Pick-up code U849$/);
  assert.match(header({ status: "completed", kitchen: null }), /Saal 1 Seats D8$/);
  assert.match(header({ status: "refunded" }), /Refunded seats D7 Total €24.00 Refunded €12.00$/);
  assert.match(shown(sums(ORDER)), /^Seats D8 1 × €12.00 Refunded seats D7 Total €24.00 Refunded €12.00$/);
});

test("after a refund the page says which seats went back, and for how much", () => {
  const before = { ...ORDER, refunded: 0, tickets: [] };
  assert.equal(refundNews(before, ORDER), "Given back: D7. Refunded: €12.00.");
  const all = { ...ORDER, refunded: 2400, tickets: ORDER.tickets.map((ticket) => ({ ...ticket, status: "void" })) };
  assert.equal(refundNews(ORDER, all), "Given back: D8. Refunded: €12.00.");
});

test("the prices of seats are told by how many cost the same", () => {
  const seats = [["A1", 900], ["A2", 1200], ["A3", 900], ["A4", 500]].map(([id, price]) => ({ seat_id: id, price }));
  assert.equal(seatPrices({ seats, currency: "EUR" }, ["A1", "A2", "A3"]), "2 × €9.00 + 1 × €12.00");
});
