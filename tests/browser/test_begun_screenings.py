"""A screening that has begun or is sold out says so, and shows the way to the next one."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Page, Route, expect

from testbed.mesh import Mesh
from tests.browser.driver import Visit, pick

at_full_size = pytest.mark.full_size("browser/test_begun_screenings.py")


def begin(page: Page) -> None:
    """From now on the API says that the screening has begun."""
    def begun(route: Route) -> None:
        hall = route.fetch().json()
        starts = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
        screening = {**hall["screening"], "starts_at": starts.isoformat(timespec="seconds")}
        route.fulfill(json={**hall, "screening": screening, "sales_open": False})

    page.route("**/film/get_hall_info*", begun)


def says_that_it_has_begun(page: Page) -> None:
    expect(page.get_by_role("alert")).to_contain_text("The screening has begun")
    expect(page.locator(".hall, .basket, dialog")).to_have_count(0)
    assert (page.get_by_role("heading", level=1).bounding_box() or {"height": 0})["height"] < 150
    expect(page.locator(".next-screenings a").first).to_have_attribute("href", re.compile("^/screening/"))


def test_a_screening_that_has_begun_shows_the_next_ones_instead_of_a_map(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    page = visit("/account")
    begin(page)
    page.goto(f"/screening/{screening}")
    says_that_it_has_begun(page)
    page.unroute("**/film/get_hall_info*")
    page.locator(".next-screenings a").first.click()
    expect(page.locator(".hall")).to_be_visible()


@at_full_size
def test_an_open_map_ends_when_its_screening_begins_even_behind_the_sign_in_window(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    page = visit("/account")
    page.clock.install()
    page.goto(f"/screening/{screening}")
    pick(page, "H8")
    page.get_by_role("button", name="Sign in").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    begin(page)
    page.clock.fast_forward(40 * 24 * 3_600_000)   # whichever day it is shown on
    says_that_it_has_begun(page)


@at_full_size
def test_a_purchase_that_comes_too_late_ends_the_map(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}", signed_in=True)
    pick(page, "H8")
    begin(page)
    page.route("**/order/buy", lambda route: route.fulfill(status=409, json={"code": "sales_closed"}))
    page.get_by_role("button", name="Buy").click()
    says_that_it_has_begun(page)


def test_a_screening_says_that_it_is_sold_out_until_a_seat_is_free_again(visit: Visit, mesh: Mesh) -> None:
    taken = {"yes": True}
    asked = {"times": 0}

    def hall(route: Route) -> None:
        asked["times"] += 1
        told = route.fetch().json()
        seats = [{**seat, "state": "sold"} for seat in told["seats"]] if taken["yes"] else told["seats"]
        route.fulfill(json={**told, "seats": seats, "version": told["version"] + asked["times"]})

    screening = mesh.fresh_screening()
    page = visit("/account", complaints_expected=True)
    page.route("**/live/*", lambda route: route.abort())    # the page asks for the seats every second instead
    page.route("**/film/get_hall_info*", hall)
    page.goto(f"/screening/{screening}")
    best, buy = page.get_by_role("button", name="Best seats"), page.get_by_role("button", name="Buy")
    expect(page.get_by_role("heading", name="Sold out")).to_be_visible()
    expect(page.locator(".next-screenings a").first).to_have_attribute("href", re.compile("^/screening/"))
    assert (best.is_visible(), buy.is_visible(), page.locator(".snacks").is_visible()) == (False, False, False)
    taken["yes"] = False
    expect(page.get_by_role("heading", name="Sold out")).to_be_hidden()
    assert (best.is_visible(), buy.is_visible()) == (True, True)
    taken["yes"] = True
    expect(page.get_by_role("heading", name="Sold out")).to_be_visible()
