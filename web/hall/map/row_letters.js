/** The letters of the rows, left of their first seats; where those are out of view, they stay at its edge. */

import { h } from "../../dom.js";
import { bendAt } from "../geometry.js";
import { AHEAD, MARGIN } from "./drawing.js";

const BESIDE = 1.1; // seat widths from a row's first seat to its letter
const INSET = 0.4; // from the edge of the view to the middle of a letter
const LARGEST = 18; // pixels

/** {element, put}: the first thing in `view`, and what places the letters where a seat is `pixels` wide. */
export function rowLetters({ hall, svg }, view) {
  const { chart, rows } = hall;
  const letters = rows.map(([first]) => h("span", {}, first.row));
  const element = h("div", { class: "row-letters", "aria-hidden": "true" }, letters);

  function put(pixels) {
    const top = parseFloat(getComputedStyle(svg).paddingTop);
    const left = svg.getBoundingClientRect().left - view.getBoundingClientRect().left; // negative where it is scrolled
    const edge = INSET - MARGIN - left / pixels;
    element.style.setProperty("--size", `${Math.min(LARGEST, pixels)}px`);
    rows.forEach(([first], at) => {
      const x = Math.max(edge, first.x - BESIDE);
      const y = first.y - bendAt(chart, first.x) + bendAt(chart, x);
      const [right, down] = [left + (x + MARGIN) * pixels, top + (y + AHEAD) * pixels];
      letters[at].style.transform = `translate(${right}px, ${down}px) translate(-50%, -50%)`;
    });
  }

  return { element, put };
}
