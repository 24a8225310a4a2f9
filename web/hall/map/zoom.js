/** Zooming the map with two fingers, buttons, or ctrl and the wheel. Moving it is plain scrolling. */

import { h } from "../../dom.js";
import { t } from "../../language/translations.js";
import { UNIT } from "./drawing.js";

const NUMBERS_FROM = 26; // pixels per seat: below, its number can't be read
const TAPPABLE = 25; // pixels per seat: a finger can hit it
const LARGEST = 64;
const BESIDE = 300; // pixels of the window's height for the rest of the page

/** {view, buttons, setInitialSize}: the scrolling frame of the drawing, and the buttons that zoom it. */
export function zoomable(drawing) {
  const { svg, width } = drawing;
  const view = h("div", { class: "view", tabindex: "-1" }, svg);
  // The whole hall is as wide as its place, but no higher than the window shows at once.
  const available = () => Math.min(view.clientWidth, (Math.max(420, innerHeight - BESIDE) * width) / drawing.height);
  const fit = () => (available() * UNIT) / width;
  let seat = 0; // pixels per seat; 0 means the whole hall

  function set(pixels, at = null) {
    const middle = at ?? { x: view.clientWidth / 2, y: view.clientHeight / 2 };
    const before = svg.clientWidth || 1;
    const [x, y] = [(view.scrollLeft + middle.x) / before, (view.scrollTop + middle.y) / before];
    seat = Math.min(LARGEST, pixels);
    const fits = seat <= fit() * 1.01;
    svg.style.width = `${fits ? available() : (seat * width) / UNIT}px`;
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
  /** The size when the map comes into the page: the whole hall, or larger where a finger could not hit its seats. */
  const setInitialSize = () => {
    const isTouch = matchMedia("(pointer: coarse)").matches;
    set(isTouch && fit() < TAPPABLE ? TAPPABLE : 0);
    view.scrollLeft = (view.scrollWidth - view.clientWidth) / 2;
  };
  // Seats that the page has chosen are scrolled into view.
  drawing.hall.addEventListener("chosen", ({ detail: [id] }) =>
    drawing.seats.get(id)?.scrollIntoView(
      { block: "nearest", inline: "center", behavior: "smooth" },
    ));
  new ResizeObserver(() => set(seat)).observe(view);
  return { view, buttons, setInitialSize };
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
