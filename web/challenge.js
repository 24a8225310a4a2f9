/**
 * The answer to a challenge that the API asks for when an account or address holds seats often: a proof of work (ALTCHA,
 * PBKDF2), as gateway/rate_limits/challenges.py makes it. The browser works beside the page, which stays usable.
 */

const MOST_TRIES = 10_000;

/** The value of the header X-Challenge; null where this browser can't compute it, as without https. */
export async function answerTo(challenge) {
  const { cost, keyLength, keyPrefix, nonce, salt } = challenge.parameters;
  if (!globalThis.crypto?.subtle || challenge.parameters.algorithm !== "PBKDF2/SHA-256") return null;
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations: cost };
  for (let counter = 0; counter < MOST_TRIES; counter++) {
    const key = await crypto.subtle.importKey("raw", password(nonce, counter), "PBKDF2", false, ["deriveBits"]);
    const derivedKey = hex(await crypto.subtle.deriveBits(derivation, key, keyLength * 8));
    if (derivedKey.startsWith(keyPrefix)) return btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } }));
  }
  return null;
}

/** The nonce, and the counter as four bytes. */
function password(nonce, counter) {
  const found = new Uint8Array(nonce.length / 2 + 4);
  found.set(bytes(nonce));
  new DataView(found.buffer).setUint32(nonce.length / 2, counter);
  return found;
}

const bytes = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));

const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
