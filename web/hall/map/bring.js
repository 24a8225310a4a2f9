/** Seats that the page has chosen come into the map's frame, and to where nothing lies over the page. */

import { middleOf } from "../free_seats.js";
import { mayMove } from "./motion.js";

const nextFrame = () => new Promise((settle) => requestAnimationFrame(settle));

/** How far to scroll so that what reaches from `first` to `last` lies between `least` and `most`, or begins there. */
export const wayInto = ([first, last], [least, most]) =>
  first < least ? first - least : last > most ? Math.min(last - most, first - least) : 0;

/** `centre(x, y)` scrolls a place of the hall to the middle of the frame. */
export async function bring({ hall, seats }, ids, centre) {
  await nextFrame();
  await nextFrame(); // now the basket is as high as the choice and the advice have made it, and the frame as low
  const middle = middleOf(ids.map((id) => hall.seat(id)));
  centre(middle.x, middle.y);
  const boxes = ids.map((id) => seats.get(id).getBoundingClientRect());
  const { scrollPaddingTop: above, scrollPaddingBottom: below } = getComputedStyle(document.documentElement);
  const top = wayInto(
    [Math.min(...boxes.map((box) => box.top)), Math.max(...boxes.map((box) => box.bottom))],
    [parseFloat(above) || 0, innerHeight - (parseFloat(below) || 0)],
  );
  if (top) scrollBy({ top, behavior: mayMove() ? "smooth" : "instant" });
}
