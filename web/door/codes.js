/** Ticket codes and door lists, verified in the browser by the cinema's public keys (WebCrypto, Ed25519). */

const CODE = /^(M1\.([\w-]{8})\.([\w-]{1,64})~([\w-]{1,64})~([A-Z]{1,2}[1-9]\d{0,2}))\.([\w-]{86})$/;
const LIST_PREFIX = "D1.";

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

/** The same bytes in base64url again: a signature has one spelling only. */
const spelled = (found) =>
  btoa(String.fromCharCode(...found)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** Whether the key signed the text; rejects where the browser has no Ed25519. */
async function isSigned({ public_key: key }, signature, text) {
  const imported = await crypto.subtle.importKey("raw", bytes(key), { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify("Ed25519", imported, bytes(signature), new TextEncoder().encode(text));
}

/** {ticket, screening, seat} of a code that one of the keys has signed, or the reason: `forged`, `unknown_key`. */
export async function readCode(code, keys) {
  const [, text, keyId, ticket, screening, seat, signature] = CODE.exec(code) ?? [];
  if (!text) return "forged";
  const key = keys.find(({ key_id: id }) => id === keyId);
  if (!key) return "unknown_key";
  if (spelled(bytes(signature)) !== signature || !(await isSigned(key, signature, text))) return "forged";
  return { ticket, screening, seat };
}

/** The ticket that a code names, whoever has signed it. */
export const ticketOf = (code) => CODE.exec(code)?.[3] ?? null;

/** The seat that a code names, whoever has signed it. */
export const seatOf = (code) => CODE.exec(code)?.[5] ?? null;

/** JSON with sorted names and no spaces (RFC 8785), as the order room signs it. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
}

/** Whether a door list is as one of the keys has signed it. */
export async function isGenuine(list, keys) {
  const { key_id: keyId, signature, ...body } = list;
  const key = keys.find(({ key_id: id }) => id === keyId);
  return Boolean(key) && (await isSigned(key, signature, LIST_PREFIX + canonical(body)));
}
