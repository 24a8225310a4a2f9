"""A room is down, a clock is wrong, or somebody pries: nothing is lost, and nothing is given away."""

import re

import pytest
from playwright.sync_api import expect

from testbed.mesh import Mesh
from tests.browser.driver import (
    Visit,
    buy,
    open_account,
    order_page,
    pay,
    pay_at_once,
    pick,
    sign_in,
    sign_in_again,
)
from tests.drivers import orders

at_full_size = pytest.mark.full_size("browser/test_failures.py")

TOMORROWS_CLOCK = """{
  const Real = Date;
  const ahead = 86_400_000;
  globalThis.Date = class extends Real {
    constructor(...given) { super(...(given.length ? given : [Real.now() + ahead])); }
    static now() { return Real.now() + ahead; }
  };
}"""


def test_a_purchase_while_the_order_room_is_down_is_repeated_once(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    page = visit(f"/screening/{screening}", signed_in=True)
    keys: list[str | None] = []
    page.on("request", lambda sent: keys.append(sent.header_value("Idempotency-Key"))
            if sent.url.endswith("/order/buy") else None)
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


@at_full_size
def test_a_payment_while_the_payment_room_is_down_is_repeated(visit: Visit, mesh: Mesh) -> None:
    page = order_page(visit, mesh, "H8", paid=False)
    with mesh.without("payment"):
        page.get_by_role("button", name="Pay ").click()
        expect(page.locator(".pay [role=alert]")).to_contain_text("part of our system is down")
    pay(page)
    expect(page.locator(".ticket")).to_have_count(1)


@at_full_size
def test_a_page_that_can_not_be_shown_says_so_and_is_shown_on_the_next_try(visit: Visit, mesh: Mesh) -> None:
    page = visit("/account")
    page.route("**/film/get_info?*", lambda route: route.fulfill(
        status=503, content_type="application/problem+json", body='{"code": "room_unavailable"}'))
    page.goto("/film/arrival")
    expect(page.get_by_role("alert")).to_contain_text("part of our system is down")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Arrival")


@at_full_size
def test_ticket_codes_that_failed_to_load_are_loaded_on_request(visit: Visit, mesh: Mesh) -> None:
    page = order_page(visit, mesh, "H8", paid=False, complaints_expected=True)
    page.route("**/order/get_ticket_images*", lambda route: route.abort())
    pay_at_once(page)
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_alt_text("Ticket code of seat H8")).to_be_visible()


@at_full_size
def test_the_time_left_follows_the_servers_clock(visit: Visit, mesh: Mesh) -> None:
    page = visit("/account", signed_in=True)
    page.context.add_init_script(TOMORROWS_CLOCK)
    page.goto(f"/screening/{mesh.fresh_screening()}")
    buy(page, "H8")
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^[78]:\d\d$"))
    pay_at_once(page)
    page.goto("/account")
    expect(page.locator(".order-line")).to_have_count(1)


@at_full_size
def test_signing_in_keeps_the_picked_seats(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}")
    pick(page, "H8", "H9")
    sign_in(page)
    expect(page.locator(".hall .seat.picked")).to_have_count(2)
    page.get_by_role("button", name="Buy").click()
    page.wait_for_url("**/order/*")


@pytest.mark.full_size("browser/test_signing_out.py", "browser/test_failures.py")
@pytest.mark.parametrize("same", [True, False], ids=["the same account", "another account"])
def test_a_purchase_with_an_ended_session_asks_to_sign_in_and_buys_once(visit: Visit, mesh: Mesh, same: bool) -> None:
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


def test_another_persons_order_is_not_shown(visit: Visit, mesh: Mesh) -> None:
    order = orders.buy(mesh, mesh.buyer(), mesh.fresh_screening(), ["H8"])
    theirs = visit(f"/order/{order['order_id']}", signed_in=True)
    expect(theirs.get_by_role("alert")).to_contain_text("You have no such order")
    expect(theirs.get_by_role("main")).not_to_contain_text("H8")


@at_full_size
def test_an_unknown_address_says_so_and_leads_home(visit: Visit, mesh: Mesh) -> None:
    page = visit("/fim/amelie", complaints_expected=True)  # the browser's, of a 404
    expect(page.get_by_role("alert")).to_contain_text("There is nothing at this address")
    expect(page).to_have_title("Nothing to see here · Marquee")
    page.get_by_role("alert").get_by_role("link").click()
    page.wait_for_url("**/")
    page.locator(".posters a").first.wait_for()


def test_no_script_can_read_the_token(visit: Visit, mesh: Mesh) -> None:
    page = visit("/")
    sign_in(page)
    cookies = page.context.cookies()
    assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [(True, "Strict")] * 2, "session, device"
    readable = page.evaluate("[document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)]")
    assert readable[0] == ""
    assert not [cookie for cookie in cookies if cookie["value"] in "".join(readable)]
    assert "expires" not in readable[1]


ATTACKS = (
    "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.hit = 1'}))",
    "document.body.innerHTML = '<img src=x onerror=\"window.hit = 1\">'",
    "setTimeout('window.hit = 1')")


@at_full_size
def test_an_injected_script_runs_only_where_the_policy_is_taken_away(visit: Visit) -> None:
    page, bare = (visit("/account", complaints_expected=True) for _ in range(2))
    bare.route("**/", lambda route: route.fulfill(body=route.fetch().body(), content_type="text/html"))
    for attack in ATTACKS:
        inject = f"async () => {{ try {{ {attack} }} catch {{}} await new Promise((over) => setTimeout(over, 200)); }}"
        page.goto("/")
        page.evaluate(inject)
        assert page.evaluate("window.hit") is None, attack
        bare.goto("/")
        bare.evaluate(inject)
        bare.wait_for_function("window.hit === 1", polling=50)
