/** Which page stands at which address, and how one gets from one to the other without loading anew. */

import { Problem } from "./api.js";
import { closeDialogs } from "./dialog.js";
import { fill, say } from "./dom.js";
import { trouble } from "./problems.js";
import * as session from "./session.js";

const PAGES = [
  [/^\/$/, () => import("./pages/now_showing.js")],
  [/^\/film\/([\w-]+)$/, () => import("./pages/film.js")],
  [/^\/screening\/([\w-]+)$/, () => import("./pages/screening.js")],
  [/^\/order\/([\w-]+)$/, () => import("./pages/order.js")],
  [/^\/account$/, () => import("./pages/account.js")],
  [/^\/confirm$/, () => import("./pages/confirm.js")],
  [/^\/kitchen$/, () => import("./pages/kitchen.js")],
];
const NOWHERE = [/^/, () => Promise.reject(new Problem("unknown_path", 404))];

const main = document.getElementById("main");
let leaving = new AbortController();
let reader = null; // whom the page was drawn for

/** Go to an address of ours. */
export function go(address) {
  rememberScroll();
  history.pushState(null, "", address);
  return show();
}

/** The same page under another address, such as one with other filters; no step for the Back button. */
export const rename = (address) => history.replaceState(history.state, "", address);

/**
 * Somebody has signed in or out, `elsewhere` or here. No page that was drawn for one reader stays for the next. Here a page
 * goes on by itself where a stranger has signed in, or a session has ended and its owner may sign in again.
 */
export function meet(elsewhere) {
  const name = session.user()?.username ?? null;
  if (name === reader) return;
  if (elsewhere || (reader && name)) {
    if (elsewhere) closeDialogs(); // here it is the window to sign in, which closes itself and says what came of it
    fill(main);
    show({ scroll: scrollY, focus: false });
  } else {
    reader ??= name;
  }
}

/**
 * Draw the page of the present address. A page is a module with `show(main, {id, query, left})` that fills `main` and
 * returns its title; `left` is a signal that it is no longer wanted.
 */
export async function show({ scroll = 0, focus = true } = {}) {
  leaving.abort();
  reader = session.user()?.username ?? null;
  const { signal } = (leaving = new AbortController());
  const [pattern, load] = PAGES.find(([address]) => address.test(location.pathname)) ?? NOWHERE;
  main.setAttribute("aria-busy", "true");
  let page;
  try {
    page = await load().catch(didNotCome);
    if (signal.aborted) return;
    const id = pattern.exec(location.pathname)?.[1];
    const title = await page.show(main, { id, query: new URLSearchParams(location.search), left: signal });
    if (!signal.aborted) arrive(title, scroll, focus);
  } catch (problem) {
    if (signal.aborted) return;
    fill(main, trouble(problem, page ? () => show() : loadAnew));
    arrive(main.querySelector("h1").textContent, 0, focus);
  } finally {
    if (!signal.aborted) main.removeAttribute("aria-busy");
  }
}

function didNotCome(failure) {
  if (!(failure instanceof TypeError)) throw failure; // that is what a failed fetch is; all else is a fault of ours
  console.error(failure);
  throw new Problem("offline");
}

/** A browser may remember that a module did not come until all is loaded anew. Without a line that loses the page. */
async function loadAnew() {
  try {
    await fetch(location.href, { cache: "reload" });
  } catch {
    return show();
  }
  return location.reload();
}

function arrive(title, scroll, focus) {
  document.title = `${title} · Marquee`;
  scrollTo(0, scroll);
  if (!focus) return;
  (main.querySelector("h1") ?? main).focus({ preventScroll: true });
  say(title);
}

const rememberScroll = () => history.replaceState({ scroll: scrollY }, "");

export function start() {
  history.scrollRestoration = "manual";
  addEventListener("popstate", (event) => show({ scroll: event.state?.scroll ?? 0 }));
  addEventListener("pagehide", rememberScroll);
  // Back from another site a browser may show the page as it was left, with all that has changed since.
  addEventListener("pageshow", (event) => event.persisted && show({ scroll: scrollY, focus: false }));
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='/']");
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !plain || link.target || link.hasAttribute("download") || /^\/(docs|openapi)/.test(link.pathname)) {
      return;
    }
    event.preventDefault();
    go(link.getAttribute("href"));
  });
  return show({ scroll: history.state?.scroll ?? 0, focus: false });
}
