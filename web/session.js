/** Who is signed in. The token itself is in an HttpOnly cookie: no script can read it, not even this one. */

import { newKey, onSignedOut, write } from "./api.js";
import { browser } from "./keep.js";

const listeners = new Set();

/** `heard` is run whenever somebody has signed in or out. */
export const onChange = (heard) => listeners.add(heard);

/** {username, display_name} of whoever is signed in here, or null; the API has the last word. */
export function user() {
  const known = browser.get("user");
  return known && Date.parse(known.expires_at) > Date.now() ? known : null;
}

function change(known) {
  if (known) browser.set("user", known);
  else browser.drop("user");
  listeners.forEach((heard) => heard());
}

export async function signIn(username, password) {
  const { user: account, expires_at } = await write("/user/login", { username, password });
  change({ username: account.username, display_name: account.display_name, expires_at });
}

export async function register(username, password) {
  await write("/user/register", { username, password }, newKey());
  await signIn(username, password);
}

export async function signOut() {
  try {
    await write("/user/logout");
  } finally {
    change(null);
  }
}

onSignedOut(() => user() && change(null));
// Signed in or out in another tab.
addEventListener("storage", (event) => event.key === "user" && listeners.forEach((heard) => heard()));
