"""The inspection itself: it must see what it is there for."""

from playwright.sync_api import Browser

from tests.browser.inspection import MOST_SHIFT, SHIFTS

PAGE = "data:text/html,<div style='height: 10px'></div><p style='height: 300px; background: red'>text"
PAINT = "() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))"
MOVE = "document.querySelector('div').style.height = '200px'"


def test_what_moves_counts_unless_somebody_has_acted(chromium: Browser) -> None:
    for acts in (False, True):
        page = chromium.new_page()
        page.goto(PAGE)
        page.evaluate(PAINT)
        if acts:
            page.mouse.click(50, 50)
        page.evaluate(MOVE)
        page.evaluate(PAINT)
        assert (page.evaluate(SHIFTS) > MOST_SHIFT) is not acts
        page.close()
