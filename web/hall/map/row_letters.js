/** The letters of the rows at both their ends; where the left one is out of view, its letters stay at the edge. */

import { h } from "../../dom.js";
import { bendAt } from "../geometry.js";
import { AHEAD, MARGIN } from "./drawing.js";

const BESIDE = 1.1; // seat widths from the seat at a row's end to its letter
const INSET = 0.4; // from the edge of the view to the middle of a letter
const LARGEST = 18; // pixels

/** {elements, put}: the first things in `view`, and what places the letters where a seat is `pixels` wide. */
export function rowLetters({ hall, svg }, view) {
  const { chart, rows } = hall;
  const lettersOf = (name) => {
    const letters = rows.map(([first]) => h("span", {}, first.row));
    return { letters, element: h("div", { class: `row-letters ${name}`, "aria-hidden": "true" }, letters) };
  };
  const [starts, ends] = ["starts", "ends"].map(lettersOf);
  const elements = [starts.element, ends.element];

  function put(pixels) {
    const top = parseFloat(getComputedStyle(svg).paddingTop);
    const left = svg.getBoundingClientRect().left - view.getBoundingClientRect().left; // negative where it is scrolled
    const edge = INSET - MARGIN - left / pixels;
    for (const element of elements) element.style.setProperty("--size", `${Math.min(LARGEST, pixels)}px`);
    const place = (letter, seat, x, origin) => {
      const y = seat.y - bendAt(chart, seat.x) + bendAt(chart, x);
      const [right, down] = [origin + (x + MARGIN) * pixels, top + (y + AHEAD) * pixels];
      letter.style.transform = `translate(${right}px, ${down}px) translate(-50%, -50%)`;
    };
    rows.forEach((row, at) => {
      place(starts.letters[at], row[0], Math.max(edge, row[0].x - BESIDE), left);
      place(ends.letters[at], row.at(-1), row.at(-1).x + BESIDE, left + view.scrollLeft); // scrolls with the map
    });
  }

  return { elements, put };
}
