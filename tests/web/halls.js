/** Halls for tests. */

import { Hall } from "../../web/hall/hall.js";

/** A hall with this chart, in which the seats `taken` are sold. */
export function hallOf(chart, taken = []) {
  const seats = chart.seats.map((seat) => ({ price: 1000, ...seat }));
  return new Hall({
    screening: { screening_id: "s1", currency: "EUR" },
    chart: { ...chart, seats },
    seats: taken.map((id) => ({ seat_id: id, state: "sold" })),
    version: 10,
  });
}

const seat = (number, kind, rest = {}) => ({ seat_id: `A${number}`, row: "A", number, x: number, y: 1, kind, ...rest });

/** One row: eight standard seats, a couple seat (A9, A10), a wheelchair place (A11) and its companion (A12). */
export const ROW = {
  width: 13,
  curve: 0,
  rows: ["A"],
  aisles: [],
  seats: [
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((number) => seat(number, "standard")),
    seat(9, "couple", { goes_with: "A10" }),
    seat(10, "couple", { goes_with: "A9" }),
    seat(11, "wheelchair"),
    seat(12, "companion"),
  ],
};
