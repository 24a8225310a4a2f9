/** The times below a film's poster stand in one line; those that don't fit are not shown and take no focus. */

/** Hide what does not fit, in all lines of `grid`; to be run when it is filled, and again by itself when it is resized. */
export function fitTimes(grid) {
  const fit = () => {
    const chips = [...grid.querySelectorAll(".times .chip")];
    const beyond = chips.map((chip) => chip.offsetTop > chip.parentElement.firstElementChild.offsetTop);
    chips.forEach((chip, at) => chip.classList.toggle("beyond", beyond[at]));
  };
  new ResizeObserver(fit).observe(grid);
  return fit;
}
