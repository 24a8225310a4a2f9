"""The basket and its button at every size, and what a phone shows of a large hall."""

import pytest
from playwright.sync_api import Page, expect

from testbed.mesh import Mesh, wait_until
from tests.browser.driver import Visit
from tests.browser.inspection import FITS, keep_picture

at_full_size = pytest.mark.full_size("browser/test_basket_in_view.py")

DESK, PORTRAIT, LANDSCAPE = (1366, 768), (360, 640), (640, 360)
# Whether the middle of an element is in the window and nothing lies over it.
CAN_BE_HIT = """element => {
  const { x, y, width, height, right, bottom } = element.getBoundingClientRect();
  const hit = document.elementFromPoint(x + width / 2, y + height / 2);
  return x >= 0 && y >= 0 && right <= innerWidth && bottom <= innerHeight && element.contains(hit);
}"""
# How much of the map is between what stands above it and the basket, in pixels.
MAP_IN_SIGHT = """() => {
  const [stage, side] = [".stage", ".side"].map((name) => document.querySelector(name).getBoundingClientRect());
  return Math.min(stage.bottom, side.top) - Math.max(stage.top, 0);
}"""
# The free seats that are in the map's frame, and each letter beside its row: [free, in view, letters, off their row].
SEEN = """() => {
  const frame = document.querySelector(".view").getBoundingClientRect();
  const isSeen = ({ x, y, right, bottom }) =>
    x >= frame.x - 1 && right <= frame.right + 1 && y >= frame.y - 1 && bottom <= frame.bottom + 1;
  const boxes = [...document.querySelectorAll(".seat.free:is(.standard, .premium, .couple)")]
    .map((seat) => [seat.dataset.seat, seat.querySelector(".cushion").getBoundingClientRect()]);
  const seen = boxes.filter(([, box]) => isSeen(box));
  const letters = [...document.querySelectorAll(".row-letters span")].filter((each) => each.checkVisibility())
    .map((each) => [each.textContent, each.getBoundingClientRect()]).filter(([, box]) => isSeen(box));
  const off = letters.filter(([row, box]) => {
    const near = seen.filter(([seat, { left, right }]) =>
      seat.startsWith(row) && left - box.right < 20 && box.left - right < 20);
    return near.some(([, { y, height }]) => Math.abs(y + height / 2 - box.y - box.height / 2) > 15);
  });
  return [boxes.length, seen.length, letters.length, off.length];
}"""


def put_four_seats_and_snacks_into(page: Page) -> None:
    page.get_by_label("How many seats").select_option("4")
    page.get_by_role("button", name="Best seats").click()
    expect(page.locator(".hall .seat.picked")).to_have_count(4)
    page.locator(".snacks summary").click()
    page.locator(".snack-menu .amount").first.wait_for()


def test_best_seats_come_into_view_above_the_basket(visit: Visit, mesh: Mesh) -> None:
    """With the moves that most people see: what scrolls smoothly may be stopped on its way."""
    page = visit(f"/screening/{mesh.fresh_screening()}", size=PORTRAIT, has_touch=True, is_mobile=True)
    page.emulate_media(reduced_motion="no-preference")
    page.get_by_role("button", name="Best seats").click()
    expect(page.locator(".advice .note")).to_be_visible()
    for at in range(2):
        seat = page.locator(".hall .seat.picked").nth(at)
        wait_until(lambda seat=seat: seat.evaluate(CAN_BE_HIT), 30, "the seat to be in view")


@pytest.mark.parametrize("size", [
    pytest.param(DESK, marks=at_full_size), PORTRAIT, pytest.param(LANDSCAPE, marks=at_full_size)])
def test_the_basket_stays_in_view_with_four_seats_and_the_snacks_open(visit: Visit, mesh: Mesh,
                                                                       size: tuple[int, int]) -> None:
    touch = {} if size == DESK else {"has_touch": True, "is_mobile": True}
    page = visit(f"/screening/{mesh.fresh_screening()}", size=size, **touch)
    button, seats = page.get_by_role("button", name="Buy"), page.locator(".basket .seat-name")
    if size == LANDSCAPE:
        assert page.evaluate(MAP_IN_SIGHT) >= 150
    put_four_seats_and_snacks_into(page)
    keep_picture(page, f"basket-{size[0]}")
    assert button.evaluate(CAN_BE_HIT)
    page.locator(".snack-menu li").last.get_by_role("button").last.click()   # the menu can be scrolled to its end
    assert button.evaluate(CAN_BE_HIT)
    assert seats.first.evaluate(CAN_BE_HIT) or size == DESK   # there they scroll with the menu
    page.locator(".snacks summary").click()
    assert seats.first.is_visible()
    assert page.evaluate(FITS)
    for _ in range(4):
        page.get_by_role("button", name="Remove").first.click()
    assert button.evaluate(CAN_BE_HIT)


def test_a_phone_shows_which_seats_these_are_and_begins_where_some_are_free(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening(320)
    page = visit(f"/screening/{screening}", size=PORTRAIT)
    free, seen, letters, off = page.evaluate(SEEN)
    assert seen >= 40
    assert free > seen, "only a part of the hall fits"
    assert (letters >= 4, off) == (True, 0)
    expect(page.locator(".hall.numbered")).to_be_visible()
    overview = page.locator(".overview")
    overview.scroll_into_view_if_needed()
    box = overview.bounding_box() or {}
    page.touchscreen.tap(box["x"] + box["width"] * 0.85, box["y"] + box["height"] * 0.8)
    page.wait_for_function("""() => { const view = document.querySelector(".view");
        return view.scrollLeft + view.clientWidth > view.scrollWidth * 0.8; }""")
    letters, off = page.evaluate(SEEN)[2:]
    assert (letters >= 4, off) == (True, 0), "the letters stay beside their rows"
    page.locator(".seat.free.standard").nth(5).tap()
    name = page.locator(".hall .seat.picked").get_attribute("data-seat")
    expect(page.locator(".basket .picks")).to_contain_text(str(name))
    expect(page.locator(".basket .seat-name")).to_be_in_viewport()
