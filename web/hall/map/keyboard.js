/** Keys of the map: one seat is in the tab order, arrows move to its neighbours, space picks. */

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** `toggle(id)` picks or unpicks a seat. */
export function enableKeyboard(drawing, toggle) {
  const { hall, seats } = drawing;
  let here = start(hall);
  seats.get(here.seat_id).setAttribute("tabindex", "0");

  function move(seat, focus = true) {
    seats.get(here.seat_id).setAttribute("tabindex", "-1");
    here = seat;
    const element = seats.get(seat.seat_id);
    element.setAttribute("tabindex", "0");
    if (!focus) return;
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  drawing.svg.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const row = hall.rows.find((seatsOfRow) => seatsOfRow.includes(here));
    if (event.key in ARROWS) move(neighbour(hall, row, here, ...ARROWS[event.key]));
    else if (event.key === "Home") move(row[0]);
    else if (event.key === "End") move(row.at(-1));
    else if (event.key === " " || event.key === "Enter") toggle(here.seat_id);
    else return;
    event.preventDefault();
  });
  drawing.svg.addEventListener("focusin", (event) => {
    const element = event.target.closest?.(".seat");
    if (element) move(hall.seat(element.dataset.seat), false);
  });
}

/**
 * Left and right stay in the row, aisles or not, and pass over the other half of a couple seat; up and down go to the
 * seat in the next row that is nearest.
 */
function neighbour({ rows, units }, row, seat, up, along) {
  const unit = units.get(seat.seat_id);
  if (along) return row[row.indexOf(along > 0 ? unit.at(-1) : unit[0]) + along] ?? seat;
  const next = rows[rows.indexOf(row) + up];
  if (!next) return seat;
  return next.reduce((best, other) => (Math.abs(other.x - seat.x) < Math.abs(best.x - seat.x) ? other : best));
}

/** The first seat to have the focus: the free one nearest to the middle, two thirds back. */
function start({ chart, rows, seats }) {
  const ideal = { x: chart.width / 2, y: rows[0][0].y + (2 / 3) * (rows.at(-1)[0].y - rows[0][0].y) };
  const far = (seat) => Math.hypot(seat.x - ideal.x, seat.y - ideal.y) + (seat.state === "free" ? 0 : 1000);
  return [...seats.values()].reduce((best, seat) => (far(seat) < far(best) ? seat : best));
}
