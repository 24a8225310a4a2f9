"""The queue of a stormed screening, on the page of its seats."""

import datetime as dt
import itertools
import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from testbed.mesh import Mesh
from tests.browser.driver import Visit, order_of, pick
from tests.browser.inspection import SIZES, inspect

at_full_size = pytest.mark.full_size("browser/test_queue.py")

NOW = dt.datetime(2030, 5, 2, 8, tzinfo=dt.UTC)


def test_the_page_waits_for_the_draw_and_buys_by_itself(visit: Visit, mesh: Mesh) -> None:
    screening, manager = mesh.fresh_screening(), mesh.staff()
    page = visit(f"/screening/{screening}", signed_in=True)
    pick(page, "H8", "H9")
    draw_at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=10)
    opened = mesh.post("/order/open_queue", manager, screening_id=screening, draw_at=draw_at.isoformat())
    assert opened.status_code == 200, opened.text
    page.get_by_role("button", name="Buy").click()
    expect(page.locator(".queue")).to_contain_text("Numbers are drawn on")
    expect(page.get_by_role("button", name="Buy")).to_be_disabled()
    page.reload()       # the place and what was picked outlive it
    page.wait_for_url("**/order/*")
    [row] = mesh.rows("order", "SELECT seats FROM orders WHERE order_id = :order", order=order_of(page))
    assert [seat["seat_id"] for seat in json.loads(row.seats)] == ["H8", "H9"]
    mesh.post("/order/close_queue", manager, screening_id=screening)


def place(status: str, **facts: Any) -> dict[str, Any]:
    return {"status": status, "ask_again_seconds": 1, "server_time": NOW.isoformat(), **facts}


def told(page: Page, *places: dict[str, Any]) -> None:
    """What the queue answers, one after the other, and then the last again and again."""
    answers = itertools.chain(places, itertools.repeat(places[-1]))
    refuse = {"status": 409, "json": {"code": "queue_required", "waiting": 1200}}
    page.route("**/order/buy", lambda route: route.fallback() if "pass" in (route.request.post_data_json or {})
               else route.fulfill(**refuse))
    answer = lambda route: route.fulfill(json=next(answers))  # noqa: E731
    page.route("**/order/join_queue", answer)
    page.route("**/order/get_place?*", answer)


@at_full_size
def test_a_place_is_shown_in_numbers_and_kept_by_keyboard(visit: Visit, mesh: Mesh) -> None:
    page = visit(f"/screening/{mesh.fresh_screening()}", language="zh-CN", size=SIZES["phone"], signed_in=True)
    waiting = {"number": 1301, "people_before": 1200, "wait_seconds": 240}
    told(page, place("waiting", **waiting), place("waiting", **waiting | {"people_before": 1150}))
    pick(page, "H8")
    page.get_by_role("button", name="购买").press("Enter")
    panel = page.locator(".queue")
    expect(panel).to_contain_text("1301")
    expect(panel.get_by_role("heading")).to_be_focused()
    expect(page.locator("#announcement")).to_contain_text("1200")
    expect(panel).to_contain_text("您前面还有 1150 人。 大约 4 分钟后轮到您。")
    assert "1150" not in str(page.locator("#announcement").text_content())  # once in half a minute is enough
    assert inspect(page, "queue-zh-phone") == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(panel).to_be_hidden()
    expect(page.get_by_role("button", name="购买")).to_be_enabled()


@at_full_size
def test_a_turn_without_the_picked_seats_leaves_the_choice_to_the_user(visit: Visit, mesh: Mesh) -> None:
    """And when the time to buy is over, the page says so and queues again if asked."""
    page = visit(f"/screening/{mesh.fresh_screening()}", signed_in=True)
    turn = place("admitted", **{"pass": "1", "pass_until": (NOW + dt.timedelta(seconds=8)).isoformat()})
    told(page, place("drawing", draw_at=NOW.isoformat()), turn)
    pick(page, "H8")
    page.get_by_role("button", name="Buy").click()
    expect(page.locator(".queue")).to_contain_text("Numbers are drawn")
    pick(page, "H9")
    expect(page.locator(".queue")).to_contain_text("It is your turn")
    expect(page.get_by_role("button", name="Buy")).to_be_enabled()
    expect(page.locator(".queue")).to_contain_text("Your time to buy is over")
    assert "/screening/" in page.url
    page.get_by_role("button", name="Queue again").click()
    page.wait_for_url("**/order/*")     # now these are the seats that were waited for

