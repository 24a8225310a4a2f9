"""From the front page to the tickets."""

import datetime as dt
import io
import re

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, Route, expect

from testbed.mesh import Mesh, wait_until
from tests.browser.driver import Visit, buy, cancel, order_of, order_page, pay, pick, state

at_full_size = pytest.mark.full_size("browser/test_buying.py")


def free_block(page: Page, count: int) -> list[str]:
    """The best seats, as the page suggests and picks them."""
    page.get_by_label("How many seats").select_option(str(count))
    page.get_by_role("button", name="Best seats").click()
    expect(page.locator(".hall .seat.picked")).to_have_count(count)
    return [str(seat.get_attribute("data-seat")) for seat in page.locator(".hall .seat.picked").all()]


@at_full_size
@pytest.mark.parametrize(("language", "tabs"), [("en-GB", ["Today", "Tomorrow", "Sun 28", "Mon 1 Mar"]),
                                                ("zh-CN", ["今天", "明天", "28日周日", "3月1日周一"])])
def test_a_day_tab_of_another_month_names_the_month(visit: Visit, language: str, tabs: list[str]) -> None:
    def on_four_days(route: Route) -> None:
        told = route.fetch().json()
        cinema = told["cinemas"][0]
        screenings = [{**cinema["screenings"][0], "local_date": day}
                      for day in ("2027-02-01", "2027-02-02", "2027-02-28", "2027-03-01")]
        route.fulfill(json={**told, "cinemas": [{**cinema, "screenings": screenings}]})

    page = visit("/account", language=language)
    page.clock.set_fixed_time(dt.datetime(2027, 2, 1, 12))
    page.route("**/film/get_info?*", on_four_days)
    page.goto("/film/arrival")
    expect(page.locator(".day")).to_have_text(tabs)


def test_three_seats_from_the_front_page_to_the_tickets(visit: Visit, mesh: Mesh) -> None:
    page = visit("/")
    page.get_by_role("searchbox").fill("arriv")
    expect(page.locator(".film")).to_have_count(1)
    page.locator(".film-link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Arrival")
    page.locator(".day").nth(2).click()
    page.locator(".screening").first.click()
    seats = free_block(page, 3)
    expect(page.locator(".total")).to_contain_text(re.compile(r"[€¥]\d"))
    page.get_by_role("button", name="Buy").click()
    page.wait_for_url("**/order/*")
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"[78]:\d\d"))
    pay(page)
    expect(page.locator(".ticket")).to_have_count(3)
    order = order_of(page)
    told = {row.seat_id: row.code for row in mesh.rows(
        "order", "SELECT seat_id, code FROM ticket WHERE order_id = :order", order=order)}
    assert set(told) == set(seats)
    assert {seat: read_code(page, seat) for seat in seats} == told


def read_code(page: Page, seat: str) -> str:
    """The code that a scanner reads from the screen."""
    picture = page.get_by_alt_text(f"Ticket code of seat {seat}").screenshot(scale="device")
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)).convert("L").resize((800, 800)))
    return str(found[0].text)


@at_full_size
def test_picks_outlive_reloading_and_going_back(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}")
    pick(page, "H8", "H9")
    page.reload()
    expect(page.locator(".hall .seat.picked")).to_have_count(2)
    page.locator(".about a").click()
    page.wait_for_url("**/film/*")
    page.go_back()
    expect(page.locator(".hall .seat.picked")).to_have_count(2)


def test_pressing_twice_buys_once(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    page = visit(f"/screening/{screening}", signed_in=True)
    pick(page, "H8", "H9")
    page.get_by_role("button", name="Buy").dblclick()
    page.wait_for_url("**/order/*")
    found = mesh.rows("order", "SELECT order_id FROM orders WHERE screening_id = :screening", screening=screening)
    assert len(found) == 1


@at_full_size
def test_another_pick_during_a_purchase_does_not_buy_twice(visit: Visit, mesh: Mesh) -> None:
    page = visit("/", signed_in=True)
    page.goto(f"/screening/{mesh.fresh_screening()}")
    pick(page, "H8")
    held: list[Route] = []
    page.route("**/order/buy", lambda route: held.append(route))
    button = page.locator(".basket .sum .primary")
    with page.expect_request("**/order/buy"):
        button.click()
    pick(page, "H9")
    expect(page.locator(".hall .seat.picked")).to_have_count(2)
    expect(button).to_be_disabled()
    held[0].fulfill(status=409, json={"code": "sales_closed"})
    expect(button).to_be_enabled()
    assert len(held) == 1


@pytest.mark.full_size("browser/test_buying.py", "browser/test_failures.py", "browser/test_refunds.py")
def test_a_purchase_whose_answer_was_lost_is_repeated_with_the_same_key(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    page = visit(f"/screening/{screening}", complaints_expected=True, signed_in=True)
    pick(page, "H8", "H9")
    page.route("**/order/buy", lambda route: (route.fetch(), route.abort())[1], times=1)
    page.get_by_role("button", name="Buy").click()
    expect(page.locator(".basket [role=alert]")).to_contain_text("Nothing is lost")
    page.reload()
    page.wait_for_url("**/order/*")
    found = mesh.rows("order", "SELECT order_id FROM orders WHERE screening_id = :screening", screening=screening)
    assert [row.order_id for row in found] == [order_of(page)]


@pytest.mark.full_size("browser/test_buying.py", "browser/test_failures.py", "browser/test_refunds.py")
def test_one_of_three_seats_is_refunded(visit: Visit, mesh: Mesh) -> None:
    page = order_page(visit, mesh, "H8", "H9", "H10")
    page.get_by_role("button", name="Refund").click()
    window = page.get_by_role("dialog")
    window.get_by_label("H8").uncheck()
    window.get_by_label("H9").uncheck()
    amount = re.sub(r".*\s", "", str(window.locator(".primary").text_content()))
    window.locator(".primary").click()
    expect(page.locator(".ticket.void")).to_have_count(1)
    expect(page.locator(".sums")).to_contain_text(amount)
    expect(page.locator(".status")).to_have_text("Partly refunded")


def test_an_order_expires_on_the_open_page(visit: Visit, mesh: Mesh) -> None:
    page = order_page(visit, mesh, "H8", paid=False)
    order = order_of(page)
    mesh.rows("order", "UPDATE orders SET expires_at = UTC_TIMESTAMP() - INTERVAL 1 SECOND WHERE order_id = :order",
              order=order)
    expect(page.locator(".status")).to_have_text("Expired")
    expect(page.get_by_role("main")).to_contain_text("Nothing was charged")


def expect_mails_in(language: str, page: Page) -> None:
    """The profile of the page's user says so, soon after the page has switched."""
    profile = "fetch('/user/get_profile', {headers: {'X-Session': 'cookie'}}).then((answer) => answer.json())"
    wait_until(lambda: page.evaluate(profile)["language"] == language, what=f"mails in {language}")


def test_an_unpaid_order_is_found_again_from_the_map(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    page = visit(f"/screening/{screening}", signed_in=True)
    buy(page, "H8", "H9")
    page.goto(f"/screening/{screening}")
    expect(page.locator(".hall .seat.own")).to_have_count(2)
    assert state(page, "H8") == "own"
    page.get_by_role("link", name="Pay or cancel").click()
    page.get_by_role("button", name="Cancel order").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    page.get_by_role("button", name="中文").click()
    page.get_by_role("button", name="撤销").click()    # the other language has cancelled nothing
    expect_mails_in("zh", page)
    page.get_by_role("button", name="English").click()
    cancel(page)
    expect(page.locator(".status")).to_have_text("Cancelled")
    expect_mails_in("en", page)
