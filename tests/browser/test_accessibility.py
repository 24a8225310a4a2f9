"""Every page in both themes and languages, at all sizes: nothing seriously inaccessible, and a picture to look at."""

import pytest

from testbed.mesh import Mesh
from tests.browser.driver import Visit, open_account, pay_at_once, sign_in_as_staff
from tests.browser.inspection import SIZES, inspect, pale_texts

LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
# English, in which words are longer, is fitted into every size and its colours are seen in both themes at every change.
JOURNEYS = [("en", "dark", "desk"),
            pytest.param("zh", "light", "phone", marks=pytest.mark.full_size("browser/test_accessibility.py"))]


@pytest.mark.parametrize(("language", "theme", "window"), JOURNEYS)
def test_every_page_is_accessible(visit: Visit, mesh: Mesh, language: str, theme: str, window: str) -> None:
    page = visit("/", size=SIZES[window], theme=theme, language=LANGUAGES[language])
    others = tuple(other for other in SIZES if other != window)
    problems: list[str] = []

    def is_accessible(name: str, shown: str) -> None:
        page.locator(shown).first.wait_for()
        problems.extend(inspect(page, f"{name}-{language}-{theme}-{window}", sizes=others))
        problems.extend(pale_texts(page, "light" if theme == "dark" else "dark"))

    is_accessible("now-showing", ".film:not(.ghost)")
    page.goto("/film/spirited-away")
    is_accessible("film", ".screening")
    page.goto(f"/screening/{mesh.fresh_screening()}")
    page.locator(".suggest button").click()
    is_accessible("seats", ".hall .seat.picked")
    page.locator(".views button").last.click()
    is_accessible("list", ".seat-list")
    page.locator(".views button").first.click()
    page.locator(".snacks summary").click()
    page.locator(".snack-menu li").first.get_by_role("button").last.click()
    is_accessible("snacks", ".snack-menu .amount")
    page.locator(".sum .primary").click()
    is_accessible("guest", ".pay .guest")
    page.locator(".guest .link").click()
    is_accessible("sign-in", ".dialog")
    open_account(page)
    is_accessible("order", ".keep-card")
    pay_at_once(page)
    is_accessible("tickets", ".order > section > .note + .tickets img")
    page.locator(".refund").click()
    is_accessible("refund", ".dialog")
    page.keyboard.press("Escape")
    page.locator(".order a[href^='/receipt/']").click()
    is_accessible("receipt", ".paper tfoot")
    page.goto("/account")
    page.locator(".sessions li").wait_for()
    is_accessible("account", ".next-ticket .qr")
    page.locator(".streak + .row button").click()
    page.locator(".points .history summary").click()
    page.locator(".messages .history summary").click()
    page.locator(".done-today").wait_for()
    page.locator(".addresses > p button").click()
    page.locator(".points .entries li").first.wait_for()
    is_accessible("account-open", ".messages .entries li, .messages .history [role=status]")
    page.route("**/account/get_overview", lambda route: route.fulfill(
        status=503, content_type="application/problem+json", body='{"code": "room_unavailable"}'))
    page.reload()
    is_accessible("account-without-rooms", ".unavailable")
    page.unroute("**/account/get_overview")
    page.goto("/forgotten")
    is_accessible("forgotten", "main form")
    page.goto("/reset#token")
    is_accessible("reset", "main form")
    page.goto("/kitchen")
    is_accessible("kitchen-forbidden", ".problem")
    sign_in_as_staff(page, mesh)
    page.goto("/kitchen")
    is_accessible("kitchen", ".card")
    page.goto("/door")
    is_accessible("door", ".counts p, .counts li")
    page.goto("/film/no-such-film")
    is_accessible("problem", ".problem")
    assert problems == []
