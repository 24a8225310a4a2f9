/** Zooming the map with two fingers, buttons, or ctrl and the wheel. Moving it is plain scrolling. */

import { h } from "../../dom.js";
import { t } from "../../language/translations.js";
import { middleOf, mostFree } from "../free_seats.js";
import { AHEAD, MARGIN, UNIT } from "./drawing.js";
import { pinch, place } from "./pinch.js";
import { rowLetters } from "./row_letters.js";

const NUMBERS_FROM = 25; // pixels per seat: below, its number can't be read
const LETTERS_FROM = 30; // below, the letters of the drawing can't be read
const TAPPABLE = 25; // a finger can hit it
const COMFORTABLE = 30; // ... and an eye can read it
const LARGEST = 64;
const BESIDE = 300; // pixels of the window's height for the rest of the page

/**
 * {stage, buttons, setInitialSize}: the frame in which the drawing scrolls, with its row letters and, while the hall is
 * larger than the frame, an overview; and the buttons that zoom it.
 */
export function zoomable(drawing) {
  const { svg, width, hall } = drawing;
  const view = h("div", { class: "view", tabindex: "-1" });
  const letters = rowLetters(drawing, view);
  view.append(...letters.elements, svg);
  const stage = h("div", { class: "stage" }, view);
  // The whole hall is as wide as its place, but no higher than the window shows at once.
  const available = () => Math.min(view.clientWidth, (Math.max(420, innerHeight - BESIDE) * width) / drawing.height);
  const fit = () => (available() * UNIT) / width;
  let seat = 0; // pixels per seat; 0 means the whole hall
  let overview = null; // once the hall has been larger than the frame

  function set(pixels, at = null) {
    const middle = at ?? { x: view.clientWidth / 2, y: view.clientHeight / 2 };
    const before = svg.clientWidth || 1;
    const [x, y] = [(view.scrollLeft + middle.x) / before, (view.scrollTop + middle.y) / before];
    seat = Math.min(LARGEST, pixels);
    const fits = seat <= fit() * 1.01;
    svg.style.width = `${fits ? available() : (seat * width) / UNIT}px`;
    if (fits) seat = 0;
    stage.classList.toggle("larger", !fits);
    stage.classList.toggle("lettered", now() < LETTERS_FROM || !fits);
    svg.classList.toggle("numbered", now() >= NUMBERS_FROM);
    const after = svg.clientWidth;
    view.scrollTo(x * after - middle.x, y * after - middle.y);
    if (!fits && !overview) openOverview();
    follow();
  }

  const now = () => seat || fit();
  const padding = () => parseFloat(getComputedStyle(svg).paddingTop);

  /** Scroll a place of the hall, in seat widths, to the middle of the frame. */
  function centre(x, y) {
    view.scrollTo(
      (x + MARGIN) * now() - view.clientWidth / 2,
      (y + AHEAD) * now() + padding() - view.clientHeight / 2,
    );
  }

  /** Bring what stays in the frame to where the map has been scrolled. */
  function follow() {
    if (!svg.clientWidth) return; // the list is shown instead
    letters.put(now());
    overview?.show({
      left: view.scrollLeft / now() - MARGIN,
      top: (view.scrollTop - padding()) / now() - AHEAD,
      width: view.clientWidth / now(),
      height: view.clientHeight / now(),
    });
  }

  async function openOverview() {
    overview = { show() {} }; // while it is loaded
    try {
      overview = (await import("./overview.js")).overview(hall, centre);
      stage.append(overview.element);
      follow();
    } catch {
      // The map is useful without it.
    }
  }

  let drawn = 0;
  view.addEventListener("scroll", () => {
    cancelAnimationFrame(drawn);
    drawn = requestAnimationFrame(follow);
  }, { passive: true });
  pinch(view, now, set);
  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    set(now() * Math.exp(-event.deltaY / 300), place(view, event));
  }, { passive: false });

  /**
   * The size when the map comes into the page: the whole hall, or larger where a finger could not hit its seats. Then it
   * begins at the picked seats or, before there are any, where most seats are free.
   */
  const setInitialSize = () => {
    const isTouch = matchMedia("(pointer: coarse)").matches;
    set(isTouch && fit() < TAPPABLE ? COMFORTABLE : 0);
    const { x, y } = hall.picks.size
      ? middleOf(hall.picked)
      : mostFree(hall, view.clientWidth / now(), view.clientHeight / now());
    centre(x, y);
    follow();
  };
  hall.addEventListener("chosen", async ({ detail }) => {
    if (!detail.length || !svg.clientWidth) return;
    const module = await import("./bring.js").catch(() => null); // the basket names the seats, too
    module?.bring(drawing, detail, centre);
  });
  new ResizeObserver(() => set(seat)).observe(view);
  return { stage, buttons: zoomButtons(now, set), setInitialSize };
}

function zoomButtons(now, set) {
  const button = (label, text, pixels) =>
    h("button", {
      type: "button",
      class: "quiet icon",
      "aria-label": t(label),
      title: t(label),
      onclick: () => set(pixels()),
    }, text);
  return h(
    "div",
    { class: "zoom" },
    button("map.larger", "+", () => now() * 1.3),
    button("map.smaller", "−", () => now() / 1.3),
    button("map.whole", "⤢", () => 0),
  );
}
