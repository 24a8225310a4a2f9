/** Which of the kitchen's orders are urgent, and which have just come. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { NewOrders } from "../../web/kitchen/bell.js";
import { screeningOf, urgency } from "../../web/kitchen/card.js";

const ticket = { status: "new", needed_at: "2026-11-22T00:20:00+01:00", begins_at: "2026-11-21T22:20:00+01:00" };

/** @type {[string, string, object, string | null][]} */
const URGENCIES = [
  ["to be begun tomorrow", "2026-11-21T10:00:00Z", {}, "other_day"],
  ["of today that can't be begun yet", "2026-11-21T10:00:00Z", {
    needed_at: "2026-11-21T20:00:00+01:00",
    begins_at: "2026-11-21T18:00:00+01:00",
  }, "early"],
  ["for after midnight that can be begun", "2026-11-21T21:20:00Z", {}, null],
  ["of another day by UTC, and of today at the cinema", "2026-11-21T15:30:00Z", {
    needed_at: "2026-11-22T01:00:00+09:00",
    begins_at: "2026-11-22T00:45:00+09:00",
  }, "early"],
  ["that should be ready", "2026-11-21T23:21:00Z", {}, "late"],
  ["of another day that was begun", "2026-11-21T10:00:00Z", { status: "preparing" }, null],
  ["that was collected", "2026-11-22T10:00:00Z", { status: "collected" }, null],
];

for (const [which, now, changes, expected] of URGENCIES) {
  test(`an order ${which} is ${expected ?? "neither late nor early"}`, () => {
    assert.equal(urgency({ ...ticket, ...changes }, now), expected);
  });
}

test("a card names its cinema where it may stand beside another's", () => {
  const shown = { film_title: "Arrival", hall_name: "1", cinema_name: "Kanal", starts_at: "2026-11-21T20:15:00+01:00" };
  assert.equal(screeningOf(shown, true), "Arrival · Kanal · 1 · 20:15");
  assert.equal(screeningOf(shown, false), "Arrival · 1 · 20:15");
});

test("an order has come if it was not there at the last look, once", () => {
  const orders = new NewOrders();
  const [one, two] = [{ order_id: "o1" }, { order_id: "o2" }];
  assert.deepEqual([[one], [one], [one, two], [two], [one, two]].map((found) => orders.haveCome(found)), [
    false,
    false,
    true,
    false,
    false,
  ]);
  orders.forget();
  assert.equal(orders.haveCome([{ order_id: "o3" }]), false);
});
