/** What is kept of an order with tickets, and which requests the service worker answers with it. */

import "./browser.js";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const ORIGIN = "https://cinema.example";
const DAY_MS = 86_400_000;

class FakeCache {
  kept = new Map();
  put = (path, reply) => Promise.resolve(this.kept.set(path, reply));
  delete = (path) => Promise.resolve(this.kept.delete(path));
  matchAll = (path) =>
    Promise.resolve([...this.kept].filter(([key]) => key.startsWith(path)).map(([, reply]) => reply.clone()));
}

const stores = new Map();
const define = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true });
define("caches", {
  open: (name) => Promise.resolve(stores.get(name) ?? stores.set(name, new FakeCache()).get(name)),
  has: (name) => Promise.resolve(stores.has(name)),
  delete: (name) => Promise.resolve(stores.delete(name)),
  match: (request, { cacheName, ignoreSearch }) => {
    const path = request.url.slice(ORIGIN.length);
    return Promise.resolve(stores.get(cacheName)?.kept.get(ignoreSearch ? path.split("?")[0] : path)?.clone());
  },
});
Object.defineProperty(navigator, "serviceWorker", { value: { register: () => Promise.resolve() }, configurable: true });

const readFile = globalThis.fetch;
const listeners = {};
define("addEventListener", (name, listener) => listeners[name] = listener);
await import("../../web/order/offline/worker.js");
const { drop, dropOver, keeper } = await import("../../web/order/offline/kept.js");
const { startGuest } = await import("../../web/account/session.js");
const { forgetTickets, TICKETS } = await import("../../web/storage.js");

/** The worker's answer as text; undefined where it leaves the request to the browser. */
async function ask(path, { method = "GET", mode = "cors", user = null, origin = ORIGIN } = {}) {
  /** @type {Promise<Response>[]} */
  const answers = [];
  const headers = new Headers(user ? { "X-Session-User": user } : {});
  listeners.fetch({
    request: { url: origin + path, method, mode, headers },
    respondWith: (given) => answers.push(given),
  });
  return answers.length ? (await answers[0]).text() : undefined;
}

const PAGE = '<link href="/web/style/base.css"><script src="/web/app.js"></script><a href="/">';
const file = (path) => Promise.resolve(new Response(path.startsWith("/order/") ? PAGE : `file ${path}`));
const order = (id, starts = Date.now()) => ({
  order_id: id,
  screening_id: `s-${id}`,
  screening: { starts_at: new Date(starts).toISOString(), ends_at: null },
});
const replies = { images: { tickets: [] }, screening: { screening: {} } };
const keep = (order, replies) => keeper(order)(replies);
const paths = () => [...(stores.get(TICKETS)?.kept.keys() ?? [])].sort();
const fetchBy = (by) => define("fetch", (path, ...rest) => by(path, ...rest));

beforeEach(() => {
  stores.clear();
  fetchBy(file);
});

test("an order is kept with its page, the files of that, and what the API has said, and nothing else", async () => {
  await keep(order("o1"), replies);
  assert.deepEqual(paths(), [
    "/film/get_screening?screening_id=s-o1",
    "/order/get_info?order_id=o1",
    "/order/get_ticket_images?order_id=o1",
    "/order/o1",
    "/web/app.js",
    "/web/language/en.json",
    "/web/style/base.css",
  ]);
  const kept = await stores.get(TICKETS).kept.get("/order/get_info?order_id=o1").clone().json();
  assert.ok(Math.abs(Date.parse(kept.kept_at) - Date.now()) < 60_000);
});

test("an order that is shown without a network is not kept again", async () => {
  await keep({ ...order("o1"), kept_at: "2026-11-21T20:00:00Z" }, replies);
  assert.deepEqual(paths(), []);
});

test("what is kept goes with its last ticket, and a day after its screening", async () => {
  await keep(order("o1", Date.now() - 2 * DAY_MS), replies);
  await keep(order("o2", Date.now() - DAY_MS / 2), replies);
  assert.deepEqual(paths().filter((path) => path.includes("o1")), []);
  assert.equal(paths().filter((path) => path.includes("o2")).length, 4);
  await drop(order("o2"));
  assert.deepEqual(paths().filter((path) => path.includes("o2")), []);
});

test("the day of an order ends without another one that is kept, and the worker answers with it no longer", async () => {
  await keep(order("o1", Date.now() - 2 * DAY_MS), replies);
  fetchBy(() => Promise.reject(new TypeError("offline")));
  for (const path of ["/order/get_info?order_id=o1", "/order/get_ticket_images?order_id=o1"]) {
    assert.ok(paths().includes(path));
    await assert.rejects(ask(path), TypeError);
  }
  assert.equal(await ask("/web/app.js"), "file /web/app.js");
  await dropOver();
  assert.deepEqual(paths().filter((path) => path.includes("o1")), []);
});

test("an order that is dropped or changes while it is being kept is not kept as it was", async () => {
  const first = order("o1");
  for (const moment of ["before its files", "among its files", "among its replies"]) {
    const keepFirst = keeper(first); // as the page draws the tickets
    const dropped = [];
    const refund = () => dropped.push(drop(first));
    if (moment === "before its files") refund();
    fetchBy((path) => {
      if (moment === "among its files" && path === "/web/app.js") refund();
      return file(path);
    });
    const cache = new FakeCache();
    stores.set(TICKETS, cache);
    cache.put = async (path, reply) => {
      if (moment === "among its replies" && path.includes("get_info")) refund();
      await new Promise((settle) => setTimeout(settle, 1));
      return cache.kept.set(path, reply);
    };
    await keepFirst(replies);
    await Promise.all(dropped);
    assert.equal(dropped.length, 1, moment);
    assert.deepEqual(paths().filter((path) => path.includes("o1")), [], moment);
  }
});

test("a newer state of an order is kept, however late the older one comes", async () => {
  const keepOlder = keeper({ ...order("o1"), status: "paid" });
  await keep({ ...order("o1"), status: "part_refunded" }, replies);
  await keepOlder(replies);
  const kept = await stores.get(TICKETS).kept.get("/order/get_info?order_id=o1").clone().json();
  assert.equal(kept.status, "part_refunded");
});

test("a guest who begins on a shared device finds no tickets of the guest before", async () => {
  await keep(order("o1"), replies);
  fetchBy(() => Promise.resolve(Response.json({ expires_at: new Date(Date.now() + DAY_MS).toISOString() })));
  await startGuest();
  fetchBy(() => Promise.reject(new TypeError("offline")));
  await assert.rejects(ask("/order/get_info?order_id=o1"), TypeError);
});

test("dropping what was never kept makes no cache", async () => {
  await drop(order("o1"));
  assert.equal(stores.size, 0);
});

test("a page that can't be kept whole is no error of the page", async () => {
  fetchBy(() => Promise.resolve(new Response("", { status: 503 })));
  await keep(order("o1"), replies);
});

test("what is kept is answered when the network fails or the house is down", async () => {
  await keep(order("o1"), replies);
  for (
    const down of [
      () => Promise.reject(new TypeError("offline")),
      () => Promise.resolve(new Response("", { status: 503 })),
    ]
  ) {
    fetchBy(down);
    assert.equal(await ask("/order/o1", { mode: "navigate" }), PAGE);
    assert.equal(await ask("/order/o1?from=mail", { mode: "navigate" }), PAGE);
    assert.match(await ask("/order/get_info?order_id=o1"), /"kept_at"/);
    assert.equal(await ask("/web/app.js"), "file /web/app.js");
  }
});

test("what is kept is answered when the network takes longer than four seconds, not sooner", async () => {
  await keep(order("o1"), replies);
  fetchBy(() => new Promise(() => {}));
  const waits = [];
  const later = globalThis.setTimeout;
  define("setTimeout", (run, ms, ...rest) => waits.push(ms) && later(run, 0, ...rest));
  try {
    assert.equal(await ask("/order/o1", { mode: "navigate" }), PAGE);
  } finally {
    define("setTimeout", later);
  }
  assert.deepEqual(waits, [4000]);
});

test("the network's answer counts where there is one, a refusal included", async () => {
  await keep(order("o1"), replies);
  fetchBy(() => Promise.resolve(new Response("fresh", { status: 401 })));
  assert.equal(await ask("/order/get_info?order_id=o1"), "fresh");
});

test("what is kept for one user is answered to no other one, and to nobody once it is forgotten", async () => {
  await keep(order("o1"), replies);
  fetchBy(() => Promise.reject(new TypeError("offline")));
  await assert.rejects(ask("/order/get_info?order_id=o1", { user: "eve" }), TypeError);
  await forgetTickets();
  await assert.rejects(ask("/order/get_info?order_id=o1"), TypeError);
  await assert.rejects(ask("/order/o1", { mode: "navigate" }), TypeError);
});

test("all other requests are left alone", async () => {
  await keep(order("o1"), replies);
  const others = ["/", "/user/get_profile", "/film/get_info_list", "/live/s-o1"];
  for (const path of others) assert.equal(await ask(path), undefined, path);
  assert.equal(await ask("/account", { mode: "navigate" }), undefined);
  assert.equal(await ask("/order/get_info?order_id=o1", { method: "POST" }), undefined);
  assert.equal(await ask("/order/o1", { origin: "https://elsewhere.example" }), undefined);
});

fetchBy(readFile);
