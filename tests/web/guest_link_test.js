/** The link in a guest's mail makes nobody another guest unasked. */

import "./browser.js";
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { start } from "../../web/language/translations.js";

await start();
const define = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
define("addEventListener", () => {});
define("history", { state: null, replaceState: () => {} });
const forgotten = [];
define("caches", { delete: (name) => Promise.resolve(forgotten.push(name)) });
const { open } = await import("../../web/guest/link.js");
const { guestNote, unconfirmedAddress } = await import("../../web/guest/paying.js");
const { browser } = await import("../../web/storage.js");
const session = await import("../../web/account/session.js");

const LATER = new Date(Date.now() + 86_400_000).toISOString();
const LATEST = new Date(Date.now() + 2 * 86_400_000).toISOString();
const OPENED = { expires_at: LATEST, order_id: "o9", email: "mallory@cinema.example" };
const refusal = (code, about = {}) => Response.json({ error: "x", code, ...about }, { status: 409 });

/** What the link's page shows, and sends; `answers`: of the API, in turn. */
async function follow(...answers) {
  const sent = [];
  define("location", new URL("https://cinema.example/order/o9#the-token"));
  define("fetch", (path, { body }) => {
    sent.push([path, JSON.parse(body)]);
    return Promise.resolve(answers.shift());
  });
  const main = /** @type {any} */ (document.createElement("main"));
  return { opened: await open(main, "o9"), sent, main };
}

const text = (element) => element.children ? element.children.map(text).join("") : String(element);
const all = (element) => (element.children ?? []).flatMap((child) => [child, ...all(child)]);
const buttons = (element) =>
  (element.children ?? []).flatMap((child) => child.name === "button" ? [child] : buttons(child));

beforeEach(() => {
  forgotten.length = 0;
  browser.set("guest", { expires_at: LATER, order: "o1" });
});

test("it opens at once where it is for the guest of this browser, whose kept tickets stay", async () => {
  const { opened, sent } = await follow(Response.json({ ...OPENED, email: "grace@cinema.example" }));
  assert.ok(opened);
  assert.deepEqual(sent, [["/user/open_order", { token: "the-token", same_guest: true }]]);
  assert.deepEqual(session.guest(), {
    expires_at: LATEST,
    order: "o9",
    email: "grace@cinema.example",
    confirmed: "grace@cinema.example",
  });
  assert.deepEqual(forgotten, []);
});

test("one that was used before leaves the order to the guest of this browser", async () => {
  assert.ok((await follow(refusal("link_over"))).opened);
  assert.equal(session.guest().order, "o1");
});

test("for another guest it asks first, and says what orders without an address are lost", async () => {
  const { opened, sent, main } = await follow(refusal("other_guest"), Response.json(OPENED));
  assert.ok(!opened);
  assert.match(text(main), /no e-mail address: print their tickets first/);
  assert.deepEqual(session.guest(), { expires_at: LATER, order: "o1" });
  await buttons(main)[0].onclick().catch(() => {}); // no page can be drawn anew in a test
  assert.deepEqual(sent[1], ["/user/open_order", { token: "the-token", same_guest: false }]);
  assert.deepEqual(session.guest(), {
    expires_at: LATEST,
    order: "o9",
    email: "mallory@cinema.example",
    confirmed: "mallory@cinema.example",
  });
  assert.deepEqual(forgotten, ["tickets"]);
});

test("for another guest than one with an address it says which links open the orders bought here", async () => {
  session.keepGuest({ email: "victor@cinema.example" });
  const { opened, main } = await follow(refusal("other_guest"));
  assert.ok(!opened);
  assert.match(text(main), /only the links mailed to victor@cinema\.example/);
});

test("without an answer it asks, so that the link can be tried again", async () => {
  const { opened, main } = await follow(new Response("", { status: 503 }));
  assert.ok(!opened);
  assert.equal(text(buttons(main)[0]), "Open my order");
});

test("a link that was used offers another one instead of itself, and the success is no warning", async () => {
  browser.remove("guest");
  const { main } = await follow(refusal("link_over", { order_id: "o9" }), Response.json({}));
  const [open_, another] = buttons(main);
  const find = (look) => all(main).find(({ attributes }) => attributes?.class?.includes(look));
  const [warning, sent] = ["warning", "good"].map(find);
  await open_.onclick();
  assert.deepEqual([open_.hidden, another.hidden, warning.hidden], [true, false, false]);
  assert.equal(another.attributes.class, "primary");
  assert.ok(all(main).some((each) => each.hidden === true && /opens the order once/.test(text(each))));
  await another.onclick();
  assert.deepEqual([another.hidden, warning.hidden, sent.hidden], [true, true, false]);
  assert.match(text(sent), /on its way/);
});

test("once the link has confirmed the address, the guest is not asked to open it any more", async () => {
  session.keepGuest({ email: "grace@cinema.example" });
  assert.match(text(guestNote(() => {})), /Open the link once: only then/);
  await follow(Response.json({ ...OPENED, email: "grace@cinema.example" }));
  assert.match(text(guestNote(() => {})), /We write to you there/);
  session.keepGuest({ email: "other@cinema.example" });
  assert.equal(unconfirmedAddress(), "other@cinema.example");
});

test("a stranger is asked, because mail scanners open every link, and told of no loss", async () => {
  browser.remove("guest");
  const { opened, sent, main } = await follow();
  assert.deepEqual([opened, sent], [false, []]);
  assert.doesNotMatch(text(main), /another guest/);
});
