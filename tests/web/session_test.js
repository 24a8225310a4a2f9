/** Whoever is here next finds no tickets that this device has kept for the one before. */

import "./browser.js";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { start } from "../../web/language/translations.js";
import { browser, TICKETS } from "../../web/storage.js";

await start();
const define = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true });
const listeners = {};
const kept = new Set();
define("addEventListener", (name, listener) => listeners[name] = listener);
define("caches", { delete: (name) => Promise.resolve(kept.delete(name)) });
const { read } = await import("../../web/api.js");
const session = await import("../../web/account/session.js");

const answerWith = (status, body = {}) => define("fetch", () => Promise.resolve(Response.json(body, { status })));
const areKept = () => kept.has(TICKETS);
const tell = (name) => {
  if (name) browser.set("user", { username: name, roles: [] });
  else browser.remove("user");
  listeners.storage({ key: "user" });
};

beforeEach(() => {
  tell("ada");
  kept.add(TICKETS);
});

test("signing out forgets the tickets, unless there is no answer: then the user is still here", async () => {
  define("fetch", () => Promise.reject(new TypeError("no network")));
  await assert.rejects(session.signOut());
  assert.deepEqual([areKept(), session.user().username], [true, "ada"]);
  answerWith(200);
  await session.signOut();
  assert.deepEqual([areKept(), session.user()], [false, null]);
});

test("signing out of a session that has ended, or that the server fails to end, forgets them, too", async () => {
  for (const [code, status] of Object.entries({ unauthenticated: 401, internal_error: 500 })) {
    tell("ada");
    kept.add(TICKETS);
    answerWith(status, { code });
    await session.signOut().catch(() => {});
    assert.deepEqual([areKept(), session.user()], [false, null], code);
  }
});

test("another user of this browser finds none, whether signed in here, in another tab, or unnoticed", async () => {
  const ways = {
    here: () => session.signIn("grace", "correct horse"),
    "in another tab": () => tell("grace"),
    "out in another tab": () => tell(null),
    unnoticed: () => {
      answerWith(403, { code: "other_user" });
      return read("/order/get_list").catch(() => {});
    },
  };
  for (const [way, come] of Object.entries(ways)) {
    tell("ada");
    kept.add(TICKETS);
    answerWith(200, { user: { username: "grace", display_name: null, roles: [] } });
    await come();
    assert.equal(areKept(), false, way);
    assert.notEqual(session.user()?.username, "ada", way);
  }
});

test("a session that the server has ended takes the tickets along, a guest's as well", async () => {
  answerWith(401, { code: "unauthenticated" });
  await read("/order/get_list").catch(() => {});
  assert.deepEqual([areKept(), session.user()], [false, null]);

  answerWith(200, { expires_at: new Date(Date.now() + 86_400_000).toISOString() });
  await session.startGuest();
  kept.add(TICKETS);
  answerWith(401, { code: "unauthenticated" });
  await read("/order/get_list").catch(() => {});
  assert.deepEqual([areKept(), session.guest()], [false, null]);
});

test("the same user who signs in again keeps them", async () => {
  answerWith(200, { user: { username: "ada", display_name: "Ada", roles: [] } });
  await session.signIn("ada", "correct horse");
  assert.equal(areKept(), true);
});
