/**
 * The service worker of the orders' pages. Where no answer comes in time it gives those that kept.js has kept of an order
 * with tickets. It keeps nothing itself, and leaves all other requests alone.
 */

const CACHE = "tickets"; // see storage.js
const PATIENCE_MS = 4000;
const MAY_BE_KEPT = /^\/(order\/[\w-]+$|film\/get_screening$|web\/)/;

addEventListener("install", () => /** @type {any} */ (self).skipWaiting());

addEventListener("fetch", (/** @type {any} */ event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method === "GET" && origin === location.origin && MAY_BE_KEPT.test(pathname)) {
    event.respondWith(answer(event.request));
  }
});

async function answer(request) {
  const options = { cacheName: CACHE, ignoreVary: true, ignoreSearch: request.mode === "navigate" };
  const kept = await caches.match(request, options).catch(() => undefined);
  if (!kept || whose(kept) !== whose(request) || isOver(kept)) return fetch(request);
  const late = new Promise((settle) => setTimeout(settle, PATIENCE_MS, kept));
  const fresh = fetch(request).then((reply) => reply.status >= 500 ? kept : reply, () => kept);
  return Promise.race([fresh, late]);
}

/** Whether the day of a kept order is over, see kept.js; files have none. */
const isOver = ({ headers }) => Date.parse(headers.get("X-Kept-Until")) < Date.now();

/** The user whom a page asks for, or an answer was kept for; a guest and a file have none. */
const whose = ({ headers }) => headers.get("X-Session-User");
