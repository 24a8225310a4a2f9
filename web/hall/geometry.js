/** Where seats are: runs of neighbours and the bend of rows, as services/seating has them. Pure functions. */

const TOLERANCE = 0.01; // seat widths

/**
 * The runs of a row, which are divided by aisles: lists of units. A unit is what is only sold whole, [seat] or the two
 * seats of a couple seat.
 */
export function runsOf(row) {
  const runs = [];
  let previous = null;
  for (const seat of row) {
    if (!previous || Math.abs(seat.x - previous.x - 1) > TOLERANCE) runs.push([]);
    const run = runs.at(-1);
    if (previous?.goes_with === seat.seat_id) run.at(-1).push(seat);
    else run.push([seat]);
    previous = seat;
  }
  return runs;
}

/** How many rows farther from the screen than at the walls a row is at `x`: rows are parabolas. */
export const bendAt = ({ width, curve }, x) => curve * (1 - ((2 * x) / width - 1) ** 2);

const slopeAt = ({ width, curve }, x) => (-4 * curve * ((2 * x) / width - 1)) / width;

/** What a quadratic Bézier curve from `from` to `to`, places of one row, has to lean towards to follow the row. */
export const leanOf = (chart, from, to) => {
  const x = (from.x + to.x) / 2;
  return { x, y: from.y + slopeAt(chart, from.x) * (x - from.x) };
};

/** The angle of a row at `x`, in degrees, which is how far a seat there turns. */
export const turnAt = (chart, x) => (Math.atan(slopeAt(chart, x)) * 180) / Math.PI;
