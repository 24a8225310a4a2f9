/** Where in a hall the free seats are. Pure functions of a Hall. */

import { ACCESSIBLE } from "./hall.js";

const BACK = 2 / 3; // of the rows: the best view
const DISTANCE = 0.5; // free seats that one seat width away from there counts as

/** The middle of some seats, {x, y} in seat widths. */
export const middleOf = (seats) => ({ x: mean(seats, "x"), y: mean(seats, "y") });

const mean = (seats, axis) => seats.reduce((sum, seat) => sum + seat[axis], 0) / seats.length;

/**
 * The middle of that window of the hall, `width` by `height` seat widths, which shows the most free seats; of many such
 * windows, the nearest to the best view. Places that are only for those who ask for them do not count.
 */
export function mostFree(hall, width, height) {
  const seats = [...hall.seats.values()];
  const [front, back] = [Math.min, Math.max].map((end) => end(...seats.map((seat) => seat.y)));
  const best = { x: hall.chart.width / 2, y: front + BACK * (back - front) };
  const free = seats.filter((seat) => hall.isFree(seat) && !ACCESSIBLE.includes(seat.kind));
  const within = (value, size, least, most) =>
    size >= most - least ? (least + most) / 2 : Math.min(Math.max(value, least + size / 2), most - size / 2);
  let found = { x: best.x, y: best.y, score: -Infinity };
  for (const seat of free) {
    const x = within(seat.x, width, 0, hall.chart.width);
    const y = within(seat.y, height, front - 0.5, back + 0.5);
    const shown = free.filter((other) => 2 * Math.abs(other.x - x) <= width && 2 * Math.abs(other.y - y) <= height);
    const score = shown.length - DISTANCE * Math.hypot(x - best.x, y - best.y);
    if (score > found.score) found = { x, y, score };
  }
  return found;
}
