/** The seat geometry of the pages and of the seating room is held to the same cases, tests/geometry_cases.json. */

import "./browser.js";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { leftAlone, nearestBlock } from "../../web/hall/blocks.js";
import { bendAt, leanOf, turnAt } from "../../web/hall/geometry.js";
import { hallOf } from "./halls.js";

const CASES = JSON.parse(readFileSync(new URL("../geometry_cases.json", import.meta.url), "utf8"));
const hall = ({ chart, taken = [] }) => hallOf(CASES.charts[chart].chart, taken);
const seats = (of, ids) => ids.map((id) => of.seat(id));
const ids = (found) => found?.map((seat) => seat.seat_id) ?? null;

for (const example of CASES.runs) {
  test(`the runs of the hall ${example.chart}`, () => {
    assert.deepEqual(hall(example).runs.map((run) => run.map(ids)), example.runs);
  });
}

for (const example of CASES.left_alone) {
  const { chart, taken, chosen, alone } = example;
  test(`${chart} with ${taken} taken: ${chosen} leaves ${alone.length ? alone : "no seat"} alone`, () => {
    const here = hall(example);
    assert.deepEqual(ids(leftAlone(here, seats(here, chosen))), alone);
  });
}

for (const example of CASES.nearest_block) {
  const { chart, taken, wanted, tidy, block } = example;
  test(`${chart} with ${taken} taken: ${block} is the nearest ${tidy ? "tidy " : ""}block to ${wanted}`, () => {
    const here = hall(example);
    assert.deepEqual(ids(nearestBlock(here, seats(here, wanted), tidy)), block);
  });
}

for (const { width, curve, x, bend } of CASES.bend) {
  test(`a row of a hall ${width} wide, with curve ${curve}, is bent by ${bend} at ${x}`, () => {
    assert.ok(Math.abs(bendAt({ width, curve }, x) - bend) < 1e-9);
  });
}

test("a seat turns along its row: not in the middle, and to opposite sides at the walls", () => {
  const chart = { width: 10, curve: 2 };
  assert.equal(Math.abs(turnAt(chart, 5)), 0);
  assert.ok(turnAt(chart, 1) > 0);
  assert.equal(turnAt(chart, 9), -turnAt(chart, 1));
});

test("the line along a row goes through the seats between its ends", () => {
  const chart = { width: 10, curve: 2 };
  const place = (x) => ({ x, y: 4 + bendAt(chart, x) });
  const [from, to] = [place(0.5), place(8.5)];
  const towards = leanOf(chart, from, to);
  for (const share of [0.25, 0.5, 0.75]) {
    const at = (axis) =>
      (1 - share) ** 2 * from[axis] + 2 * share * (1 - share) * towards[axis] + share ** 2 * to[axis];
    assert.ok(Math.abs(at("y") - place(at("x")).y) < 1e-9);
  }
});
