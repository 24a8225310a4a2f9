"""Every page in both themes, all sizes and both languages: nothing seriously inaccessible, and a picture to look at."""

import itertools

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from testbed.mesh import Mesh
from tests.browser.conftest import SCREENSHOTS, Visit, open_account, pay_at_once, sign_in_as_staff

SIZES = {"phone": (360, 740), "desk": (1280, 800), "wide": (1600, 1000)}
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
# The other language changes words, not colours: it is looked at once on each kind of screen.
LOOKS = [*itertools.product(["en"], ["dark", "light"], SIZES), ("zh", "dark", "desk"), ("zh", "light", "phone")]
SMALLEST_TARGET = 24  # CSS pixels, WCAG 2.2 AA
MOST_SHIFT = 0.01     # of the window; browsers call 0.1 good
TOO_SMALL = """least => [...document.querySelectorAll("a, button, select, input, [role=checkbox]")]
  .filter(element => element.checkVisibility() && !element.closest("p, .unseen"))
  .filter(element => {
    const { width, height } = (element.closest("label") ?? element).getBoundingClientRect();
    return Math.min(width, height) < least - 0.5 && !element.matches(".skip, .hall .seat");
  }).map(element => element.outerHTML.slice(0, 120))"""


SHIFTS = """() => {
  const observer = new PerformanceObserver(() => {});
  observer.observe({ type: "layout-shift", buffered: true });
  return new Promise((told) => setTimeout(() => told(observer.takeRecords()
    .filter((shift) => !shift.hadRecentInput).reduce((sum, shift) => sum + shift.value, 0)), 50));
}"""


def look(page: Page, name: str) -> list[str]:
    """Keep a picture; returns what keeps people out."""
    page.wait_for_timeout(250)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} sticks out at the side"
    found = Axe().run(page).response["violations"]
    troubles = [f"{name}: {problem['id']} {[node['html'][:120] for node in problem['nodes'][:3]]}"
                for problem in found if problem["impact"] in ("serious", "critical")]
    if (shifted := page.evaluate(SHIFTS)) > MOST_SHIFT:
        troubles.append(f"{name}: moves while it is loaded, by {shifted}")
    return troubles + [f"{name}: hard to hit: {html}" for html in page.evaluate(TOO_SMALL, SMALLEST_TARGET)]


@pytest.mark.parametrize(("language", "theme", "size"), LOOKS)
def test_every_page_is_for_everyone(visit: Visit, mesh: Mesh, language: str, theme: str, size: str) -> None:
    page = visit("/", size=SIZES[size], theme=theme, language=LANGUAGES[language])
    troubles: list[str] = []

    def looks_good(name: str, shown: str) -> None:
        page.locator(shown).first.wait_for()
        troubles.extend(look(page, f"{name}-{language}-{theme}-{size}"))

    looks_good("now-showing", ".film:not(.ghost)")
    page.goto("/film/spirited-away")
    looks_good("film", ".screening")
    page.goto(f"/screening/{mesh.fresh_screening()}")
    page.locator(".suggest button").click()
    looks_good("seats", ".hall .seat.picked")
    page.locator(".views button").last.click()
    looks_good("list", ".seat-list")
    page.locator(".views button").first.click()
    page.locator(".snacks summary").click()
    page.locator(".snack-menu li").first.get_by_role("button").last.click()
    looks_good("snacks", ".snack-menu .amount")
    page.locator(".sum .primary").click()
    looks_good("sign-in", ".dialog")
    open_account(page)
    looks_good("order", ".pay")
    pay_at_once(page)
    looks_good("tickets", ".counter + .note + .tickets img")
    page.locator(".refund").click()
    looks_good("refund", ".dialog")
    page.keyboard.press("Escape")
    page.goto("/account")
    looks_good("account", ".order-line")
    page.goto("/kitchen")
    looks_good("kitchen-forbidden", ".problem")
    sign_in_as_staff(page, mesh)
    page.goto("/kitchen")
    looks_good("kitchen", ".card")
    page.goto("/film/no-such-film")
    looks_good("trouble", ".problem")
    assert troubles == []


def test_amounts_have_the_digits_of_the_server_not_of_the_browser(visit: Visit) -> None:
    page = visit("/")
    written = page.evaluate("""async () => {
      const { money } = await import("/web/language/format.js");
      return [money(250000, "HUF"), money(4500, "KWD"), money(1200, "JPY"), money(150, "IRR"), money(1250, "EUR")];
    }""")
    assert written == ["Ft\xa02,500.00", "KWD\xa04.500", "¥1,200", "IRR\xa01.50", "€12.50"]
