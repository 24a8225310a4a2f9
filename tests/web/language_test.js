/** Money, times and sentences in the user's language. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clock,
  dayOf,
  longDay,
  money,
  runningTime,
  shortDay,
  snackName,
  time,
  waiting,
} from "../../web/language/format.js";
import { comma, hasSentence, list, t, use } from "../../web/language/translations.js";

async function spoken(language, say) {
  await use(language);
  return say();
}

test("an amount has the minor units of ISO 4217, not those of the browser", async () => {
  const amounts = [[250000, "HUF"], [4500, "KWD"], [1200, "JPY"], [150, "IRR"], [1250, "EUR"]];
  assert.deepEqual(
    await spoken("en", () => amounts.map(([minor, currency]) => money(minor, currency))),
    ["Ft\xa02,500.00", "KWD\xa04.500", "¥1,200", "IRR\xa01.50", "€12.50"],
  );
});

test("a moment without a zone is shown by the clock it was written with", async () => {
  await use("en");
  assert.equal(time("2026-11-21T20:15:00+09:00"), "20:15");
  assert.equal(dayOf("2026-11-22T00:05:00+09:00"), "2026-11-22");
  assert.equal(time("2026-11-21T20:15:00Z", "Asia/Tokyo"), "05:15");
});

test("a countdown rounds up and never goes below zero", () => {
  assert.deepEqual([422_100, 60_000, 59_001, 0, -5000].map(clock), ["7:03", "1:00", "1:00", "0:00", "0:00"]);
});

test("a day is named in the language, with its month where it needs one", async () => {
  assert.equal(await spoken("en", () => longDay("2026-11-21")), "Saturday 21 November");
  assert.equal(await spoken("zh", () => longDay("2026-11-21")), "11月21日星期六");
  assert.match(await spoken("en", () => shortDay("2001-03-05")), /^Mon 5 Mar$/);
});

test("a wait is told in words that people count in", async () => {
  const waits = [1, 44.2, 90, 91, 900, 5400, 5401, 86_400];
  assert.deepEqual(
    await spoken("en", () => waits.map(waiting)),
    ["1 second", "45 seconds", "90 seconds", "2 minutes", "15 minutes", "90 minutes", "2 hours", "24 hours"],
  );
  assert.equal(
    await spoken("zh", () => t("refusal.too_often", { wait: waiting(900) })),
    "尝试次数过多，请等待15分钟。",
  );
});

test("a running time and a list read as sentences do", async () => {
  assert.equal(await spoken("en", () => runningTime(106)), "1 h 46 min");
  assert.equal(await spoken("en", () => list(["F7", "F8", "F9"])), "F7, F8 and F9");
  assert.equal(await spoken("zh", () => list(["F7", "F8", "F9"])), "F7、F8、F9");
  assert.deepEqual([await spoken("en", comma), await spoken("zh", comma)], [", ", "，"]);
});

test("a count chooses the plural form, and an unknown key is shown as it is", async () => {
  await use("en");
  assert.equal(t("film.seats_left", { count: 1 }), "1 seat left");
  assert.equal(t("film.seats_left", { count: 2 }), "2 seats left");
  assert.equal(t("no.such.key"), "no.such.key");
  assert.equal(hasSentence("no.such.key"), false);
});

test("a snack without a Chinese name keeps its own", async () => {
  assert.equal(await spoken("zh", () => snackName({ name: "Cola", name_zh: "可乐" })), "可乐");
  assert.equal(await spoken("zh", () => snackName({ name: "Cola", name_zh: null })), "Cola");
  assert.equal(await spoken("en", () => snackName({ name: "Cola", name_zh: "可乐" })), "Cola");
});

test("one seat is held, and several are", async () => {
  const held = (...seats) => t("own.unpaid", { count: seats.length, seats: list(seats) });
  await use("en");
  assert.deepEqual([held("D7"), held("D7", "D8")], ["D7 is held for you:", "D7 and D8 are held for you:"]);
  assert.match(t("order.held", { count: 1, seats: "D7" }), /D7 is yours/);
});
