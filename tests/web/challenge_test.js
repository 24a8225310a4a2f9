/** A challenge is answered by the page itself, and the purchase repeated under its key. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { write } from "../../web/api.js";
import { answerTo } from "../../web/challenge.js";

// As ALTCHA makes it of the counter 37.
const PARAMETERS = {
  algorithm: "PBKDF2/SHA-256",
  nonce: "00112233445566778899aabbccddeeff",
  salt: "ffeeddccbbaa99887766554433221100",
  cost: 10,
  keyLength: 32,
  keyPrefix: "74ea8ff470ea31d12435bf3afd6c092c",
};
const CHALLENGE = { parameters: PARAMETERS, signature: "signed" };
const SOLUTION = { counter: 37, derivedKey: "74ea8ff470ea31d12435bf3afd6c092cd6726038976342cf3a8fa57770aa55e8" };

function serve(replies) {
  const asked = [];
  const fetch = (path, { headers }) => {
    asked.push([path, headers["Idempotency-Key"], headers["X-Challenge"]]);
    const [status, body] = replies.shift();
    return Promise.resolve(Response.json(body, { status }));
  };
  Object.defineProperty(globalThis, "fetch", { value: fetch, configurable: true });
  return asked;
}

test("the answer is the counter that the key was derived from", async () => {
  const answer = JSON.parse(atob(await answerTo(CHALLENGE)));
  assert.deepEqual(answer, { challenge: CHALLENGE, solution: SOLUTION });
});

test("a purchase that needs an answer is repeated with it, under the same key", async () => {
  const asked = serve([[428, { code: "challenge_required", challenge: CHALLENGE }], [200, { order_id: "o1" }]]);
  assert.deepEqual(await write("/order/buy", { seats: ["F7"] }, "key-1"), { order_id: "o1" });
  assert.deepEqual(asked.map(([path, key]) => [path, key]), [["/order/buy", "key-1"], ["/order/buy", "key-1"]]);
  assert.equal(asked[0][2], undefined);
  assert.equal(JSON.parse(atob(asked[1][2])).solution.counter, 37);
});

test("an answer that is not accepted is not tried for ever", async () => {
  const refusal = [428, { code: "challenge_required", challenge: CHALLENGE }];
  const asked = serve([refusal, refusal, refusal]);
  await assert.rejects(write("/order/buy", {}, "key-1"), { code: "challenge_required" });
  assert.equal(asked.length, 2);
});

test("a kind of challenge that this page does not know is told to the user", async () => {
  const other = { parameters: { ...PARAMETERS, algorithm: "PICTURES" } };
  const asked = serve([[428, { code: "challenge_required", challenge: other }]]);
  await assert.rejects(write("/order/buy", {}, "key-1"), { code: "challenge_required" });
  assert.equal(asked.length, 1);
});
