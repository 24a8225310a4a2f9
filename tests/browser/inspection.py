"""What a page is inspected for: accessibility, its fit into the window, targets that a finger can hit."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from testbed.mesh import ROOT

SCREENSHOTS = ROOT / ".run" / "screenshots"
SIZES = {"phone": (360, 740), "desk": (1280, 800), "wide": (1600, 1000)}
SMALLEST_TARGET = 24  # CSS pixels, WCAG 2.2 AA
MOST_SHIFT = 0.01     # of the window; browsers call 0.1 good
FITS = "document.documentElement.scrollWidth <= innerWidth"
TOO_SMALL = """least => [...document.querySelectorAll("a, button, select, input, [role=checkbox]")]
  .filter(element => element.checkVisibility() && !element.closest("p, .unseen"))
  .filter(element => {
    const { width, height } = (element.closest("label") ?? element).getBoundingClientRect();
    return Math.min(width, height) < least - 0.5 && !element.matches(".skip, .hall .seat");
  }).map(element => element.outerHTML.slice(0, 120))"""
# While the page is loaded: what moves after somebody has acted, however late its answer came, comes of that.
SHIFTS = """() => {
  const found = { "layout-shift": [], "first-input": [] };
  for (const [type, entries] of Object.entries(found)) {
    new PerformanceObserver((list) => entries.push(...list.getEntries())).observe({ type, buffered: true });
  }
  return new Promise((told) => setTimeout(() => {
    const acted = Math.min(...found["first-input"].map((input) => input.startTime));
    told(found["layout-shift"].filter((shift) => !shift.hadRecentInput && shift.startTime < acted)
      .reduce((sum, shift) => sum + shift.value, 0));
  }, 50));
}"""


def inspect(page: Page, name: str, *, axe: bool = True, sizes: tuple[str, ...] = ()) -> list[str]:
    """Keep a picture and return what keeps people out.

    The page's size is inspected, and `sizes` after it; `axe` runs once, because what it finds (names, roles, contrast)
    is the same at every size.
    """
    page.wait_for_timeout(250)
    problems = _fit(page, name)
    if axe:
        problems += [f"{name}: {problem}" for problem in violations(page)]
    if (shifted := page.evaluate(SHIFTS)) > MOST_SHIFT:
        problems.append(f"{name}: moves while it is loaded, by {shifted}")
    if sizes:
        before = page.viewport_size
        for size in sizes:
            page.set_viewport_size({"width": SIZES[size][0], "height": SIZES[size][1]})
            page.wait_for_timeout(100)
            problems += _fit(page, f"{name}-{size}")
        page.set_viewport_size(before)  # type: ignore[arg-type]
    return problems


def violations(page: Page, **options: Any) -> list[str]:
    """What axe finds serious or critical."""
    found = Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return [f"{problem['id']} {[node['html'][:120] for node in problem['nodes'][:3]]}"
            for problem in found if problem["impact"] in ("serious", "critical")]


def pale_texts(page: Page, theme: str) -> list[str]:
    """What has too little contrast in that theme; the page has its own again afterwards."""
    wear = "theme => { const worn = document.documentElement.dataset.theme;" \
           " document.documentElement.dataset.theme = theme; return worn; }"
    worn = page.evaluate(wear, theme)
    found = [f"{theme}: {problem}" for problem in violations(page, runOnly=["color-contrast"])]
    page.evaluate(wear, worn)
    return found


def keep_picture(page: Page, name: str, *, full_page: bool = False) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=full_page)


def _fit(page: Page, name: str) -> list[str]:
    keep_picture(page, name)
    problems = [] if page.evaluate(FITS) else [f"{name}: sticks out at the side"]
    return problems + [f"{name}: hard to hit: {html}" for html in page.evaluate(TOO_SMALL, SMALLEST_TARGET)]
