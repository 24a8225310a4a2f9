/** A cancellation waits while its page is drawn anew, and is sent when the page is left. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { start } from "../../web/language/translations.js";

await start();
const page = new EventTarget();
const define = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
define("addEventListener", page.addEventListener.bind(page));
const { Cancellation } = await import("../../web/order/unpaid/cancelling.js");

const ORDER = { order_id: "o1" };

/** A cancellation in the page /order/o1; `sent`: the calls that it makes, `leaving` and `again` draw the next page. */
function pending() {
  const sent = [];
  define("location", new URL("https://cinema.example/order/o1"));
  define("fetch", (path, { keepalive = false }) => {
    sent.push([path, keepalive]);
    return Promise.resolve(Response.json({ ...ORDER, status: "cancelled" }));
  });
  const done = [];
  const cancellation = new Cancellation(ORDER);
  let leaving = new AbortController();
  const show = () => cancellation.show(leaving.signal, (...outcome) => done.push(outcome));
  show();
  const draw = (path) => {
    define("location", new URL(path, "https://cinema.example/"));
    leaving.abort();
    leaving = new AbortController();
  };
  return { cancellation, sent, done, show, draw };
}

test("it goes on in a page that is drawn anew, as in another language, where it can still be taken back", () => {
  const { cancellation, sent, done, show, draw } = pending();
  const before = cancellation.element;
  draw("/order/o1");
  assert.deepEqual(sent, []);
  assert.ok(cancellation.isOf(ORDER));
  assert.ok(!cancellation.isOf({ order_id: "o2" }));
  show();
  assert.notEqual(cancellation.element, before);
  cancellation.undo();
  assert.deepEqual([sent, done], [[], [[null, null]]]);
  assert.ok(!cancellation.isOf(ORDER));
});

test("it is sent once, to outlive the page, when the buyer goes to another page or leaves the site", async () => {
  for (const leave of [({ draw }) => draw("/"), () => page.dispatchEvent(new Event("pagehide"))]) {
    const made = pending();
    made.draw("/order/o1");
    made.show();
    leave(made);
    page.dispatchEvent(new Event("pagehide"));
    await new Promise((settle) => setTimeout(settle, 1));
    assert.deepEqual([made.sent, made.done], [[["/order/cancel", true]], []]);
    assert.ok(!made.cancellation.isOf(ORDER));
  }
});
