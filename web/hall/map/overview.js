/** The whole hall in small beside a map that is larger than its view: what is free, and which part is seen. */

import { h, s } from "../../dom.js";
import { AHEAD, MARGIN } from "./drawing.js";

const STATES = ["free", "taken", "picked"];
const SIZE = 0.84; // of a seat, in seat widths
const EDGE = 0.3; // that the line around the seen part stays within the drawing

/** {element, show}: `show({left, top, width, height})`, in seat widths, is the part that is seen; `move(x, y)` centres it. */
export function overview(hall, move) {
  const { chart } = hall;
  const height = Math.max(...chart.seats.map((seat) => seat.y)) + 1 + AHEAD;
  const paths = new Map(STATES.map((state) => [state, s("path", { class: state })]));
  const seen = s("rect", { class: "seen", rx: 0.6 });
  const { x: middle, width: screen } = chart.screen;
  const svg = s(
    "svg",
    { viewBox: `${-MARGIN} ${-AHEAD} ${chart.width + 2 * MARGIN} ${height}` },
    s("path", { class: "screen-line", d: `M${middle - screen / 2} .8H${middle + screen / 2}` }),
    ...paths.values(),
    seen,
  );
  const element = h("div", { class: "overview", "aria-hidden": "true" }, svg);

  function draw() {
    const drawn = new Map(STATES.map((state) => [state, ""]));
    for (const { seat_id: id, x, y } of chart.seats) {
      const state = hall.stateOf(id);
      const shown = state === "own" ? "picked" : STATES.includes(state) ? state : "taken";
      drawn.set(shown, `${drawn.get(shown)}M${x - SIZE / 2} ${y - SIZE / 2}h${SIZE}v${SIZE}h${-SIZE}z`);
    }
    for (const [state, path] of paths) path.setAttribute("d", drawn.get(state));
  }

  let isDue = false;
  /** Seats of a screening that many want change faster than a screen is drawn. */
  function redraw() {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      draw();
    });
  }

  function follow(event) {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    move(x, y);
  }

  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    follow(event);
  });
  element.addEventListener("pointermove", (event) => element.hasPointerCapture(event.pointerId) && follow(event));
  for (const event of ["picks", "states"]) hall.addEventListener(event, redraw);
  draw();

  function show({ left, top, width, height: high }) {
    const [x, y] = [Math.max(left, EDGE - MARGIN), Math.max(top, EDGE - AHEAD)];
    const right = Math.min(left + width, chart.width + MARGIN - EDGE);
    const bottom = Math.min(top + high, height - AHEAD - EDGE);
    for (const [name, value] of Object.entries({ x, y, width: right - x, height: bottom - y })) {
      seen.setAttribute(name, value);
    }
  }

  return { element, show };
}
