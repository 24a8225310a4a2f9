/** The map larger or smaller: two fingers, the buttons, or ctrl and the wheel. Moving about is plain scrolling. */

import { h } from "../dom.js";
import { t } from "../language.js";
import { UNIT } from "./drawing.js";

const NUMBERS_FROM = 26; // pixels a seat: below, its number can't be read
const TAPPABLE = 25; // pixels a seat: a finger finds it
const LARGEST = 64;
const BESIDE = 300; // pixels of the window that the map leaves to the rest of the page

export function zoomable(drawing) {
  const { svg, width } = drawing;
  const view = h("div", { class: "view", tabindex: "-1" }, svg);
  // As a whole: as wide as the place, yet no higher than what one sees at once.
  const room = () => Math.min(view.clientWidth, (Math.max(420, innerHeight - BESIDE) * width) / drawing.height);
  const fit = () => (room() * UNIT) / width;
  let seat = 0; // pixels a seat is wide; 0 is as wide as the place

  function set(pixels, at = null) {
    const middle = at ?? { x: view.clientWidth / 2, y: view.clientHeight / 2 };
    const before = svg.clientWidth || 1;
    const [x, y] = [(view.scrollLeft + middle.x) / before, (view.scrollTop + middle.y) / before];
    seat = Math.min(LARGEST, pixels);
    const fits = seat <= fit() * 1.01;
    svg.style.width = `${fits ? room() : (seat * width) / UNIT}px`;
    if (fits) seat = 0;
    view.classList.toggle("larger", !fits);
    svg.classList.toggle("numbered", (seat || fit()) >= NUMBERS_FROM);
    const after = svg.clientWidth;
    view.scrollTo(x * after - middle.x, y * after - middle.y);
  }

  const now = () => seat || fit();
  pinch(view, now, set);
  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    set(now() * Math.exp(-event.deltaY / 300), place(view, event));
  }, { passive: false });
  const button = (label, text, pixels) =>
    h("button", {
      type: "button",
      class: "quiet icon",
      "aria-label": t(label),
      title: t(label),
      onclick: () => set(pixels()),
    }, text);
  const buttons = h(
    "div",
    { class: "zoom" },
    button("map.larger", "+", () => now() * 1.3),
    button("map.smaller", "−", () => now() / 1.3),
    button("map.whole", "⤢", () => 0),
  );
  /** Once it is in the page: as a whole if a finger can hit its seats, otherwise so large that it can. */
  const settle = () => {
    const isTouch = matchMedia("(pointer: coarse)").matches;
    set(isTouch && fit() < TAPPABLE ? TAPPABLE : 0);
    view.scrollLeft = (view.scrollWidth - view.clientWidth) / 2;
  };
  // Seats that the page has chosen are shown, wherever one has moved the map.
  drawing.hall.addEventListener("chosen", ({ detail: [id] }) =>
    drawing.seats.get(id)?.scrollIntoView(
      { block: "nearest", inline: "center", behavior: "smooth" },
    ));
  new ResizeObserver(() => set(seat)).observe(view);
  return { view, buttons, settle };
}

const place = (view, { clientX, clientY }) => {
  const around = view.getBoundingClientRect();
  return { x: clientX - around.left, y: clientY - around.top };
};

function pinch(view, now, set) {
  let start = null;
  const apart = ([one, other]) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
  const between = ([one, other]) =>
    place(view, {
      clientX: (one.clientX + other.clientX) / 2,
      clientY: (one.clientY + other.clientY) / 2,
    });
  view.addEventListener("touchstart", ({ touches }) => {
    start = touches.length === 2 ? { apart: apart(touches), seat: now() } : null;
  }, { passive: true });
  view.addEventListener("touchmove", (event) => {
    if (!start || event.touches.length !== 2) return;
    event.preventDefault();
    set((start.seat * apart(event.touches)) / start.apart, between(event.touches));
  }, { passive: false });
}
