/** What a door decides without a network, and whose answer it shows. */

import "./browser.js";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isGenuine, readCode, seatOf } from "../../web/door/codes.js";
import { judge } from "../../web/door/judge.js";
import { byCinema, titleOf } from "../../web/door/attendance.js";
import { advice, asksForProof, kindOf, show } from "../../web/door/result.js";
import { LastCode } from "../../web/door/scanner.js";
import { Turns } from "../../web/door/turns.js";
import { include, use } from "../../web/language/translations.js";
import { ADMISSION, CODE, KEYS, TICKET } from "./doors.js";

await use("en");
await include("door");

const { screening: SHOWN, cases: CASES } = JSON.parse(
  readFileSync(new URL("../door_cases.json", import.meta.url), "utf8"),
);
const NOW = Date.parse("2026-11-21T19:40:00Z");
const FOUND = { ticket: TICKET, screening: "s1", seat: "F7" };
const EMPTY = { screenings: [], void: [], used: [], keys: KEYS };
// Signed by services/order/admitting, with the same key.
const SIGNED = {
  made_at: "2026-11-21T18:00:00+00:00",
  void: [],
  used: [{ ticket: "t2", door: "左 “é”\n", admitted_at: "2026-11-21T18:00:00+00:00" }],
  screenings: [{ film: "花樣年華 <&> \u2028", expected: 2, cancelled: false, age_rating: null }],
  keys: KEYS,
  key_id: "Vkdap1Rj",
  signature: "11CzfpysuIJYeZT320hwu6qVCVXz5RNGmqCRzzI3ponJgJeJKKwhxklk4qBoI2WCCDVhzNzikRid08g_9saUDw",
};

test("a code is read by its signature, and a changed one is forged", async () => {
  assert.deepEqual(await readCode(CODE, KEYS), FOUND);
  const changed = [CODE.replace("~F7", "~F8"), CODE.replace(/g$/, "h"), "K472", `${CODE} `, CODE.replace("s1", "s2")];
  for (const code of changed) assert.equal(await readCode(code, KEYS), "forged", code);
  assert.equal(await readCode(CODE.replace("Vkdap1Rj", "AAAAAAAA"), KEYS), "unknown_key");
  assert.deepEqual([seatOf(CODE), seatOf("K472")], ["F7", null]);
});

test("a list is genuine as the order room has signed it, and in no other state", async () => {
  assert.equal(await isGenuine(SIGNED, KEYS), true);
  assert.equal(await isGenuine({ ...SIGNED, void: [{ ticket: "t1", reason: "refunded" }] }, KEYS), false);
  assert.equal(await isGenuine({ ...SIGNED, key_id: "AAAAAAAA" }, KEYS), false);
});

for (const { which, now, door, works_here, used, refunded, cancelled, result } of CASES) {
  test(`without a network, a ticket ${which} is ${result}, as the order room says`, () => {
    const given = { ticket: TICKET, reason: cancelled ? "cancelled" : "refunded" };
    const list = {
      ...EMPTY,
      screenings: works_here ? [{ ...SHOWN, cancelled }] : [],
      void: refunded ? [given] : [],
    };
    const asked = { list, seen: {}, choice: door && { ...SHOWN, screening_id: door }, now: Date.parse(now) };
    const isIn = { ticket: TICKET, ...ADMISSION };
    const known = used ? [{ list: { ...list, used: [isIn] } }, { seen: { [TICKET]: ADMISSION } }] : [{}];
    for (const each of known) assert.equal(judge(FOUND, { ...asked, ...each }).result, result);
  });
}

test("a door whose screening the list lacks goes by what it knew when it was chosen", () => {
  const result = (changes) => judge(FOUND, { list: EMPTY, seen: {}, choice: SHOWN, now: NOW, ...changes }).result;
  assert.equal(result({}), "admitted");
  assert.equal(result({ now: Date.parse(SHOWN.ends_at) }), "wrong_screening", "it is over");
  assert.equal(result({ now: Date.parse(SHOWN.doors_open_at) - 1 }), "too_early");
  assert.equal(result({ choice: null }), "wrong_screening", "nothing is known of it");
});

test("a false code keeps its reason", () => {
  assert.deepEqual(judge("forged", { list: EMPTY, seen: {}, choice: SHOWN, now: NOW }), { result: "forged" });
});

test("results are of three kinds", () => {
  assert.deepEqual(["admitted", "too_early", "already_admitted", "forged"].map(kindOf), ["go", "wait", "stop", "stop"]);
});

for (const language of ["en", "zh"]) {
  test(`a door without a name is spoken of as this one, in ${language}`, async () => {
    await use(language);
    const said = ["left", null, "", undefined].map((door) =>
      advice(judge(FOUND, { list: EMPTY, seen: { [TICKET]: { ...ADMISSION, door } }, choice: SHOWN, now: NOW }))
    );
    assert.match(said[0], /left/);
    for (const sentence of said.slice(1)) assert.doesNotMatch(sentence, /[{}“”]|null|undefined/);
    await use("en");
  });
}

const buttonsIn = (element) =>
  element.name === "button" ? [element] : (element.children ?? []).flatMap((child) => buttonsIn(child));

test("every answer is put away by its first button, and none but that of an admission undoes anything", () => {
  const results = ["admitted", "already_admitted", "wrong_screening", "too_early", "refunded", "cancelled", "forged"];
  const labels = results.map((result) => {
    const done = [];
    const place = document.createElement("div");
    const answer = {
      ...judge(FOUND, { list: EMPTY, seen: {}, choice: SHOWN, now: NOW }),
      admission: ADMISSION,
      result,
    };
    show(place, answer, () => done.push("seen"), () => done.push("undo"));
    const buttons = buttonsIn(place);
    buttons[0].onclick({});
    assert.deepEqual(done, ["seen"]);
    return buttons.map(({ children }) => children[0]);
  });
  assert.deepEqual(labels, [
    ["Seen", "Undo admission"],
    ["Seen", "Undo the first admission"],
    ...Array(5).fill(["Seen"]),
  ]);
});

test("ushers ask for proof of the ages that children alone could not have", () => {
  for (const rating of ["12", "16", "18", "12A", "PG-13", "NC-17", "R"]) assert.ok(asksForProof(rating), rating);
  for (const rating of [null, "", "0", "6", "G", "PG", "U"]) assert.ok(!asksForProof(rating), rating);
});

test("the screenings of a cinema stand together, in the order of their times, with the day where it is another", () => {
  const at = (cinema_name, starts_at) => ({ cinema_name, starts_at, hall_name: "1", film: "Arrival" });
  const day = new Date(Date.now() + 86_400_000 - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
  const [late, early] = [at("Elbufer", `${day}T21:15:00+01:00`), at("Elbufer", `${day}T19:45:00+01:00`)];
  const [shanghai, kanal] = [at("黄浦", `${day}T17:15:00+08:00`), at("Kanal", `${day}T20:00:00+01:00`)];
  assert.deepEqual(byCinema([late, shanghai, kanal, early]), [["Elbufer", [early, late]], ["Kanal", [kanal]], [
    "黄浦",
    [shanghai],
  ]]);
  assert.equal(titleOf(shanghai), "Tomorrow 17:15 1: Arrival");
});

test("a code that stays before the camera is one scan", () => {
  const last = new LastCode();
  assert.deepEqual([0, 150, 3100, 6200, 6300].map((now) => last.isNew("one", now)), [true, false, false, true, false]);
  assert.equal(last.isNew("two", 6400), true);
});

const codes = (turns) => turns.map(({ code }) => code);

test("whichever answer comes first, only that of the code scanned last is in large", () => {
  for (const isFirstLate of [true, false]) {
    const turns = new Turns();
    const [first, second] = [turns.begin("one"), turns.begin("two")];
    assert.deepEqual([turns.newest, codes(turns.earlier())], [second, ["one"]]);
    const ends = [
      () => assert.equal(turns.end(first, { answer: "go" }), false),
      () => assert.equal(turns.end(second, { answer: "stop" }), true),
    ];
    if (isFirstLate) ends.reverse();
    for (const end of ends) end();
    assert.deepEqual([turns.newest.outcome, turns.earlier()], [{ answer: "stop" }, [first]]);
  }
});

test("a code that is being asked about is asked once, and is in large when it is before the door again", () => {
  const turns = new Turns();
  const first = turns.begin("one");
  turns.end(turns.begin("two"), { answer: "stop" });
  assert.equal(turns.begin("one"), null);
  assert.deepEqual([turns.newest, codes(turns.earlier())], [first, ["two"]]);
  assert.equal(turns.end(first, { answer: "go" }), true);
  assert.notEqual(turns.begin("one"), null, "it has its answer");
});

test("an answer that was taken back is shown no more, and another guest's stays", () => {
  const turns = new Turns();
  const [one, two] = [{ result: "admitted" }, { result: "admitted" }];
  turns.end(turns.begin("one"), { answer: one });
  turns.end(turns.begin("two"), { answer: two });
  assert.equal(turns.forget(one), false);
  assert.deepEqual([turns.newest.code, turns.earlier()], ["two", []]);
  assert.equal(turns.forget(two), true);
  assert.equal(turns.newest, null);
});

test("an answer that was put away is one of those before, once", () => {
  const turns = new Turns();
  turns.end(turns.begin("one"), { answer: "stop" });
  turns.putAway();
  assert.deepEqual([turns.newest, codes(turns.earlier())], [null, ["one"]]);
  turns.begin("two");
  assert.deepEqual(codes(turns.earlier()), ["one"]);
});

test("the last guests are remembered, and all whose answer is still to come", () => {
  const turns = new Turns();
  turns.begin("slow");
  for (const code of "abcdefgh") turns.end(turns.begin(code), { answer: code });
  assert.deepEqual(codes(turns.earlier()), ["slow", "g", "f", "e", "d", "c"]);
});
