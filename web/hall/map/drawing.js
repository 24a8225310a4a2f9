/** The hall as SVG: screen, floor, aisles, bent rows, and every seat at its place. */

import { s } from "../../dom.js";
import { money } from "../../language/format.js";
import { t } from "../../language/translations.js";
import { bendAt, leanOf, turnAt } from "../geometry.js";
import { mayMove } from "./motion.js";
import { shape } from "./shapes.js";

export const UNIT = 40;
export const MARGIN = 1.5; // seat widths beside the outermost seats, for the row letters
export const AHEAD = 0.35; // above the screen

/** The seat's label: "Row F, seat 7, premium, €12.50, free"; half a couple seat names its other half. */
export function seatLabel(hall, seat) {
  const other = hall.otherHalf(seat);
  return t("seat.label", {
    row: seat.row,
    number: seat.number,
    state: t(`state.${hall.stateOf(seat.seat_id)}`),
    kind: other ? t("kind.couple_with", { number: other.number }) : t(`kind.${seat.kind}`),
    price: money(seat.price, hall.screening.currency),
  });
}

/** Draws the hall into `svg` and keeps it up to date; `seats` are its elements by seat id. */
export class Drawing {
  constructor(hall) {
    this.hall = hall;
    const { chart } = hall;
    this.width = (chart.width + 2 * MARGIN) * UNIT;
    this.height = (Math.max(...chart.seats.map((seat) => seat.y)) + 1 + AHEAD) * UNIT;
    this.seats = new Map(chart.seats.map((seat) => [seat.seat_id, this.seat(hall.seat(seat.seat_id))]));
    this.svg = s(
      "svg",
      {
        class: "hall",
        viewBox: `${-MARGIN * UNIT} ${-AHEAD * UNIT} ${this.width} ${this.height}`,
        role: "group",
        "aria-label": t("map.label"),
        "aria-describedby": "map-keys",
      },
      this.defs(),
      this.floor(),
      this.screen(),
      chart.aisles.map((aisle) => this.aisle(aisle)),
      chart.curve > 0 && this.rowLines(),
      this.letters(),
      s(
        "g",
        { class: "seats" },
        hall.runs.flat().map((unit) => s("g", { class: "unit" }, unit.map((seat) => this.seats.get(seat.seat_id)))),
      ),
    );
    for (const event of ["picks", "states"]) {
      hall.addEventListener(event, ({ detail }) => detail.forEach((id) => this.refresh(id, event === "states")));
    }
    this.seats.forEach((_, id) => this.refresh(id));
  }

  defs() {
    const stop = (offset, opacity) => s("stop", { offset, "stop-opacity": opacity, class: "light" });
    return s(
      "defs",
      {},
      s("linearGradient", { id: "beam", x1: 0, y1: 0, x2: 0, y2: 1 }, stop(0, 0.15), stop(0.4, 0.05), stop(0.85, 0)),
    );
  }

  screenEnds() {
    const { x, width } = this.hall.chart.screen;
    return [(x - width / 2) * UNIT, (x + width / 2) * UNIT];
  }

  floor() {
    const [left, right] = this.screenEnds();
    const bottom = this.height - AHEAD * UNIT;
    return s("path", {
      d: `M${left} 34Q${(left + right) / 2} 6 ${right} 34L${this.width - 2 * MARGIN * UNIT} ${bottom}H0Z`,
      fill: "url(#beam)",
    });
  }

  screen() {
    const [left, right] = this.screenEnds();
    const middle = (left + right) / 2;
    return s(
      "g",
      { class: "screen", "aria-hidden": "true" },
      s("path", { d: `M${left} 34Q${middle} 6 ${right} 34` }),
      s("text", { x: middle, y: 56 }, t("map.screen")),
    );
  }

  aisle({ x, y, width, depth }) {
    const along = (edge, from, to) =>
      Array.from({ length: 9 }, (_, at) => {
        const place = from + ((to - from) * at) / 8;
        return `${place * UNIT} ${(edge + bendAt(this.hall.chart, place)) * UNIT}`;
      });
    return s("polygon", {
      class: "aisle",
      points: [...along(y, x, x + width), ...along(y + depth, x + width, x)].join(" "),
    });
  }

  /** Lines along bent rows, which lead from a letter to the seats of its row. */
  rowLines() {
    return s(
      "g",
      { class: "row-lines" },
      this.hall.rows.map((row) => {
        const [first, last] = [row[0], row.at(-1)];
        const places = [first, leanOf(this.hall.chart, first, last), last];
        const [from, towards, to] = places.map(({ x, y }) => `${x * UNIT} ${y * UNIT}`);
        return s("path", { d: `M${from}Q${towards} ${to}` });
      }),
    );
  }

  letters() {
    return s(
      "g",
      { class: "letters", "aria-hidden": "true" },
      this.hall.rows.flatMap((row) => {
        const beside = (seat, away) =>
          s("text", {
            x: (seat.x + away) * UNIT,
            y: (seat.y - bendAt(this.hall.chart, seat.x) + bendAt(this.hall.chart, seat.x + away)) * UNIT + 5,
          }, seat.row);
        return [beside(row[0], -1.1), beside(row.at(-1), 1.1)];
      }),
    );
  }

  seat(seat) {
    const unit = this.hall.units.get(seat.seat_id);
    const inner = s(
      "g",
      { class: "body" },
      shape(seat.kind, unit.indexOf(seat) ? "right" : "left"),
      s("text", { class: "number", y: 1 }, String(seat.number)),
    );
    return s(
      "g",
      {
        "data-seat": seat.seat_id,
        tabindex: -1,
        role: "checkbox",
        transform: `translate(${seat.x * UNIT} ${seat.y * UNIT}) rotate(${turnAt(this.hall.chart, seat.x).toFixed(1)})`,
      },
      s("rect", { class: "reach", x: -20, y: -20, width: 40, height: 40 }),
      inner,
    );
  }

  refresh(id, live = false) {
    const { hall } = this;
    const seat = hall.seat(id);
    const element = this.seats.get(id);
    const state = hall.stateOf(id);
    const before = element.dataset.state;
    element.dataset.state = state;
    element.setAttribute("class", `seat ${seat.kind} ${state}`);
    element.setAttribute("aria-checked", String(hall.picks.has(id)));
    element.setAttribute("aria-disabled", String(!hall.isFree(seat)));
    element.setAttribute("aria-label", seatLabel(hall, seat));
    if (live && before && before !== state && mayMove()) this.flash(element);
  }

  /** Draw the eye to a change by somebody else. */
  flash(element) {
    element.firstChild.animate?.([{ opacity: 0.9 }, { opacity: 0 }], { duration: 900 });
  }
}
