/** The drawing of each kind of seat around its centre, 40 units wide: kinds differ by shape, states by mark. */

import { s } from "../../dom.js";

const path = (d, name) => s("path", { d, class: name });
const cushion = (x, width, r = 7) => s("rect", { x, y: -15, width, height: 24, rx: r, class: "cushion" });
const back = (x, width) => s("rect", { x, y: 11, width, height: 5, rx: 2.5, class: "back" });

const KINDS = {
  standard: () => [cushion(-14, 28), back(-14, 28)],
  premium: () => [
    cushion(-13, 26),
    back(-17, 34),
    s("rect", { x: -18, y: -9, width: 4, height: 20, rx: 2, class: "back" }),
    s("rect", { x: 14, y: -9, width: 4, height: 20, rx: 2, class: "back" }),
  ],
  // Two halves of one sofa: open towards each other, closed outwards.
  couple: (
    side,
  ) => (side === "left"
    ? [path("M20 -15H-9Q-16 -15 -16 -8V2Q-16 9 -9 9H20Z", "cushion"), path("M20 11H-14a2.5 2.5 0 0 0 0 5H20Z", "back")]
    : [path("M-20 -15H9Q16 -15 16 -8V2Q16 9 9 9H-20Z", "cushion"), path("M-20 11H14a2.5 2.5 0 0 1 0 5H-20Z", "back")]),
  wheelchair: () => [
    s("circle", { r: 16, class: "cushion" }),
    s(
      "g",
      { class: "glyph" },
      s("circle", { cx: -2.5, cy: -9, r: 2.1, class: "solid" }),
      path("M-2.5 -5.5V1.5H4L7 7.5"),
      path("M-4.8 -1.5A6 6 0 1 0 3.6 6.2"),
    ),
  ],
  companion: () => [
    s("rect", { x: -14, y: -14, width: 28, height: 28, rx: 4, class: "cushion", transform: "rotate(45) scale(.86)" }),
    s("g", { class: "glyph" }, s("circle", { cy: -4.5, r: 3.2, class: "solid" }), path("M-6 7.5Q-6 0.8 0 0.8T6 7.5")),
  ],
};

/** The parts of a seat; `side` is which half of a couple seat it is. */
export const shape = (kind, side = "left") => [
  ...KINDS[kind](side),
  path("M-7 -3.5L-2 1.5L8 -8.5", "tick"),
  path("M-6 -9L6 3M6 -9L-6 3", "cross"),
  path("M0 -9V-3L4 0", "hand"),
];
