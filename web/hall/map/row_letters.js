/** The letters of the rows at the left edge of the view, which stay there while the map is scrolled. */

import { h } from "../../dom.js";
import { bendAt } from "../geometry.js";
import { AHEAD, MARGIN } from "./drawing.js";

const INSET = 0.4; // seat widths from the edge to the middle of a letter
const LARGEST = 18; // pixels

/** {element, put}: the first thing in `view`, and what places the letters where a seat is `pixels` wide. */
export function rowLetters({ hall, svg }, view) {
  const { chart, rows } = hall;
  const letters = rows.map(([first]) => h("span", {}, first.row));
  const element = h("div", { class: "row-letters", "aria-hidden": "true" }, letters);

  function put(pixels) {
    const top = parseFloat(getComputedStyle(svg).paddingTop);
    const beside = svg.getBoundingClientRect().left - view.getBoundingClientRect().left; // negative where it is scrolled
    const edge = INSET - MARGIN - Math.min(0, beside) / pixels;
    const bend = bendAt(chart, Math.min(Math.max(edge, 0), chart.width));
    element.style.setProperty("--size", `${Math.min(LARGEST, pixels)}px`);
    rows.forEach(([first], at) => {
      const y = first.y - bendAt(chart, first.x) + bend;
      const [right, down] = [Math.max(0, beside), top + (y + AHEAD) * pixels];
      letters[at].style.transform = `translate(${right}px, ${down}px) translateY(-50%)`;
    });
  }

  return { element, put };
}
