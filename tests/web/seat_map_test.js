/** Where the map begins, and what happens to it when its screening begins. */

import "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { middleOf, mostFree } from "../../web/hall/free_seats.js";
import { wayInto } from "../../web/hall/map/bring.js";
import { awaitSalesEnd } from "../../web/hall/sales/sales_end.js";
import { hallOf } from "./halls.js";

/** Ten rows of twenty standard seats, and a wheelchair place at each end of the first. */
const WIDE = {
  width: 20,
  curve: 0,
  rows: [..."ABCDEFGHIJ"],
  aisles: [],
  seats: [..."ABCDEFGHIJ"].flatMap((row, at) =>
    Array.from({ length: 20 }, (_, x) => ({
      seat_id: `${row}${x + 1}`,
      row,
      number: x + 1,
      x: x + 0.5,
      y: at + 3,
      kind: at === 0 && [0, 19].includes(x) ? "wheelchair" : "standard",
    }))
  ),
};
const allBut = (isFree) => WIDE.seats.filter((seat) => !isFree(seat)).map((seat) => seat.seat_id);

test("the map of an empty hall begins at the best view, in the middle and two thirds back", () => {
  const { x, y } = mostFree(hallOf(WIDE), 8, 4);
  assert.ok(Math.abs(x - 10) < 1 && Math.abs(y - 9) < 1, `${x}, ${y}`);
});

test("the map of a hall that is nearly sold begins where seats are free", () => {
  const hall = hallOf(WIDE, allBut((seat) => seat.row < "C" && seat.x > 14));
  const { x, y } = mostFree(hall, 8, 4);
  for (const seat of hall.seats.values()) {
    const isSeen = Math.abs(seat.x - x) <= 4 && Math.abs(seat.y - y) <= 2;
    if (hall.isFree(seat) && seat.kind === "standard") assert.ok(isSeen, `${seat.seat_id} is out of view`);
  }
});

test("wheelchair places draw nobody who has not asked for one", () => {
  const hall = hallOf(WIDE, allBut(({ seat_id: id }) => ["A1", "A20", "J20"].includes(id)));
  assert.ok(mostFree(hall, 4, 4).x > 14);
  assert.ok(mostFree(hall, 4, 4).y > 8);
});

test("a hall without a free seat begins at the best view, and one smaller than the frame in its middle", () => {
  const { x, y } = mostFree(hallOf(WIDE, allBut(() => false)), 8, 4);
  assert.deepEqual([x, y], [10, 9]);
  const whole = mostFree(hallOf(WIDE), 40, 40);
  assert.deepEqual([whole.x, whole.y], [10, 7.5]);
});

test("the middle of some seats is their mean", () => {
  assert.deepEqual(middleOf([{ x: 1, y: 4 }, { x: 3, y: 5 }]), { x: 2, y: 4.5 });
});

test("a page scrolls as far as chosen seats need, and no farther", () => {
  assert.equal(wayInto([100, 150], [20, 400]), 0);
  assert.equal(wayInto([523, 554], [20, 400]), 154, "from under the basket");
  assert.equal(wayInto([-10, 20], [20, 400]), -30);
  assert.equal(wayInto([100, 600], [20, 400]), 80, "what is larger than the room begins there");
});

/** Ask once whether the screening has begun; settles with whether the page was told so. */
async function toldAfterRefusal({ isOpen = undefined, buying = false, code = null }) {
  const hall = hallOf(WIDE);
  hall.screening.starts_at = new Date(Date.now() + 3_600_000).toISOString();
  hall.buying = buying;
  const leaving = new AbortController();
  const fetched = globalThis.fetch;
  let told = false;
  const answer = code ? Response.json({ code }, { status: 404 }) : Response.json({ sales_open: isOpen });
  const asked = new Promise((settle) =>
    Object.defineProperty(globalThis, "fetch", {
      value: () => {
        setTimeout(settle, 5);
        return Promise.resolve(answer);
      },
      configurable: true,
    })
  );
  awaitSalesEnd(hall, leaving.signal, () => {
    told = true;
  });
  hall.emit("closed");
  await asked;
  leaving.abort();
  Object.defineProperty(globalThis, "fetch", { value: fetched, configurable: true });
  return told;
}

test("a page learns from the API that its screening has begun, whatever its own clock says", async () => {
  assert.equal(await toldAfterRefusal({ isOpen: false }), true);
  assert.equal(await toldAfterRefusal({ isOpen: true }), false);
  assert.equal(await toldAfterRefusal({}), false, "a film room of an older version does not say");
  assert.equal(await toldAfterRefusal({ code: "screening_over" }), true);
  assert.equal(await toldAfterRefusal({ code: "seats_unknown" }), false);
});

test("a purchase in progress ends before the map does", async () => {
  assert.equal(await toldAfterRefusal({ isOpen: false, buying: true }), false);
});
