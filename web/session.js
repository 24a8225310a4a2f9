/** Who is signed in. The token itself is in an HttpOnly cookie: no script can read it, not even this one. */

import { askFor, newKey, onRefusal, write } from "./api.js";
import { browser, tab } from "./keep.js";

const listeners = new Set();
let known = browser.get("user");
askFor(known?.username);

/** `heard` is run whenever somebody has signed in or out; `elsewhere`: in another tab, so that nobody here asked for it. */
export const onChange = (heard) => listeners.add(heard);

/** {username, display_name, roles} of the one whom this tab takes its reader for, or null; the API has the last word. */
export const user = () => known;

function learn(now, elsewhere) {
  known = now;
  askFor(now?.username);
  listeners.forEach((heard) => heard(elsewhere));
}

function change(now, elsewhere = false) {
  if (now) browser.set("user", now);
  else browser.drop("user");
  learn(now, elsewhere);
}

export async function signIn(username, password) {
  const { user: { username: name, display_name, roles } } = await write("/user/login", { username, password });
  change({ username: name, display_name, roles });
}

/** `email` may be left empty. */
export async function register(username, password, email) {
  await write("/user/register", { username, password, ...(email && { email }) }, newKey());
  await signIn(username, password);
}

/**
 * Without an answer one is still signed in; after one the cookie is gone, though the session may live on elsewhere. What
 * was begun in this tab is dropped: it is nobody's who comes next.
 */
export async function signOut() {
  try {
    await write("/user/logout");
  } catch (problem) {
    if (problem.status) forget();
    if (problem.status !== 401) throw problem; // 401: it had ended before
  }
  forget();
}

function forget() {
  tab.clear();
  change(null);
}

onRefusal("unauthenticated", () => known && change(null));
// This tab has not heard of a change in another one; where nothing can be kept it can't know who it is now.
onRefusal("other_user", () => {
  const kept = browser.get("user");
  change(kept?.username === known?.username ? null : kept, true);
});
// Signed in or out in another tab; no key: all was dropped.
addEventListener("storage", ({ key }) => [null, "user"].includes(key) && learn(browser.get("user"), true));
