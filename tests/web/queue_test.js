/** A turn in the queue of a screening, as a tab remembers it. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { tab } from "../../web/storage.js";
import { Turn } from "../../web/basket/turn.js";

const WANTED = { seats: ["A1", "A2"], snacks: [] };

test("a turn is awaited with what was wanted, and taken with a pass", () => {
  const turn = new Turn("premiere");
  assert.equal(turn.isAwaited(), false);
  turn.begin(WANTED);
  assert.equal(new Turn("premiere").isAwaited(), true); // as after a reload
  assert.deepEqual(turn.wanted(), WANTED);
  assert.deepEqual(turn.pass(), {});
  assert.equal(new Turn("matinee").isAwaited(), false);
  turn.take("the-pass");
  assert.equal(turn.isAwaited(), false);
  assert.deepEqual(new Turn("premiere").pass(), { pass: "the-pass" });
  turn.remove();
  assert.deepEqual(turn.pass(), {});
});

test("a turn without a pass needs none, and belongs to the account that waited", () => {
  const turn = new Turn("premiere");
  turn.take(undefined);
  assert.deepEqual(turn.pass(), {});
  tab.set("queue:premiere", { wanted: WANTED, pass: "the-pass", buyer: "somebody else" });
  assert.deepEqual([turn.pass(), turn.wanted().seats, turn.isAwaited()], [{}, [], false]);
});
