"""Printed tickets, and the order as a calendar file."""

import io
import json
import re
from pathlib import Path

import pytest
import zxingcpp
from icalendar import Calendar
from PIL import Image
from playwright.sync_api import expect

from gateway.routes.static_files import FOLDER
from testbed.mesh import Mesh
from tests.browser.driver import Visit, mark_as_test, order_of, order_page

at_full_size = pytest.mark.full_size("browser/test_tickets_and_calendar.py")

# Long names in place of those of the demo programme.
LONG_NAMES = """() => {
  const call = (what, name) => document.querySelectorAll(what).forEach((element) => { element.textContent = name; });
  call("h1, .ticket-film", "Everything Everywhere All at Once");
  call(".stub div:last-child dd", "Lichtspiele Elbufer, Großer Saal");
}"""
A4 = {"width": 794, "height": 1123}  # CSS pixels


@pytest.mark.parametrize("seats", [3, pytest.param(8, marks=at_full_size)])
def test_all_tickets_are_printed_on_one_page_and_read_by_the_scanner(visit: Visit, mesh: Mesh, seats: int) -> None:
    page = order_page(visit, mesh, *(f"H{number}" for number in range(5, 5 + seats)))
    expect(page.locator(".ticket img")).to_have_count(seats)
    page.evaluate(LONG_NAMES)
    paper = page.pdf(format="A4", print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    page.emulate_media(media="print")
    page.set_viewport_size(A4)  # type: ignore[arg-type]
    expect(page.get_by_role("button")).to_have_count(0)
    sheet = Image.open(io.BytesIO(page.screenshot())).convert("L")
    codes = {found.text for found in zxingcpp.read_barcodes(sheet.resize((sheet.width * 3, sheet.height * 3)))}
    assert codes == {row.code for row in mesh.rows(
        "order", "SELECT code FROM ticket WHERE order_id = :order", order=order_of(page))}


def test_an_order_is_saved_as_a_calendar_file(visit: Visit, mesh: Mesh, tmp_path: Path) -> None:
    page = order_page(visit, mesh, "H8", "H9")
    [sold] = mesh.rows("order", "SELECT film_title FROM orders WHERE order_id = :o", o=order_of(page))
    with page.expect_download() as saved:
        page.get_by_role("button", name="Add to calendar").click()
    saved.value.save_as(tmp_path / "evening.ics")
    [evening] = Calendar.from_ical((tmp_path / "evening.ics").read_text()).events
    assert (evening["summary"], evening["description"]) == (sold.film_title, "H8, H9")
    assert saved.value.suggested_filename.endswith(".ics")


@at_full_size
def test_a_demonstration_says_test_on_every_page_and_ticket(visit: Visit, mesh: Mesh) -> None:
    page = order_page(visit, mesh, "H5", "H6")
    expect(page.locator(".test-money")).to_have_count(0)

    mark_as_test(page)
    page.reload()
    for language in ("en", "zh"):
        banner, word = (json.loads((FOLDER / "language" / f"{language}.json").read_text())[f"test.{name}"]
                        for name in ("banner", "ticket"))
        for media in ("screen", "print"):
            page.emulate_media(media=media)  # type: ignore[arg-type]
            expect(page.locator(".test-money")).to_have_text(banner)
            expect(page.locator(".test-money")).to_be_visible()
            expect(page.locator(".ticket .test-mark:visible")).to_have_text([word, word])
        page.emulate_media(media="screen")
        page.get_by_role("button", name="中文" if language == "en" else "English").click()
