/** Mails come in the language of the page. */

import "./browser.js";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { start, use } from "../../web/language/translations.js";
import { browser } from "../../web/storage.js";

await start();
const define = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
define("addEventListener", () => {});
define("caches", { delete: () => Promise.resolve(true) });
browser.set("user", { username: "ada", roles: [] });
const session = await import("../../web/account/session.js");
const { choiceIn } = await import("../../web/guest/paying.js");

const file = globalThis.fetch;
const sent = [];
let profile;
let isAway;
let changes; // how each call of update_profile is waited for

define("fetch", async (path, options) => {
  if (path.startsWith("/web/")) return file(path);
  if (isAway) throw new TypeError("no network");
  const fields = options.body && JSON.parse(options.body);
  sent.push([path, fields]);
  if (path === "/user/register") profile = { language: fields.language };
  if (path === "/user/update_profile") {
    await changes.shift();
    profile = fields;
  }
  const later = new Date(Date.now() + 86_400_000).toISOString();
  return Response.json({ ...profile, expires_at: later, user: { username: "ada", ...profile } });
});

beforeEach(async () => {
  await use("en");
  sent.length = 0;
  profile = { language: null };
  isAway = false;
  changes = [];
});

const switchTo = async (tag) => {
  await use(tag);
  return session.keepLanguage();
};

test("whoever is signed in and switches the language gets mails in it, and a profile that says so is left alone", async () => {
  await switchTo("zh");
  assert.deepEqual(sent.map(([path]) => path), ["/user/get_profile", "/user/update_profile"]);
  assert.deepEqual(profile, { language: "zh" });
  sent.length = 0;
  await session.keepLanguage();
  assert.deepEqual(sent.map(([path]) => path), ["/user/get_profile"]);
});

test("of two switches the last one counts, even if the first one is slow", async () => {
  const { promise: slow, resolve: answer } = Promise.withResolvers();
  changes.push(slow);
  const first = switchTo("zh");
  while (sent.length < 2) await new Promise((wake) => setTimeout(wake));
  const last = switchTo("en");
  setTimeout(answer, 10);
  await Promise.all([first, last]);
  assert.deepEqual(profile, { language: "en" });
});

test("a switch without a network disturbs nothing, and the next one is told", async () => {
  isAway = true;
  await switchTo("zh");
  assert.deepEqual([profile.language, session.user().username], [null, "ada"]);
  isAway = false;
  await session.keepLanguage();
  assert.deepEqual(profile, { language: "zh" });
});

test("an account without a language takes that of the page on which its holder signs in, and any other keeps its own", async () => {
  await use("zh");
  await session.signIn("ada", "correct horse");
  for (let turn = 0; sent.length < 3 && turn < 100; turn++) await new Promise((wake) => setTimeout(wake));
  assert.deepEqual(sent.map(([path]) => path), ["/user/login", "/user/get_profile", "/user/update_profile"]);
  assert.deepEqual(profile, { language: "zh" });
  await use("en");
  await session.signIn("ada", "correct horse");
  profile = {}; // a user room of the version before does not say
  await session.signIn("ada", "correct horse");
  await new Promise((wake) => setTimeout(wake));
  assert.equal(sent.length, 5);
});

test("a guest who gives an address when paying gets the mails in the language of the page by then", async () => {
  const page = (value) => ({ querySelector: (name) => name === "[name=guest_email]" ? { value } : null });
  await use("zh");
  assert.deepEqual(choiceIn(page(" grace@cinema.example ")), { email: "grace@cinema.example", language: "zh" });
  assert.deepEqual(choiceIn(page("")), {});
});

test("a guest begins and an account opens in the language of the page, and a guest's switch tells nobody", async () => {
  await use("zh");
  await session.register("grace", "correct horse", "");
  assert.deepEqual(sent[0], ["/user/register", { username: "grace", password: "correct horse", language: "zh" }]);
  sent.length = 0;
  await session.startGuest();
  assert.deepEqual(sent, [["/user/start_guest", { language: "zh" }]]);
  await switchTo("en");
  assert.equal(sent.length, 1);
});
