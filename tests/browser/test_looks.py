"""Every page in both themes and sizes: nothing seriously inaccessible, and a picture to look at."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from rehearsal.mesh import Mesh
from tests.browser.conftest import DESK, PHONE, SCREENSHOTS, Visit, open_account

SIZES = {"desk": DESK, "phone": PHONE}


def look(page: Page, name: str) -> list[str]:
    """Keep a picture; returns what keeps people out."""
    page.wait_for_timeout(250)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} sticks out at the side"
    found = Axe().run(page).response["violations"]
    return [f"{name}: {problem['id']} {[node['html'][:120] for node in problem['nodes'][:3]]}"
            for problem in found if problem["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_page_is_for_everyone(visit: Visit, mesh: Mesh, theme: str, size: str) -> None:
    page = visit("/", size=SIZES[size], theme=theme)
    page.locator(".film:not(.ghost)").first.wait_for()
    troubles = look(page, f"now-showing-{theme}-{size}")
    page.goto("/film/spirited-away")
    page.locator(".screening").first.wait_for()
    troubles += look(page, f"film-{theme}-{size}")
    page.goto(f"/screening/{mesh.fresh_screening()}")
    page.locator(".hall").wait_for()
    page.get_by_role("button", name="Best seats").click()
    page.locator(".hall .seat.picked").first.wait_for()
    troubles += look(page, f"seats-{theme}-{size}")
    page.get_by_role("button", name="Buy").click()
    troubles += look(page, f"sign-in-{theme}-{size}")
    open_account(page)
    page.wait_for_url("**/order/*")
    page.locator(".pay").wait_for()
    troubles += look(page, f"order-{theme}-{size}")
    page.get_by_role("button", name="Pay ").click()
    page.locator(".ticket").first.wait_for()
    troubles += look(page, f"tickets-{theme}-{size}")
    page.get_by_role("button", name="Refund").click()
    troubles += look(page, f"refund-{theme}-{size}")
    page.keyboard.press("Escape")
    page.goto("/account")
    page.locator(".order-line").first.wait_for()
    troubles += look(page, f"account-{theme}-{size}")
    page.goto("/film/no-such-film")
    page.locator(".trouble").wait_for()
    troubles += look(page, f"trouble-{theme}-{size}")
    assert troubles == []


def test_the_list_of_seats_is_for_everyone(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}")
    page.get_by_role("button", name="List").click()
    assert look(page, "list-dark-desk") == []
