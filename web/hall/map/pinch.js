/** Two fingers that zoom the map. */

/** Where in `view` a pointer or a finger is. */
export const place = (view, { clientX, clientY }) => {
  const around = view.getBoundingClientRect();
  return { x: clientX - around.left, y: clientY - around.top };
};

/** `now()` is the pixels per seat, `set(pixels, at)` changes them around a place of the view. */
export function pinch(view, now, set) {
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
