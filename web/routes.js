/** Which page stands at which path. */

import { Problem } from "./api.js";

/** @type {[RegExp, () => Promise<{show: Function}>][]} */
const ROUTES = [
  [/^\/$/, () => import("./pages/now_showing.js")],
  [/^\/film\/([\w-]+)$/, () => import("./pages/film.js")],
  [/^\/screening\/([\w-]+)$/, () => import("./pages/screening.js")],
  [/^\/order\/([\w-]+)$/, () => import("./pages/order.js")],
  [/^\/receipt\/([\w-]+)$/, () => import("./pages/receipt.js")],
  [/^\/account$/, () => import("./pages/account.js")],
  [/^\/confirm$/, () => import("./pages/confirm.js")],
  [/^\/forgotten$/, () => import("./pages/forgotten.js")],
  [/^\/reset$/, () => import("./pages/reset.js")],
  [/^\/door$/, () => import("./pages/door.js")],
  [/^\/kitchen$/, () => import("./pages/kitchen.js")],
  [/^\/insight$/, () => import("./pages/insight.js")],
];

/**
 * The page at `path`: {load, id}. `load()` settles with a module whose `show(main, {id, query, signal})` fills `main`
 * and returns the page's title; `signal` aborts when the page is left. `load()` rejects with `unknown_path` where there
 * is no page.
 */
export function findPage(path) {
  for (const [pattern, load] of ROUTES) {
    const match = pattern.exec(path);
    if (match) return { load, id: match[1] };
  }
  return { load: () => Promise.reject(new Problem("unknown_path", 404)) };
}
