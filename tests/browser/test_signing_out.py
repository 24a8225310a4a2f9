"""Signing out, and what a user leaves behind for the next one."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from testbed.mesh import Mesh
from tests.browser.driver import Visit, pick, sign_in, sign_out

at_full_size = pytest.mark.full_size("browser/test_signing_out.py", "integration/gateway/test_cookies.py")

EIGHT_MINUTES_MS = 8 * 60_000


def session_cookies(page: Page) -> list[Any]:
    """All but that of the device, which stays for the next time that somebody signs in."""
    return [cookie for cookie in page.context.cookies() if cookie["name"] != "marquee-device"]


@at_full_size
def test_signing_out_while_the_user_room_is_down_says_how_far_it_went_and_can_be_tried_again(
        visit: Visit, mesh: Mesh) -> None:
    page = visit("/")
    sign_in(page)
    expect(page.locator("main h1")).to_be_focused()  # the button that opened the window is gone
    [cookie] = session_cookies(page)
    page.goto("/account")
    page.get_by_role("button", name="Sign out").wait_for()
    with mesh.without("user"):
        page.get_by_role("button", name="Sign out").click()
        told = page.get_by_role("dialog", name="Signed out here")
        expect(told).to_contain_text("could not end it everywhere")
        with page.expect_response("**/user/logout") as answered:
            told.get_by_role("button", name="Try again").click()
        assert answered.value.status == 503
        expect(told).to_contain_text("could not end it everywhere")
    assert "marquee" not in [kept["name"] for kept in page.context.cookies()]
    assert mesh.get("/user/get_profile", cookie["value"]).status_code == 200
    with page.expect_response("**/user/logout") as answered:
        told.get_by_role("button", name="Try again").click()
    assert answered.value.status == 200
    expect(told).to_have_count(0)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert mesh.get("/user/get_profile", cookie["value"]).status_code == 401
    assert session_cookies(page) == []


@at_full_size
def test_signing_out_offline_says_that_the_user_is_still_signed_in(visit: Visit) -> None:
    page = visit("/", complaints_expected=True)
    sign_in(page)
    page.goto("/account")
    page.route("**/user/logout", lambda route: route.abort())
    page.get_by_role("button", name="Sign out").click()
    told = page.get_by_role("dialog", name="You are still signed in")
    expect(told).to_contain_text("You are offline")
    page.unroute_all()
    with page.expect_response("**/user/logout"):
        told.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert session_cookies(page) == []


@at_full_size
@pytest.mark.parametrize("hears", [True, False], ids=["heard of", "not heard of"])
def test_an_open_account_page_does_not_change_the_account_signed_in_in_another_tab(
        visit: Visit, mesh: Mesh, hears: bool) -> None:
    page = visit("/")
    sign_in(page)
    if not hears:
        page.add_init_script("addEventListener('storage', (event) => event.stopImmediatePropagation(), true)")
    page.goto("/account")
    page.locator("[name=email]").fill("ada@example.org")
    other = page.context.new_page()
    other.goto("/")
    sign_out(other)
    if hears:
        expect(page.get_by_text("Sign in to see")).to_be_visible()
    sign_in(other)
    [name] = other.locator("header .name").all_text_contents()
    if not hears:
        page.get_by_role("button", name="Save").click()
    expect(page.locator(".account header")).to_contain_text(name)
    expect(page.locator("header .name")).to_have_text(name)
    expect(page.locator("[name=email]")).to_have_value("")
    rows = mesh.rows("user", "SELECT email FROM user WHERE username = :name", name=name)
    assert [row.email for row in rows] == [None]


@at_full_size
def test_a_user_who_signs_in_after_a_session_has_ended_sees_their_own_account(visit: Visit) -> None:
    page = visit("/")
    sign_in(page)
    page.goto("/account")
    page.locator("[name=email]").fill("ada@example.org")
    page.context.clear_cookies()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".email-address [role=status]")).to_contain_text("sign in")
    sign_in(page)
    expect(page.locator(".account header .muted")).to_have_text(str(page.locator("header .name").text_content()))
    expect(page.locator("[name=email]")).to_have_value("")


@pytest.fixture
def unanswered(visit: Visit, mesh: Mesh) -> Page:
    """A buyer has pressed Buy, and no answer came."""
    page = visit("/", complaints_expected=True, signed_in=True)
    page.goto(f"/screening/{mesh.fresh_screening()}")
    pick(page, "H8")
    page.route("**/order/buy", lambda route: route.abort())
    page.get_by_role("button", name="Buy").click()
    expect(page.locator(".basket [role=alert]")).to_contain_text("You are offline")
    page.unroute_all()
    return page


def bought_by_itself(page: Page, address: str) -> bool:
    """Whether the page, opened anew, sends the unfinished purchase."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    with page.expect_response("**/live/*"):  # an unfinished purchase is sent before that
        page.goto(address)
    return any(url.endswith("/order/buy") for url in sent)


def test_an_unfinished_purchase_goes_on_for_the_buyer_who_began_it(unanswered: Page) -> None:
    unanswered.reload()
    unanswered.wait_for_url("**/order/*")


def test_an_unfinished_purchase_does_not_go_on_for_the_next_user(unanswered: Page) -> None:
    hall = unanswered.url
    sign_out(unanswered)
    sign_in(unanswered)
    assert not bought_by_itself(unanswered, hall)
    expect(unanswered.locator(".hall .seat.picked")).to_have_count(0)


@at_full_size
def test_an_unfinished_purchase_stays_with_its_account_when_nobody_signed_out(unanswered: Page) -> None:
    unanswered.context.clear_cookies()
    unanswered.evaluate("localStorage.removeItem('user')")
    hall = unanswered.url
    unanswered.goto("/")
    sign_in(unanswered)
    assert not bought_by_itself(unanswered, hall)


@at_full_size
def test_an_unfinished_purchase_is_dropped_after_eight_minutes(unanswered: Page) -> None:
    unanswered.evaluate(f"""for (const name of Object.keys(sessionStorage).filter((name) => name.startsWith("buy:"))) {{
        const kept = JSON.parse(sessionStorage.getItem(name));
        sessionStorage.setItem(name, JSON.stringify({{ ...kept, at: kept.at - {EIGHT_MINUTES_MS} }}));
    }}""")
    assert not bought_by_itself(unanswered, unanswered.url)
    expect(unanswered.locator(".hall .seat.picked")).to_have_count(1)
