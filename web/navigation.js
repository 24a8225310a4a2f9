/** From page to page without loading the document again. It imports no page: `start` is given the routes. */

import { user } from "./account/session.js";
import { Problem } from "./api.js";
import { closeDialogs } from "./dialog.js";
import { announce, fill } from "./dom.js";
import { problemPanel } from "./problems.js";

const main = document.getElementById("main");
let findPage;
let leaving = new AbortController();
let drawnFor = null; // the username that the page was drawn for

const username = () => user()?.username ?? null;

/** Go to a path of ours. */
export function go(path) {
  rememberScroll();
  history.pushState(null, "", path);
  return reload({ scroll: 0, focus: true });
}

/** Give the same page another path, such as one with other filters. The Back button knows nothing of it. */
export const rename = (path) => history.replaceState(history.state, "", path);

/**
 * Draw the page anew after somebody has signed in or out, in another tab (`elsewhere`) or in this one. No page that was
 * drawn for one user stays for the next. In this tab a page goes on by itself where a guest has signed in, or where a
 * session has ended and its owner may sign in again.
 */
export function userChanged(elsewhere) {
  const name = username();
  if (name === drawnFor) return;
  if (elsewhere || (drawnFor && name)) {
    if (elsewhere) closeDialogs(); // in this tab it is the sign-in window, which closes itself
    fill(main);
    reload();
  } else {
    drawnFor ??= name;
  }
}

/** Draw the page of the present path anew: where the reader had scrolled to, with the focus where it is. */
export async function reload({ scroll = scrollY, focus = false } = {}) {
  leaving.abort();
  drawnFor = username();
  const { signal } = (leaving = new AbortController());
  const { load, id } = findPage(location.pathname);
  main.setAttribute("aria-busy", "true");
  let page;
  try {
    page = await load().catch(moduleFailed);
    if (signal.aborted) return;
    const title = await page.show(main, { id, query: new URLSearchParams(location.search), signal });
    if (!signal.aborted) arrive(title, scroll, focus);
  } catch (problem) {
    if (signal.aborted) return;
    fill(main, problemPanel(problem, page ? () => reload({ scroll: 0, focus: true }) : reloadDocument));
    arrive(main.querySelector("h1").textContent, 0, focus);
  } finally {
    if (!signal.aborted) main.removeAttribute("aria-busy");
  }
}

/** A module that can't be fetched is a TypeError, whether the server or the way to it is down: ask which. */
async function moduleFailed(failure) {
  if (!(failure instanceof TypeError) || (await isOnline())) throw failure;
  console.error(failure);
  throw new Problem("offline");
}

const isOnline = () => fetch("/health", { cache: "no-store" }).then(() => true, () => false);

/**
 * A browser may remember that a module failed until the document is loaded anew. Offline that would lose the page, so
 * the document is fetched first.
 */
async function reloadDocument() {
  try {
    await fetch(location.href, { cache: "reload" });
  } catch {
    return reload({ scroll: 0, focus: true });
  }
  return location.reload();
}

function arrive(title, scroll, focus) {
  document.title = `${title} · Marquee`;
  scrollTo(0, scroll);
  if (!focus) return;
  (main.querySelector("h1") ?? main).focus({ preventScroll: true });
  announce(title);
}

const rememberScroll = () => history.replaceState({ scroll: scrollY }, "");

function followLink(event) {
  const link = event.target.closest?.("a[href^='/']");
  const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!link || !plain || link.target || link.hasAttribute("download") || /^\/(docs|openapi)/.test(link.pathname)) {
    return;
  }
  event.preventDefault();
  go(link.getAttribute("href"));
}

/** Draw the first page and follow links from now on; `routes` finds the page of a path, see routes.js. */
export function start(routes) {
  findPage = routes;
  history.scrollRestoration = "manual";
  addEventListener("popstate", (event) => reload({ scroll: event.state?.scroll ?? 0, focus: true }));
  addEventListener("pagehide", rememberScroll);
  // Back from another site, a browser may show the page as it was left, with all that has changed since.
  addEventListener("pageshow", (event) => event.persisted && reload());
  addEventListener("click", followLink);
  return reload({ scroll: history.state?.scroll ?? 0 });
}
