"""The pages without a mouse, on a phone, in Chinese, without a connection."""

import re

import pytest
from playwright.sync_api import Page, expect

from testbed.mesh import Mesh
from tests.browser.driver import PHONE, Visit, pick
from tests.browser.inspection import FITS

at_full_size = pytest.mark.full_size(
    "browser/test_devices_and_languages.py", "web/seat_map_test.js", "web/programme_test.js")


def test_seats_are_bought_with_the_keyboard_alone(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}")
    page.locator("[data-seat][tabindex='0']").focus()
    for key in ("Home", "Space", "ArrowRight", "Space", "ArrowUp", "ArrowRight", "Space"):
        page.keyboard.press(key)
    expect(page.locator(".hall .seat.picked")).to_have_count(3)
    assert page.locator("[data-seat][tabindex='0']").count() == 1
    tab_to(page, "Buy")
    page.keyboard.press("Enter")
    page.wait_for_url("**/order/*")
    tab_to(page, page.locator(".pay .primary").text_content() or "no button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/payment/sandbox/*")


def tab_to(page: Page, name: str) -> None:
    for _ in range(30):
        page.keyboard.press("Tab")
        if name in (page.evaluate("document.activeElement.textContent") or ""):
            return
    raise AssertionError(f"the Tab key does not reach {name}")


def test_the_list_and_the_map_are_two_views_of_the_same_seats(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}")
    page.get_by_role("button", name="List").click()
    page.get_by_role("group", name="Row H").get_by_role("checkbox").nth(7).check()
    page.get_by_role("button", name="Map").click()
    expect(page.locator(".hall .seat.picked")).to_have_count(1)
    expect(page.locator(".hall .seat.picked")).to_have_attribute(
        "aria-label", re.compile(r"^Row H, seat 8, Premium, €\d+\.\d\d, Your pick$"))


@at_full_size
def test_couple_seats_go_together(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}")
    page.locator(".hall .seat.couple").first.click()
    expect(page.locator(".hall .seat.couple.picked")).to_have_count(2)
    first, second = page.locator(".hall .seat.couple.picked").all()
    spoken = re.compile(r"^Row L, seat 1, Couple seat with seat 2, .*, Your pick$")
    expect(first).to_have_attribute("aria-label", spoken)
    first.focus()
    page.keyboard.press("ArrowRight")   # the other half is skipped
    assert page.evaluate("document.activeElement.dataset.seat") == "L3"
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.dataset.seat") == "L2"
    second.hover()
    expect(page.locator(".tooltip")).to_contain_text("L1 and L2")
    second.click()
    expect(page.locator(".hall .seat.picked")).to_have_count(0)


@at_full_size
def test_a_companion_place_is_picked_and_let_go_with_its_wheelchair_place(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}")
    pick(page, "F2")
    expect(page.locator(".advice")).to_contain_text("pick that first")
    expect(page.locator(".hall .seat.picked")).to_have_count(0)
    pick(page, "F1", "F2")
    expect(page.locator(".hall .seat.picked")).to_have_count(2)
    pick(page, "F1")
    expect(page.locator(".hall .seat.picked")).to_have_count(0)


@at_full_size
def test_wheelchair_places_are_suggested_only_on_request(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}")
    page.get_by_role("button", name="Best seats").click()
    expect(page.locator(".hall .seat.picked")).to_have_count(2)
    expect(page.locator(".hall .seat.picked:is(.wheelchair, .companion)")).to_have_count(0)
    page.get_by_role("checkbox", name="Wheelchair", exact=True).check()
    page.get_by_role("button", name="Best seats").click()
    expect(page.locator(".hall .seat.picked.wheelchair")).to_have_count(1)
    expect(page.locator(".hall .seat.picked")).to_have_count(2)


def test_a_seat_left_alone_is_mentioned_but_may_be_bought_around(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}")
    pick(page, "H8", "H10")
    expect(page.locator(".advice")).to_contain_text("leaves H9 alone")
    expect(page.get_by_role("button", name="Buy")).to_be_enabled()
    page.locator(".advice").get_by_role("button", name="leaving no single seat").click()
    expect(page.locator(".advice")).to_be_empty()
    expect(page.locator(".hall .seat.picked")).to_have_count(2)


@pytest.mark.full_size("browser/test_accessibility.py")
def test_no_page_is_wider_than_the_window(visit: Visit, mesh: Mesh) -> None:
    page = visit("/", size=(360, 844))
    for path in ("/", "/film/arrival", f"/screening/{mesh.fresh_screening()}", "/account"):
        page.goto(path)
        page.wait_for_selector("main:not([aria-busy]) h1")
        for width in (360, 390, 768, 1600):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
        page.set_viewport_size({"width": 360, "height": 640})
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, f"{path} with large text"
        expect(page.locator("#head").get_by_role("button", name="Sign in")).to_be_in_viewport(ratio=1)
        expect(page.locator(".skip")).not_to_be_in_viewport()


def test_seats_are_bought_on_a_phone(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}", size=PHONE)
    seat = page.locator("[data-seat=H8]")
    assert (seat.bounding_box() or {"width": 0})["width"] >= 24
    seat.tap()
    page.locator("[data-seat=H9]").tap()
    expect(page.get_by_role("button", name="Buy")).to_be_in_viewport()
    page.get_by_role("button", name="Buy").tap()
    page.wait_for_url("**/order/*")
    expect(page.get_by_role("button", name="Pay ")).to_be_in_viewport()


def test_pages_are_chinese_in_a_browser_that_prefers_chinese(visit: Visit, mesh: Mesh) -> None:
    page = visit("/", language="zh-CN")
    expect(page.get_by_role("heading", level=1)).to_have_text("正在热映")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.goto(f"/screening/{mesh.fresh_screening()}")
    pick(page, "H8")
    expect(page.locator(".basket")).to_contain_text("豪华座")
    page.get_by_role("button", name="English").click()
    expect(page.locator(".basket")).to_contain_text("Premium")
    expect(page.locator(".hall .seat.picked")).to_have_count(1)


@at_full_size
def test_filters_are_kept_in_the_address(visit: Visit) -> None:
    page = visit("/")
    page.get_by_label("All day").select_option("evening")
    page.get_by_label("All cities").select_option("Berlin")
    page.locator(".day").nth(2).click()
    page.wait_for_function("location.search.includes('part=evening') && location.search.includes('date=')")
    page.locator(".posters:not([aria-busy])").wait_for()
    before = page.locator(".film-title").all_text_contents()
    other = visit(page.url.partition("127.0.0.1")[2].partition("/")[2].join(["/", ""]))
    other.locator(".posters:not([aria-busy])").wait_for()
    assert before
    assert other.locator(".film-title").all_text_contents() == before


def test_an_offline_page_says_so_and_goes_on_afterwards(visit: Visit, mesh: Mesh) -> None:
    page = visit("/", complaints_expected=True)
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline")).to_be_visible()
    page.locator(".film-link").first.click()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    page.context.set_offline(False)
    page.wait_for_function("navigator.onLine")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".facts")).to_be_visible()


@at_full_size
def test_a_page_module_that_failed_is_loaded_again(visit: Visit) -> None:
    page = visit("/", complaints_expected=True)
    page.route("**/pages/film.js", lambda route: route.abort())
    page.locator(".film-link").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Something went wrong on this page.")
    with page.expect_navigation():
        page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_contain_text("Something went wrong on this page.")
    page.unroute("**/pages/film.js")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".facts")).to_be_visible()


@at_full_size
def test_an_answer_that_breaks_off_is_shown_as_offline(visit: Visit) -> None:
    page = visit("/account", complaints_expected=True)
    page.add_init_script("""const whole = Response.prototype.json;
        Response.prototype.json = function () {
            return this.url.includes("/film/") ? Promise.reject(new TypeError("network error")) : whole.call(this);
        };""")
    page.goto("/film/spirited-away")
    expect(page.get_by_role("alert")).to_contain_text("You are offline. Nothing is lost")


def test_a_seat_map_of_320_is_light(visit: Visit, mesh: Mesh) -> None:
    page = visit("/account")
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[int] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(f"{mesh.url}/screening/{mesh.fresh_screening(320)}")
    expect(page.locator(".hall .seat")).to_have_count(320)
    page.wait_for_timeout(300)
    assert 0 < sum(sizes) < 200_000


@at_full_size
def test_the_documentation_fits_a_phone(mesh: Mesh, visit: Visit) -> None:
    page = visit("/kitchen/", size=(360, 640))    # with a slash it is the same page
    assert page.url == f"{mesh.url}/kitchen"
    page.goto("/docs")
    assert page.evaluate(FITS)
