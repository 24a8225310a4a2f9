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

let policy; // of Trusted Types, of which there can be one

/** Whether a browser can keep anything: not without https, and not in each private window. */
const canKeep = () => "caches" in globalThis && "serviceWorker" in navigator;

/** Keep an order whose tickets are valid. `replies`: what the API has answered to the READS, by their names. */
export async function keep(order, replies) {
  if (!canKeep() || order.kept_at) return; // kept before, and shown without the network
  const owner = whoIsHere();
  try {
    await navigator.serviceWorker.register(workerAddress(), { scope: "/order/" });
    const cache = await caches.open(TICKETS);
    await dropOver(cache);
    await keepPage(cache, `/order/${order.order_id}`);
    const kept = { ...replies, order: { ...order, kept_at: new Date().toISOString() } };
    await Promise.all(
      Object.entries(kept).map(([name, reply]) =>
        cache.put(READS[name](order), new Response(JSON.stringify(reply), { headers: jsonFor(session.user()) }))
      ),
    );
  } catch (problem) {
    console.info("tickets can't be kept for offline", problem); // storage is full, say: the page works without
  }
  if (whoIsHere() !== owner) await forgetTickets(); // somebody has signed out meanwhile
}

/** Forget an order that has no valid ticket. */
export async function drop(order) {
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

async function dropOver(cache) {
  for (const kept of await cache.matchAll("/order/get_info", { ignoreSearch: true })) {
    const order = await kept.json();
    if (Date.parse(order.screening.ends_at ?? order.screening.starts_at) + KEPT_MS < Date.now()) {
      await remove(cache, order);
    }
  }
}

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

const whoIsHere = () => session.user()?.username ?? (session.guest() ? "a guest" : "nobody");

const jsonFor = (user) => ({
  "Content-Type": "application/json",
  ...(user && { "X-Session-User": encodeURIComponent(user.username) }),
});

/** Browsers with Trusted Types take the address of a script from the one policy that the gateway allows. */
function workerAddress() {
  policy ??= globalThis.trustedTypes?.createPolicy("tickets", { createScriptURL: () => WORKER });
  return policy ? policy.createScriptURL("") : WORKER;
}
