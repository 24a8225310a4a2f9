/**
 * Orders with tickets, kept on this device for the moment at the door when there is no network: the page, its files and
 * what the API has said of the order. The service worker beside this file shows them; signing out forgets them.
 */

import * as session from "../../account/session.js";
import { language } from "../../language/translations.js";
import { forgetTickets, TICKETS } from "../../storage.js";

const WORKER = "/web/order/offline/worker.js";
const KEPT_MS = 86_400_000; // after the screening
const READS = {
  order: (order) => `/order/get_info?order_id=${order.order_id}`,
  images: (order) => `/order/get_ticket_images?order_id=${order.order_id}`,
  screening: (order) => `/film/get_screening?screening_id=${order.screening_id}`,
};

const states = new Map(); // the state of an order, by its id, that is kept or to be kept; none once it was dropped
let policy; // of Trusted Types, of which there can be one

/** Whether a browser can keep anything: not without https, and not in each private window. */
const canKeep = () => "caches" in globalThis && "serviceWorker" in navigator;

/**
 * keep(replies), which keeps this state of an order whose tickets are valid: unless by then the order was dropped, or a
 * newer state of it is to be kept. `replies`: what the API has answered to the READS, by their names.
 */
export function keeper(order) {
  if (!canKeep() || order.kept_at) return () => Promise.resolve(); // kept before, and shown without the network
  states.set(order.order_id, order);
  return (replies) => keep(order, replies);
}

async function keep(order, replies) {
  const { order_id: id } = order;
  const owner = whoIsHere();
  try {
    await navigator.serviceWorker.register(workerAddress(), { scope: "/order/" });
    const cache = await caches.open(TICKETS);
    await dropOver();
    await keepPage(cache, `/order/${id}`);
    if (states.get(id) === order) await keepReplies(cache, order, replies);
    if (!states.has(id)) await remove(cache, order); // dropped meanwhile
  } catch (problem) {
    console.info("tickets can't be kept for offline", problem); // storage is full, say: the page works without
  }
  if (whoIsHere() !== owner) await forgetTickets(); // somebody has signed out meanwhile
}

async function keepReplies(cache, order, replies) {
  const kept = { ...replies, order: { ...order, kept_at: new Date().toISOString() } };
  const headers = headersFor(session.user(), order);
  await Promise.all(
    Object.entries(kept).map(([name, reply]) =>
      cache.put(READS[name](order), new Response(JSON.stringify(reply), { headers }))
    ),
  );
}

/** Forget an order that has no valid ticket. */
export async function drop(order) {
  states.delete(order.order_id);
  try {
    if (canKeep() && await caches.has(TICKETS)) await remove(await caches.open(TICKETS), order);
  } catch {
    // Nothing may be kept in this browser.
  }
}

async function remove(cache, order) {
  await Promise.all([`/order/${order.order_id}`, ...Object.values(READS).map((address) => address(order))]
    .map((address) => cache.delete(address)));
}

/** Forget the orders whose day is over. */
export async function dropOver() {
  const cache = await caches.open(TICKETS);
  for (const kept of await cache.matchAll("/order/get_info", { ignoreSearch: true })) {
    const order = await kept.json();
    if (keptUntil(order) < Date.now()) await remove(cache, order);
  }
}

const keptUntil = ({ screening }) => Date.parse(screening.ends_at ?? screening.starts_at) + KEPT_MS;

/** The document and all files that it names; the browser has just read them, so hardly any is fetched again. */
async function keepPage(cache, address) {
  const reply = await fetch(address, { headers: { Accept: "text/html" } });
  if (!reply.ok) throw new Error(`${address}: ${reply.status}`);
  const files = [...(await reply.clone().text()).matchAll(/(?:href|src)="(\/web\/[^"]+)"/g)].map(([, file]) => file);
  await cache.put(address, reply);
  await Promise.all([...new Set([...files, `/web/language/${language()}.json`])].map(async (file) => {
    const found = await fetch(file, { cache: "force-cache" });
    if (!found.ok) throw new Error(`${file}: ${found.status}`);
    await cache.put(file, found);
  }));
}

/** Each guest has a session of another end. */
const whoIsHere = () => session.user()?.username ?? `a guest until ${session.guest()?.expires_at}`;

const headersFor = (user, order) => ({
  "Content-Type": "application/json",
  "X-Kept-Until": new Date(keptUntil(order)).toISOString(),
  ...(user && { "X-Session-User": encodeURIComponent(user.username) }),
});

/** Browsers with Trusted Types take the address of a script from the one policy that the gateway allows. */
function workerAddress() {
  policy ??= globalThis.trustedTypes?.createPolicy("tickets", { createScriptURL: () => WORKER });
  return policy ? policy.createScriptURL("") : WORKER;
}
