"""When a part is down, a clock is wrong, or somebody pries: nothing is lost, and nothing is told."""

import re

import pytest
from playwright.sync_api import Page, expect

from testbed.mesh import Mesh
from tests.browser.conftest import Visit, buy, open_account, pay, pay_at_once, pick

TOMORROWS_CLOCK = """{
  const Real = Date;
  const ahead = 86_400_000;
  globalThis.Date = class extends Real {
    constructor(...given) { super(...(given.length ? given : [Real.now() + ahead])); }
    static now() { return Real.now() + ahead; }
  };
}"""


def sign_in(page: Page) -> None:
    page.get_by_role("button", name="Sign in").click()
    open_account(page)
    expect(page.locator("dialog")).to_have_count(0)


def sign_in_again(page: Page, name: str) -> None:
    """In the window that asks to sign in."""
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill("correct horse")
    page.locator(".dialog .primary").click()


def test_while_a_part_is_down_buying_loses_nothing_and_the_next_press_buys_once(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    page = visit(f"/screening/{screening}")
    keys: list[str | None] = []
    page.on("request", lambda sent: keys.append(sent.header_value("Idempotency-Key"))
            if sent.url.endswith("/order/buy") else None)
    sign_in(page)
    pick(page, "H8", "H9")
    with mesh.without("order"):
        page.get_by_role("button", name="Buy").click()
        expect(page.locator(".basket [role=alert]")).to_contain_text("part of our system is down")
        expect(page.locator(".hall .seat.picked")).to_have_count(2)
    page.get_by_role("button", name="Try again").click()
    page.wait_for_url("**/order/*")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    found = mesh.rows("order", "SELECT order_id FROM orders WHERE screening_id = :screening", screening=screening)
    assert len(found) == 1


def test_while_a_part_is_down_paying_loses_nothing(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}")
    buy(page, "H8")
    with mesh.without("payment"):
        page.get_by_role("button", name="Pay ").click()
        expect(page.locator(".pay [role=alert]")).to_contain_text("part of our system is down")
    pay(page)
    expect(page.locator(".ticket")).to_have_count(1)


def test_a_page_that_can_not_be_shown_says_so_and_is_shown_on_the_next_try(visit: Visit, mesh: Mesh) -> None:
    page = visit("/account")
    page.route("**/film/get_info?*", lambda route: route.fulfill(
        status=503, content_type="application/problem+json", body='{"code": "room_unavailable"}'))
    page.goto("/film/arrival")
    expect(page.get_by_role("alert")).to_contain_text("part of our system is down")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Arrival")


def test_tickets_whose_codes_could_not_be_had_ask_again(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}", complaints_expected=True)
    buy(page, "H8")
    page.route("**/order/get_ticket_images*", lambda route: route.abort())
    pay_at_once(page)
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_alt_text("Ticket code of seat H8")).to_be_visible()


def test_the_time_left_is_the_servers_whatever_the_browsers_clock_says(visit: Visit, mesh: Mesh) -> None:
    page = visit("/account")
    page.context.add_init_script(TOMORROWS_CLOCK)
    page.goto(f"/screening/{mesh.fresh_screening()}")
    buy(page, "H8")
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^[78]:\d\d$"))
    pay_at_once(page)
    page.goto("/account")
    expect(page.locator(".order-line")).to_have_count(1)


def test_signing_in_leads_back_to_the_seats_one_had_picked(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}")
    pick(page, "H8", "H9")
    page.get_by_role("button", name="Buy").click()
    page.keyboard.press("Escape")
    expect(page.locator(".hall .seat.picked")).to_have_count(2)
    sign_in(page)
    expect(page.locator(".hall .seat.picked")).to_have_count(2)
    page.get_by_role("button", name="Buy").click()
    page.wait_for_url("**/order/*")


@pytest.mark.parametrize("same", [True, False], ids=["the same account", "another account"])
def test_a_token_that_has_ended_asks_to_sign_in_and_then_buys_once(visit: Visit, mesh: Mesh, same: bool) -> None:
    screening = mesh.fresh_screening()
    page = visit(f"/screening/{screening}")
    sign_in(page)
    name = str(page.locator("header .name").text_content())
    pick(page, "H8")
    page.context.clear_cookies()
    page.get_by_role("button", name="Buy").click()
    if same:
        sign_in_again(page, name)
    else:
        open_account(page)
    page.wait_for_url("**/order/*")
    found = mesh.rows("order", "SELECT order_id FROM orders WHERE screening_id = :screening", screening=screening)
    assert len(found) == 1


def test_another_persons_order_is_nowhere(visit: Visit, mesh: Mesh) -> None:
    mine, theirs = visit(f"/screening/{mesh.fresh_screening()}"), visit("/")
    buy(mine, "H8")
    sign_in(theirs)
    theirs.goto(mine.url)
    expect(theirs.get_by_role("alert")).to_contain_text("You have no such order")
    expect(theirs.get_by_role("main")).not_to_contain_text("H8")


def test_an_address_where_nothing_is_says_so_and_leads_home(visit: Visit, mesh: Mesh) -> None:
    page = visit("/fim/amelie", complaints_expected=True)  # the browser's, of a 404
    expect(page.get_by_role("alert")).to_contain_text("There is nothing at this address")
    expect(page).to_have_title("Nothing to see here · Marquee")
    page.get_by_role("alert").get_by_role("link").click()
    page.wait_for_url("**/")
    page.locator(".posters a").first.wait_for()


def test_no_script_can_read_the_token(visit: Visit, mesh: Mesh) -> None:
    page = visit("/")
    sign_in(page)
    [cookie] = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    readable = page.evaluate("[document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)]")
    assert readable[0] == ""
    assert cookie["value"] not in "".join(readable)
    assert "expires" not in readable[1]


@pytest.mark.parametrize("attack", [
    "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.hit = 1'}))",
    "document.body.innerHTML = '<img src=x onerror=\"window.hit = 1\">'",
    "setTimeout('window.hit = 1')"])
def test_an_injected_script_runs_only_where_the_policy_is_taken_away(visit: Visit, attack: str) -> None:
    inject = f"async () => {{ try {{ {attack} }} catch {{}} await new Promise((over) => setTimeout(over, 200)); }}"

    def hits(page: Page) -> bool:
        page.evaluate(inject)
        return page.evaluate("window.hit") == 1

    assert not hits(visit("/", complaints_expected=True))
    bare = visit("/account", complaints_expected=True)
    bare.route("**/", lambda route: route.fulfill(body=route.fetch().body(), content_type="text/html"))
    bare.goto("/")
    assert hits(bare)
