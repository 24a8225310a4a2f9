/** Who is signed in. The token itself is in an HttpOnly cookie: no script can read it, not even this one. */

import { newKey, onSignedOut, write } from "./api.js";
import { browser, tab } from "./keep.js";

const listeners = new Set();

/** `heard` is run whenever somebody has signed in or out. */
export const onChange = (heard) => listeners.add(heard);

/** {username, display_name, roles} of whoever is signed in here, or null; the API has the last word, whatever the clock here says. */
export const user = () => browser.get("user");

function change(known) {
  if (known) browser.set("user", known);
  else browser.drop("user");
  listeners.forEach((heard) => heard());
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
    if (problem.status !== 401) throw problem;  // 401: it had ended before
  }
  forget();
}

function forget() {
  tab.clear();
  change(null);
}

onSignedOut(() => user() && change(null));
// Signed in or out in another tab.
addEventListener("storage", (event) => event.key === "user" && listeners.forEach((heard) => heard()));
