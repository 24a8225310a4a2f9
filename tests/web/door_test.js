/** What a door decides without a network, and how its scans reach the order room afterwards. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { isGenuine, readCode } from "../../web/door/codes.js";
import { judge } from "../../web/door/judge.js";
import * as memory from "../../web/door/memory.js";
import { LastCode } from "../../web/door/scanner.js";
import { admit, sendQueue, undo } from "../../web/door/sending.js";
import { browser } from "../../web/storage.js";
import { kindOf } from "../../web/door/verdict.js";

// Signed by services/order/tickets and services/order/admitting, with the key of the bytes 0 to 31.
const CODE =
  "M1.Vkdap1Rj.01a1fd94188c731599426506d887675e~s1~F7.VO1k9Dby7MnPMdwx7LH6kl0AJXA0wE2ilA2k7libFzrAkj4ybOdzjYXr" +
  "D6ZXpLhtMfaJDcXA21nIOcZAQnj2Ag";
const TICKET = "01a1fd94188c731599426506d887675e";
const KEYS = [{
  key_id: "Vkdap1Rj",
  algorithm: "Ed25519",
  public_key: "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg",
}];
const SIGNED = {
  made_at: "2026-11-21T18:00:00+00:00",
  void: [],
  used: [{ ticket: "t2", door: "左 “é”\n", admitted_at: "2026-11-21T18:00:00+00:00" }],
  screenings: [{ film: "花樣年華 <&> \u2028", expected: 2, cancelled: false, age_rating: null }],
  keys: KEYS,
  key_id: "Vkdap1Rj",
  signature: "11CzfpysuIJYeZT320hwu6qVCVXz5RNGmqCRzzI3ponJgJeJKKwhxklk4qBoI2WCCDVhzNzikRid08g_9saUDw",
};

browser.clear(); // Deno keeps it from one run to the next

test("a code is read by its signature, and a changed one is forged", async () => {
  assert.deepEqual(await readCode(CODE, KEYS), { ticket: TICKET, screening: "s1", seat: "F7" });
  const changed = [CODE.replace("~F7", "~F8"), CODE.replace(/g$/, "h"), "K472", `${CODE} `, CODE.replace("s1", "s2")];
  for (const code of changed) assert.equal(await readCode(code, KEYS), "forged", code);
  assert.equal(await readCode(CODE.replace("Vkdap1Rj", "AAAAAAAA"), KEYS), "unknown_key");
});

test("a list is genuine as the order room has signed it, and in no other state", async () => {
  assert.equal(await isGenuine(SIGNED, KEYS), true);
  assert.equal(await isGenuine({ ...SIGNED, void: [{ ticket: "t1", reason: "refunded" }] }, KEYS), false);
  assert.equal(await isGenuine({ ...SIGNED, key_id: "AAAAAAAA" }, KEYS), false);
});

const NOW = Date.parse("2026-11-21T19:40:00Z");
const SCREENING = {
  screening_id: "s1",
  film: "Arrival",
  starts_at: "2026-11-21T21:00:00+01:00",
  ends_at: "2026-11-21T23:00:00+01:00",
  doors_open_at: "2026-11-21T20:00:00+01:00",
  cancelled: false,
  age_rating: "16",
};
const LIST = { made_at: new Date().toISOString(), screenings: [SCREENING], void: [], used: [], keys: KEYS };
const ADMISSION = { admitted_at: new Date().toISOString(), door: "left" };

/** @type {[string, object, string][]} */
const JUDGEMENTS = [
  ["of the door's screening", { screeningId: "s1" }, "admitted"],
  ["where the door leads to any", {}, "admitted"],
  ["of another screening than the door's", { screeningId: "s2" }, "wrong_screening"],
  ["of a screening that is not in the list", { list: { ...LIST, screenings: [] } }, "wrong_screening"],
  ["of a screening begun after the list was made", {
    screeningId: "s1",
    list: { ...LIST, screenings: [] },
  }, "admitted"],
  ["before the doors open", { now: NOW - 3600_000 }, "too_early"],
  ["after the film", { now: NOW + 3 * 3600_000 }, "wrong_screening"],
  ["that was given back", { list: { ...LIST, void: [{ ticket: TICKET, reason: "refunded" }] } }, "refunded"],
  ["of a cancelled screening", { list: { ...LIST, screenings: [{ ...SCREENING, cancelled: true }] } }, "cancelled"],
  ["that is used by the list", { list: { ...LIST, used: [{ ticket: TICKET, ...ADMISSION }] } }, "already_admitted"],
  ["that this door has admitted", { seen: { [TICKET]: ADMISSION } }, "already_admitted"],
];

for (const [which, changes, expected] of JUDGEMENTS) {
  test(`without a network, a ticket ${which} is ${expected}`, () => {
    const found = { ticket: TICKET, screening: "s1", seat: "F7" };
    const answer = judge(found, { list: LIST, seen: {}, screeningId: undefined, now: NOW, ...changes });
    assert.equal(answer.result, expected);
  });
}

test("a false code keeps its reason", () => {
  assert.deepEqual(judge("forged", { list: LIST, seen: {}, screeningId: "s1", now: NOW }), { result: "forged" });
});

test("results are of three kinds", () => {
  assert.deepEqual(["admitted", "too_early", "already_admitted", "forged"].map(kindOf), ["go", "wait", "stop", "stop"]);
});

test("a code that stays before the camera is one scan", () => {
  const last = new LastCode();
  assert.deepEqual([0, 150, 3100, 6200, 6300].map((now) => last.isNew("one", now)), [true, false, false, true, false]);
  assert.equal(last.isNew("two", 6400), true);
});

const sent = [];

/** From now on the order room answers so; a function that throws is a network that is away. */
function answering(answer) {
  Object.defineProperty(globalThis, "fetch", {
    configurable: true,
    value: (path, { body }) => {
      sent.push([path, JSON.parse(body)]);
      const [status, reply] = answer();
      return Promise.resolve(new Response(JSON.stringify(reply), { status }));
    },
  });
}

function away() {
  throw new TypeError("no network");
}

/** A list by which the code is good at this moment. */
function listOfNow() {
  const [starts, ends, open] = [600, 6000, -600].map((seconds) => new Date(Date.now() + seconds * 1000).toISOString());
  memory.keepList({ ...LIST, screenings: [{ ...SCREENING, starts_at: starts, ends_at: ends, doors_open_at: open }] });
}

test("without a network and a list nothing is decided", async () => {
  answering(away);
  await assert.rejects(admit(CODE, {}), { code: "no_door_list" });
});

test("a scan without a network waits under its nonce, and a conflict is told", async () => {
  listOfNow();
  answering(away);
  const here = await admit(CODE, { door: "left" });
  assert.deepEqual([here.result, here.offline, memory.queue().length], ["admitted", true, 1]);
  assert.equal((await admit(CODE, {})).result, "already_admitted");
  assert.equal(await sendQueue(), false);
  answering(() => [500, { code: "internal_error" }]);
  assert.equal(await sendQueue(), true);
  assert.equal(memory.queue().length, 1);

  answering(() => [200, { result: "already_admitted", admission: ADMISSION }]);
  assert.equal(await sendQueue(), true);
  const [, { nonce, scanned_at }] = sent.at(-1);
  assert.deepEqual([nonce, scanned_at], [here.scan.nonce, here.scan.scanned_at]);
  assert.deepEqual([memory.queue(), memory.conflicts().length], [[], 1]);
  assert.equal(memory.conflicts()[0].answer.admission.door, "left");
  memory.forgetConflicts();
});

test("what the order room has admitted all the same leaves no conflict", async () => {
  memory.forgetSeen(TICKET);
  answering(away);
  await admit(CODE, {});
  answering(() => [200, { result: "admitted" }]);
  await sendQueue();
  assert.deepEqual([memory.queue(), memory.conflicts()], [[], []]);
});

test("an admission that was not sent yet is taken back here, and one on its way there", async () => {
  memory.forgetSeen(TICKET);
  answering(away);
  await admit(CODE, {});
  const before = sent.length;
  await undo({ code: CODE });
  assert.deepEqual([memory.queue(), sent.length, memory.seen()], [[], before, {}]);

  const second = await admit(CODE, {});
  answering(() => {
    memory.takeBack(CODE, second.scan.nonce); // while it is asked
    return [200, { result: "admitted" }];
  });
  await sendQueue();
  assert.deepEqual(sent.at(-1), ["/order/undo_admission", { code: CODE, nonce: second.scan.nonce }]);
});

test("an admission that can't be taken back is still known here", async () => {
  answering(() => [200, { result: "admitted", ticket: TICKET, admission: ADMISSION }]);
  const { scan } = await admit(CODE, {});
  answering(away);
  await assert.rejects(undo(scan), { code: "offline" });
  assert.deepEqual(Object.keys(memory.seen()), [TICKET]);
  listOfNow();
  assert.deepEqual(memory.seen(), {}, "a new list knows it");
});

test("of two tabs that send a scan one finds it gone, and takes nothing back", async () => {
  answering(away);
  const { scan } = await admit(CODE, {});
  answering(() => {
    memory.drop(scan.nonce); // by the other tab
    return [200, { result: "admitted" }];
  });
  await sendQueue();
  assert.equal(sent.at(-1)[0], "/order/admit");
});

test("what the order room refuses is not decided here", async () => {
  answering(() => [403, { code: "forbidden" }]);
  await assert.rejects(admit(CODE, {}), { code: "forbidden" });
});
