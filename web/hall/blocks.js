/** Seats side by side: which would be left alone, and which other block is nearest. Pure functions of a Hall. */

import { ACCESSIBLE, mayGoTogether } from "./hall.js";

const ROW = 1.6; // seats that one row away counts as
const OTHER_KIND = 3;
const LEFT_ALONE = 4;

/** Free seats side by side, picked ones included; wheelchair and companion places only if one of them is wanted. */
function pieces(hall, accessible) {
  const belongs = (unit) => unit.every((seat) => hall.isFree(seat) && (accessible || !ACCESSIBLE.includes(seat.kind)));
  return hall.runs.flatMap((run) => split(run, belongs));
}

function split(units, belongs) {
  const parts = [[]];
  for (const unit of units) {
    if (belongs(unit)) parts.at(-1).push(unit);
    else parts.push([]);
  }
  return parts.filter((part) => part.length);
}

const wantsAccessible = (seats) => seats.some((seat) => ACCESSIBLE.includes(seat.kind));

/** The seats that choosing `chosen` would leave without a free neighbour that they had before. */
export function leftAlone(hall, chosen) {
  const ids = new Set(chosen.map((seat) => seat.seat_id));
  return pieces(hall, wantsAccessible(chosen)).flatMap((piece) => {
    const rest = split(piece, (unit) => !ids.has(unit[0].seat_id));
    const touched = rest.flat().length < piece.length;
    return touched ? rest.filter((part) => part.flat().length === 1).map((part) => part[0][0]) : [];
  });
}

/**
 * The block of as many free seats nearest to `wanted` and most like them, or null. If `tidy`, it leaves no seat alone.
 */
export function nearestBlock(hall, wanted, tidy = false) {
  const kinds = wanted.map((seat) => seat.kind).sort();
  const middle = centre(wanted);
  let best = null;
  for (const block of blocks(hall, wanted.length, wantsAccessible(wanted))) {
    const alone = leftAlone(hall, block).length;
    if (tidy && alone) continue;
    const [x, y] = centre(block);
    const unlike = block.map((seat) => seat.kind).sort().filter((kind, at) => kind !== kinds[at]).length;
    const cost = Math.abs(x - middle[0]) + ROW * Math.abs(y - middle[1]) + OTHER_KIND * unlike + LEFT_ALONE * alone;
    if (!best || cost < best.cost) best = { cost, block };
  }
  return best?.block ?? null;
}

const centre = (seats) => ["x", "y"].map((axis) => seats.reduce((sum, seat) => sum + seat[axis], 0) / seats.length);

function* blocks(hall, count, accessible) {
  for (const piece of pieces(hall, accessible)) {
    for (let from = 0; from < piece.length; from += 1) {
      const block = [];
      for (let at = from; at < piece.length && block.length < count; at += 1) block.push(...piece[at]);
      if (block.length === count && mayGoTogether(block)) yield block;
    }
  }
}
