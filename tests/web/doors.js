/** A door's ticket, list and network, for the tests of what a door does without one. Import browser.js before it. */

import { canonical } from "../../web/door/codes.js";
import * as memory from "../../web/door/memory.js";
import { browser } from "../../web/storage.js";

// Signed by services/order/tickets, with the key of the bytes 0 to 31.
export const CODE =
  "M1.Vkdap1Rj.01a1fd94188c731599426506d887675e~s1~F7.VO1k9Dby7MnPMdwx7LH6kl0AJXA0wE2ilA2k7libFzrAkj4ybOdzjYXr" +
  "D6ZXpLhtMfaJDcXA21nIOcZAQnj2Ag";
export const TICKET = "01a1fd94188c731599426506d887675e";
export const KEYS = [{
  key_id: "Vkdap1Rj",
  algorithm: "Ed25519",
  public_key: "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg",
}];
export const ADMISSION = { admitted_at: new Date().toISOString(), door: "left" };

/** The calls that were made: [path, fields]. */
export const sent = [];
export const sentPaths = () => sent.map(([path]) => path.replace("/order/", ""));

/** From now on the order room answers so: [status, reply] to the path; a function that throws is a network away. */
export function answering(answer) {
  Object.defineProperty(globalThis, "fetch", {
    configurable: true,
    value: async (path, { body }) => {
      sent.push([path, body ? JSON.parse(body) : null]);
      const [status, reply] = await answer(path);
      return new Response(JSON.stringify(reply), { status });
    },
  });
}

export function away() {
  throw new TypeError("no network");
}

const inSeconds = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();

/** A screening whose doors are open at this moment. */
export const showing = () => ({
  screening_id: "s1",
  cinema_id: "kanal",
  film: "Arrival",
  starts_at: inSeconds(600),
  ends_at: inSeconds(6000),
  doors_open_at: inSeconds(-600),
  cancelled: false,
  age_rating: "16",
});

/** A list by which the code is good at this moment. */
export const listOfNow = () => ({ made_at: inSeconds(0), screenings: [showing()], void: [], used: [], keys: KEYS });

/** A door that has a new list, has admitted nobody, and sent nothing. */
export function openDoor() {
  browser.clear();
  sent.length = 0;
  memory.keepList(listOfNow(), Date.now());
}

const text = (found) => btoa(String.fromCharCode(...new Uint8Array(found))).replaceAll("+", "-").replaceAll("/", "_");

/** The list as the order room signs it, with a key of its own. */
export async function signed(list) {
  const pair = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]));
  const key = { key_id: "own", public_key: text(await crypto.subtle.exportKey("raw", pair.publicKey)) };
  const body = { ...list, keys: [...list.keys, key] };
  const made = await crypto.subtle.sign("Ed25519", pair.privateKey, new TextEncoder().encode(`D1.${canonical(body)}`));
  return { ...body, key_id: "own", signature: text(made) };
}
