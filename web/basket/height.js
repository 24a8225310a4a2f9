/** The basket is as high as the window has room for below what stands above it, so that its button stays in view. */

/** Keep `--top`, where `side` begins on the page, and `--side`, how high it is, up to date; `above` are the elements above it, which may be empty. */
export function fitHeight(side, above) {
  const measure = () => {
    const bottom = Math.max(...above.map((element) => element.getBoundingClientRect().bottom));
    side.style.setProperty("--top", `${Math.round(bottom + scrollY)}px`);
  };
  const reach = () => document.documentElement.style.setProperty("--side", `${side.offsetHeight}px`);
  new ResizeObserver(reach).observe(side);
  const observer = new ResizeObserver(measure);
  above.forEach((element) => observer.observe(element));
}
