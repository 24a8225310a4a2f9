/** Who is here: a user who is signed in, or a guest. The token itself is in an HttpOnly cookie, which no script can read. */

import { expectUser, newKey, onRefusal, read, write } from "../api.js";
import { language } from "../language/translations.js";
import { browser, forgetTickets, tab } from "../storage.js";

const listeners = new Set();
let current = browser.get("user");
expectUser(current?.username);

/** Run `listener(elsewhere)` whenever somebody has signed in or out; `elsewhere` means in another tab. */
export const onChange = (listener) => listeners.add(listener);

/** {username, display_name, roles} of the signed-in user as far as this tab knows, or null. The API decides. */
export const user = () => current;

/**
 * {expires_at, order, email, confirmed} of the guest who buys in this browser, the last three where known: `confirmed` is
 * the address whose mailed link was opened here. Null for anybody else.
 */
export function guest() {
  const kept = browser.get("guest");
  return !current && kept && Date.parse(kept.expires_at) > Date.now() ? kept : null;
}

/** Be a guest of this browser from now on, as `write` was told, or the same with other facts. */
export function keepGuest(facts) {
  browser.set("guest", { ...guest(), ...facts });
  if (current) change(null); // the cookie is the guest's by now
  else listeners.forEach((listener) => listener(false));
}

/** Buy without an account; the mails come in the language of the page. */
export async function startGuest() {
  const { expires_at } = await write("/user/start_guest", { language: language() });
  await forgetTickets(); // of a guest before, whose time here is over
  keepGuest({ expires_at });
}

function setCurrent(now, elsewhere) {
  if (now?.username !== current?.username) forgetTickets();
  current = now;
  expectUser(now?.username);
  listeners.forEach((listener) => listener(elsewhere));
}

function change(now, elsewhere = false) {
  if (now) browser.set("user", now);
  else browser.remove("user");
  if (now) browser.remove("guest"); // whose orders are the user's
  setCurrent(now, elsewhere);
}

/**
 * Sign in; rejects with a Problem: `login_failed` for a wrong name or password, `second_factor_missing` if the account
 * needs a code, too.
 */
export async function signIn(username, password, code = null) {
  const { user: { username: name, display_name, roles, language: ofMails } } = await write("/user/login", {
    username,
    password,
    ...(code && { second_factor: code }),
  });
  change({ username: name, display_name, roles });
  if (ofMails === null) keepLanguage(); // an account from before mails had their reader's language
}

/** Open an account and sign in to it; `email` may be empty, and what is mailed comes in the language of the page. */
export async function register(username, password, email) {
  const given = { username, password, language: language(), ...(email && { email }) };
  await write("/user/register", given, newKey());
  await signIn(username, password);
}

let languageKept = Promise.resolve();

/**
 * Have the mails to the user who is signed in come in the language of the page, which goes on meanwhile. If it fails, the
 * next switch tries again; one follows the other, so that the last one counts.
 */
export function keepLanguage() {
  if (current) languageKept = languageKept.then(sendLanguage).catch(() => {});
  return languageKept;
}

async function sendLanguage() {
  const { language: kept } = await read("/user/get_profile");
  if (kept !== language()) await write("/user/update_profile", { language: language() }, newKey());
}

/** Whether the signed-in user is of the staff. */
export const isStaff = () => Boolean(current?.roles?.length);

/**
 * Without an answer the user is still signed in. After any answer the cookie is gone, though the session may live on at
 * the server. What was begun in this tab is forgotten, so that the next user does not find it.
 */
export async function signOut() {
  try {
    await write("/user/logout");
  } catch (problem) {
    if (problem.status) forget();
    if (problem.status !== 401) throw problem; // 401: the session had ended before
  }
  forget();
}

function forgetGuest() {
  browser.remove("guest");
  forgetTickets();
}

/** Forget the user or guest, whose session has ended. */
export function forget() {
  tab.clear();
  forgetGuest();
  change(null);
}

onRefusal("unauthenticated", () => current ? change(null) : forgetGuest());
// Another tab has changed the user without this one noticing. Without storage this tab can't know the new user.
onRefusal("other_user", () => {
  const kept = browser.get("user");
  change(kept?.username === current?.username ? null : kept, true);
});
// Another tab has signed in or out; a null key means that it cleared the storage.
addEventListener("storage", ({ key }) => [null, "user"].includes(key) && setCurrent(browser.get("user"), true));
