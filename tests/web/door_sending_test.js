/** How a door's scans reach the order room, and what was taken back: nothing is lost, and nobody is let in twice. */

import "./browser.js";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import * as session from "../../web/account/session.js";
import * as memory from "../../web/door/memory.js";
import { admit, fetchList, sendQueue, undo } from "../../web/door/sending.js";
import { browser } from "../../web/storage.js";
import {
  ADMISSION,
  answering,
  away,
  CODE,
  listOfNow,
  openDoor,
  sent,
  sentPaths,
  showing,
  signed,
  TICKET,
} from "./doors.js";

const ADMITTED = [200, { result: "admitted", ticket: TICKET, admission: ADMISSION }];

beforeEach(openDoor);

/** A guest was admitted while the network was away; from now on the order room answers so. */
async function waiting(answer) {
  answering(away);
  const { scan } = await admit(CODE, { door: "left" });
  sent.length = 0;
  answering(answer);
  return scan;
}

test("without a network and a list nothing is decided", async () => {
  browser.clear();
  answering(away);
  await assert.rejects(admit(CODE), { code: "no_door_list" });
});

test("a scan without a network waits under its nonce, and a conflict is told", async () => {
  answering(away);
  const here = await admit(CODE, { door: "left" });
  assert.deepEqual([here.result, here.offline, memory.queue().length], ["admitted", true, 1]);
  assert.equal((await admit(CODE)).result, "already_admitted");
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
});

test("what the order room has admitted all the same leaves no conflict", async () => {
  await waiting(() => ADMITTED);
  await sendQueue();
  assert.deepEqual([memory.queue(), memory.conflicts()], [[], []]);
});

test("a door that scans too often goes on by its list", async () => {
  answering(() => [429, { code: "too_many_requests" }]);
  const { result, offline } = await admit(CODE);
  assert.deepEqual([result, offline, memory.queue().length], ["admitted", true, 1]);
});

for (
  const [status, code] of [[429, "too_many_requests"], [401, "unauthenticated"], [403, "forbidden"], [
    404,
    "unknown_path",
  ]]
) {
  test(`a scan waits on after ${status} ${code}`, async () => {
    await waiting(() => [status, { code }]);
    assert.equal(await sendQueue(), false);
    assert.deepEqual([memory.queue().length, memory.conflicts(), Object.keys(memory.seen())], [1, [], [TICKET]]);
    answering(() => ADMITTED);
    assert.equal(await sendQueue(), true);
    assert.deepEqual([memory.queue(), memory.conflicts()], [[], []]);
  });
}

test("a refusal of the scan itself is told, and is the last", async () => {
  await waiting(() => [422, { code: "key_reused" }]);
  assert.equal(await sendQueue(), true);
  assert.deepEqual([memory.queue(), memory.conflicts()[0].answer], [[], { result: null, code: "key_reused" }]);
});

/** Somebody signs in on this device, and from then on the order room answers so. */
async function signIn(username, answer) {
  answering(() => [200, { user: { username, display_name: null, roles: [] } }]);
  await session.signIn(username, "a password");
  sent.length = 0;
  answering(answer);
}

test("a scan of a cinema at which the account admits nobody waits for another account", async () => {
  const screening = showing();
  await undo(await waiting(away));
  await waiting(away);
  await signIn("ada", () => [200, { result: "wrong_screening", screening }]);
  for (const _ of [1, 2]) assert.equal(await sendQueue(), true);
  assert.deepEqual([sentPaths(), memory.queue().length], [["admit", "admit"], 2], "each is asked about once");

  await signIn("bo", () => ADMITTED);
  await sendQueue();
  assert.deepEqual([sentPaths(), memory.queue()], [["admit", "undo_admission", "admit"], []]);
  session.forget();
});

test("a scan of a screening that was over for the order room is a conflict", async () => {
  await waiting(
    () => [200, { result: "wrong_screening", screening: { ...showing(), ends_at: "2026-01-01T00:00:00Z" } }],
  );
  await sendQueue();
  assert.deepEqual([memory.queue(), memory.conflicts()[0].answer.result], [[], "wrong_screening"]);
});

test("a ticket admitted here is not admitted again when the network is back before its scan is sent", async () => {
  let isUsed = false;
  const scan = await waiting(() => {
    const result = isUsed ? "already_admitted" : "admitted";
    isUsed = true;
    return [200, { result, ticket: TICKET, admission: ADMISSION }];
  });
  assert.equal((await admit(CODE)).result, "already_admitted");
  assert.equal(sent[0][1].nonce, scan.nonce);
  assert.deepEqual([memory.queue(), memory.conflicts()], [[], []]);
});

test("an undone scan is sent with its undo until both are answered: the order room may have it", async () => {
  const scan = await waiting(away);
  await undo(scan);
  assert.deepEqual([memory.queue()[0].undone, memory.seen()], [true, {}]);
  assert.equal(await sendQueue(), false);
  const answers = [ADMITTED, [500, { code: "internal_error" }], ADMITTED, [200, {}]];
  answering(() => answers.shift());
  await sendQueue();
  assert.equal(memory.queue().length, 1, "the undo had no answer");
  await sendQueue();
  assert.deepEqual([memory.queue(), memory.conflicts(), answers], [[], [], []]);
  assert.deepEqual(sentPaths().slice(-2), ["admit", "undo_admission"]);
  assert.deepEqual(sent.at(-1)[1], { code: CODE, nonce: scan.nonce });
});

for (const code of ["not_admitted", "unknown_ticket"]) {
  test(`an undo is done when the order room says ${code}`, async () => {
    await undo(await waiting((path) => path.endsWith("admit") ? [200, { result: "refunded" }] : [409, { code }]));
    await sendQueue();
    assert.deepEqual([memory.queue(), memory.conflicts()], [[], []]);
  });
}

test("a scan that is taken back while it is sent is undone at once", async () => {
  const scan = await waiting((path) => {
    if (path.endsWith("admit")) memory.takeBack(CODE, scan.nonce);
    return ADMITTED;
  });
  await sendQueue();
  assert.deepEqual([sentPaths(), memory.queue()], [["admit", "undo_admission"], []]);
});

test("a ticket whose admission was undone is scanned again after its undo", async () => {
  const first = await waiting(() => ADMITTED);
  await undo({ code: CODE });
  const second = await admit(CODE);
  assert.deepEqual([second.result, second.offline], ["admitted", undefined]);
  assert.deepEqual(sentPaths(), ["admit", "undo_admission", "admit"]);
  assert.deepEqual(sent.map(([, { nonce }]) => nonce), [first.nonce, first.nonce, second.scan.nonce]);
});

test("a later scan of a ticket is held while its undo has no answer", async () => {
  await undo(await waiting(away));
  await admit(CODE);
  sent.length = 0;
  answering((path) => path.endsWith("admit") ? ADMITTED : [503, { code: "busy" }]);
  assert.equal(await sendQueue(), true);
  assert.deepEqual([sentPaths(), memory.queue().length], [["admit", "undo_admission"], 2]);
});

test("an admission that can't be taken back is still known here, until a list that was asked for later", async () => {
  answering(() => ADMITTED);
  const { scan } = await admit(CODE);
  answering(away);
  await assert.rejects(undo(scan), { code: "offline" });
  assert.deepEqual(Object.keys(memory.seen()), [TICKET]);
  memory.keepList(listOfNow(), Date.now() + 1);
  assert.deepEqual(memory.seen(), {});
});

test("an undo that is repeated has the key of its scan, and any other one of its own", async () => {
  const keys = [];
  answering(() => ADMITTED);
  const { scan } = await admit(CODE);
  Object.defineProperty(globalThis, "fetch", {
    configurable: true,
    value: (_, { headers }) => {
      keys.push(headers["Idempotency-Key"]);
      return Promise.resolve(Response.json({}));
    },
  });
  await undo(scan);
  await undo({ code: CODE });
  assert.equal(keys[0], scan.nonce);
  assert.notEqual(keys[1], scan.nonce);
});

for (const isQueued of [false, true]) {
  test(`a list does not forget a guest ${isQueued ? "whose scan was sent" : "admitted"} while it was on its way`, async () => {
    if (isQueued) await waiting(() => ADMITTED);
    const made = await signed(listOfNow());
    answering(async (path) => {
      if (!path.startsWith("/order/get_door_list")) return ADMITTED;
      await (isQueued ? sendQueue() : admit(CODE));
      return [200, made];
    });
    await fetchList("kanal");
    assert.deepEqual([memory.queue(), memory.list()], [[], made]);
    answering(away);
    assert.equal((await admit(CODE)).result, "already_admitted");
  });
}

test("a list is asked for one cinema, and one that was changed is not kept", async () => {
  const made = await signed(listOfNow());
  answering(() => [200, made]);
  await fetchList("kanal");
  answering(() => [200, { ...made, used: [{ ticket: TICKET, ...ADMISSION }] }]);
  await assert.rejects(fetchList(null), { code: "false_door_list" });
  assert.deepEqual(sentPaths(), ["get_door_list?cinema_id=kanal", "get_door_list"]);
  assert.deepEqual(memory.list(), made);
});

test("of two tabs that send a scan one finds it gone, and takes nothing back", async () => {
  const scan = await waiting(() => {
    memory.drop(scan.nonce); // by the other tab
    return ADMITTED;
  });
  await sendQueue();
  assert.deepEqual(sentPaths(), ["admit"]);
});

test("what the order room refuses is not decided here", async () => {
  answering(() => [403, { code: "forbidden" }]);
  await assert.rejects(admit(CODE), { code: "forbidden" });
});

test("a door whose screening is over admits nobody without a network, though the list has it no more", async () => {
  memory.keepList({ ...listOfNow(), screenings: [] }, Date.now());
  answering(away);
  const result = async (choice) => (await admit(CODE, { choice })).result;
  assert.equal(await result({ ...showing(), ends_at: new Date().toISOString() }), "wrong_screening");
  assert.equal(await result(showing()), "admitted");
});
