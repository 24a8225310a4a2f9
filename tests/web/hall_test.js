/** Picking seats, and what others do with them meanwhile. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { hallOf, ROW } from "./halls.js";

const picks = (hall) => [...hall.picks].sort();

function heard(hall, name) {
  const events = [];
  hall.addEventListener(name, ({ detail }) => events.push(detail));
  return events;
}

test("a couple seat is picked and unpicked whole", () => {
  const hall = hallOf(ROW);
  assert.equal(hall.toggle("A10"), null);
  assert.deepEqual(picks(hall), ["A10", "A9"]);
  assert.equal(hall.toggle("A9"), null);
  assert.deepEqual(picks(hall), []);
});

test("half a couple seat is free only together with the other half", () => {
  const hall = hallOf(ROW, ["A9"]);
  assert.equal(hall.toggle("A10"), "taken");
  assert.equal(hall.stateOf("A10"), "sold");
});

test("eight seats are the most, and a couple seat counts as two", () => {
  const hall = hallOf(ROW);
  for (const number of [1, 2, 3, 4, 5, 6, 7]) assert.equal(hall.toggle(`A${number}`), null);
  assert.equal(hall.toggle("A9"), "most");
  assert.equal(hall.toggle("A8"), null);
  assert.equal(hall.toggle("A11"), "most");
});

test("a companion place is picked only with a wheelchair place, and goes with it", () => {
  const hall = hallOf(ROW);
  assert.equal(hall.toggle("A12"), "companion");
  hall.toggle("A11");
  assert.equal(hall.toggle("A12"), null);
  hall.toggle("A11");
  assert.deepEqual(picks(hall), []);
});

test("suggested seats are picked as far as they are free, couple seats only whole", () => {
  const hall = hallOf(ROW, ["A2"]);
  hall.pick(["A1", "A2", "A9", "nowhere"]);
  assert.deepEqual(picks(hall), ["A1"]);
});

test("a picked seat that somebody else has taken is lost, the others stay", () => {
  const hall = hallOf(ROW);
  const lost = heard(hall, "lost");
  hall.pick(["A1", "A2"]);
  assert.equal(hall.applySeatStates([{ seat_id: "A2", state: "held" }], 11, false), true);
  assert.deepEqual(picks(hall), ["A1"]);
  assert.deepEqual(lost.map(({ gone }) => gone), [["A2"]]);
});

test("while this page is buying, a held pick is not lost until the purchase has ended", () => {
  const hall = hallOf(ROW);
  hall.pick(["A1"]);
  hall.buying = true;
  hall.applySeatStates([{ seat_id: "A1", state: "held" }], 11, false);
  assert.deepEqual(picks(hall), ["A1"]);
  hall.buying = false;
  hall.dropTakenPicks();
  assert.deepEqual(picks(hall), []);
});

test("an answer older than the map changes nothing", () => {
  const hall = hallOf(ROW);
  const states = heard(hall, "states");
  assert.equal(hall.applySeatStates([{ seat_id: "A1", state: "sold" }], 9, true), false);
  assert.equal(hall.stateOf("A1"), "free");
  assert.deepEqual(states, []);
});

test("in an answer about the whole hall, a seat that is not named is free", () => {
  const hall = hallOf(ROW, ["A1"]);
  hall.applySeatStates([], 11, false);
  assert.equal(hall.stateOf("A1"), "sold");
  hall.applySeatStates([], 12, true);
  assert.equal(hall.stateOf("A1"), "free");
});

test("a change of half a couple seat is told for both halves", () => {
  const hall = hallOf(ROW);
  const states = heard(hall, "states");
  hall.applySeatStates([{ seat_id: "A9", state: "held" }], 11, false);
  assert.deepEqual(states, [["A9", "A10"]]);
});

test("the user's own seats are shown as own, and the total is that of the picks", () => {
  const hall = hallOf(ROW, ["A1"]);
  hall.setOwnSeats(["A1"]);
  hall.pick(["A2", "A3"]);
  assert.equal(hall.stateOf("A1"), "own");
  assert.equal(hall.total, 2000);
});

test("a hall is sold out when nothing is free, and not while the last seats are picked here", () => {
  const free = ["A1", "A2"];
  const hall = hallOf(ROW, ROW.seats.map((seat) => seat.seat_id).filter((id) => !free.includes(id)));
  assert.equal(hall.isSoldOut, false);
  hall.pick(free);
  hall.buying = true;
  const held = (state) => free.map((id) => ({ seat_id: id, state }));
  hall.applySeatStates(held("held"), 11, false);
  assert.equal(hall.isSoldOut, false, "they are held by the purchase of this page");
  hall.buying = false;
  hall.dropTakenPicks();
  assert.equal(hall.isSoldOut, true);
  hall.applySeatStates([held("free")[0]], 12, false);
  assert.equal(hall.isSoldOut, false, "one has come back");
});
