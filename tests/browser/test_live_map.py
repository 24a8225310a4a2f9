"""A seat map while others buy: streams, polling, and which answer is the newest."""

import json
import secrets
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from testbed.mesh import Mesh
from tests.browser.driver import PASSWORD, Visit, order_of, pick, sign_in, sign_in_again
from tests.drivers.orders import buy, pay

at_full_size = pytest.mark.full_size("browser/test_live_map.py", "web/seat_map_test.js", "web/hall_test.js")


def test_a_seat_taken_elsewhere_changes_here(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    mine, rival = visit(f"/screening/{screening}"), mesh.buyer()
    order = buy(mesh, rival, screening, ["H8", "H9"])
    expect(mine.locator("[data-seat=H8]")).to_have_attribute("data-state", "held")
    pay(mesh, rival, order)
    expect(mine.locator("[data-seat=H8]")).to_have_attribute("data-state", "sold")


@at_full_size
def test_a_map_without_a_stream_polls(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    mine = visit("/", complaints_expected=True)
    mine.route("**/live/*", lambda route: route.abort())
    mine.goto(f"/screening/{screening}")
    mine.locator(".hall").wait_for()
    buy(mesh, mesh.buyer(), screening, ["H8"])
    expect(mine.locator("[data-seat=H8]")).to_have_attribute("data-state", "held")


def test_a_slower_buyer_sees_which_seat_is_gone_and_is_offered_others(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    mine = visit(f"/screening/{screening}")
    pick(mine, "H8", "H9")
    buy(mesh, mesh.buyer(), screening, ["H9"])
    advice = mine.get_by_role("alert").filter(has_text="H9")
    expect(advice).to_contain_text("H9 has just been taken")
    advice.get_by_role("button", name="instead").click()
    expect(mine.locator(".hall .seat.picked")).to_have_count(2)
    expect(mine.locator("[data-seat=H9]")).to_have_attribute("data-state", "held")


@at_full_size
def test_picked_seats_reported_as_held_during_a_purchase_stay_picked_until_its_answer(visit: Visit, mesh: Mesh) -> None:
    """The map hears of a purchase before its buyer does; one that failed for another reason has released its seats."""
    screening = mesh.fresh_screening()
    page = visit("/", complaints_expected=True, signed_in=True)
    page.goto(f"/screening/{screening}")
    pick(page, "H8")
    held: list[Any] = []
    page.route("**/order/buy", lambda route: held.append(route))
    with page.expect_request("**/order/buy"):
        page.get_by_role("button", name="Buy").click()
    rival = mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=["H8", "H9"])
    assert rival.status_code == 200
    expect(page.locator("[data-seat=H9]")).to_have_attribute("data-state", "held")
    expect(page.locator(".hall .seat.picked")).to_have_count(1)

    held[0].fulfill(status=409, json={"code": "snacks_sold_out"})
    expect(page.get_by_role("alert").filter(has_text="H8")).to_contain_text("just been taken")
    expect(page.locator(".hall .seat.picked")).to_have_count(0)


def test_one_of_two_buyers_at_once_gets_the_seat(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    both = [visit("/", signed_in=True, complaints_expected=True) for _ in range(2)]
    for page in both:
        # Neither learns of the other's purchase before buying.
        page.route("**/live/*", lambda route: route.abort())
        page.goto(f"/screening/{screening}")
        page.locator(".hall").wait_for()
        page.route("**/film/get_hall_info*", lambda route: route.abort())
        pick(page, "H8")
    first, second = both
    first.evaluate("document.querySelector('.sum .primary').click()")
    second.evaluate("document.querySelector('.sum .primary').click()")
    for page in both:
        page.locator(".pay, .advice [role=alert]").wait_for()
    [loser] = [page for page in both if "/screening/" in page.url]  # either may have been first
    expect(loser.get_by_role("alert").filter(has_text="H8")).to_contain_text("just been taken")


@at_full_size
def test_a_map_never_goes_back_and_says_when_it_may_be_out_of_date(visit: Visit, mesh: Mesh) -> None:
    """Behind a balancer an answer may come from a gateway that lags, or be overtaken by a newer one."""
    screening, page = mesh.fresh_screening(), visit("/", complaints_expected=True)
    answers: list[str] = []
    replays: list[str] = []

    def answer(route: Route) -> None:
        if replays:
            replays.append(screening)
            route.fulfill(body=answers[0], content_type="application/json")
        else:
            answers.append(route.fetch().text())
            route.fulfill(body=answers[-1], content_type="application/json")

    page.route("**/live/*", lambda route: route.abort())
    page.route("**/film/get_hall_info*", answer)
    page.goto(f"/screening/{screening}")
    note = page.locator(".map p.note")
    page.locator(".hall").wait_for()
    assert mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=["H8"]).status_code == 200
    expect(page.locator("[data-seat=H8]")).to_have_attribute("data-state", "held")

    replays.append("from now on")
    expect(note).to_have_text("The map may be out of date.")
    assert len(replays) >= 3, "one older answer is not enough"
    expect(page.locator("[data-seat=H8]")).to_have_attribute("data-state", "held")
    replays.clear()
    expect(note).to_have_text("The map is up to date again.")


@at_full_size
def test_the_map_of_a_stream_replaces_what_polling_found(visit: Visit, mesh: Mesh) -> None:
    """Polling was ahead of the stream: it found H5 held, which is free by the time the stream sends its map."""
    def event(kind: str, version: int, **seats: str) -> str:
        told = [{"seat_id": seat, "state": state} for seat, state in seats.items()]
        return f"event: {kind}\ndata: {json.dumps({'version': version, 'seats': told})}\n\n"

    def ahead(route: Route) -> None:
        hall = route.fetch().json()
        held = [{**seat, "state": "held"} if seat["seat_id"] == "H5" else seat for seat in hall["seats"]]
        route.fulfill(json={**hall, "version": now, "seats": held})

    page, now = visit("/", complaints_expected=True), 10**12
    page.route("**/film/get_hall_info*", ahead)
    page.route("**/live/*", lambda route: route.fulfill(content_type="text/event-stream", body=event(
        "seats", now - 1, H1="held", H2="held") + event("change", now + 1, H2="free", H4="held")))
    page.goto(f"/screening/{mesh.fresh_screening()}")
    for seat, state in {"H4": "held", "H1": "held", "H2": "free", "H5": "free"}.items():
        expect(page.locator(f"[data-seat={seat}]")).to_have_attribute("data-state", state)


@at_full_size
def test_an_open_map_says_that_it_may_be_out_of_date_while_the_film_room_is_down(visit: Visit, mesh: Mesh) -> None:
    pages = {"en-GB": visit(f"/screening/{mesh.fresh_screening()}"),
             "zh-CN": visit(f"/screening/{mesh.fresh_screening()}", language="zh-CN")}
    said = {"en-GB": ("may be out of date", "up to date again"), "zh-CN": ("座位图", "座位图已恢复最新")}
    with mesh.without("film"):
        for language, page in pages.items():
            expect(page.get_by_role("status").filter(has_text=said[language][0])).to_be_visible()
    for language, page in pages.items():
        expect(page.get_by_role("status").filter(has_text=said[language][1])).to_be_visible()


@at_full_size
def test_seats_lost_while_signing_up_are_told_in_front_of_the_window(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    page = visit(f"/screening/{screening}")
    pick(page, "H8", "H9")
    page.get_by_role("button", name="Sign in").first.click()
    window = page.get_by_role("dialog")
    window.get_by_role("button", name="New here?").click()

    assert mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=["H9"]).status_code == 200
    news = window.get_by_role("alert").filter(has_text="H9")
    expect(news).to_contain_text("H9 has just been taken")
    news.get_by_role("button", name="instead").click()
    expect(window.get_by_role("status")).to_contain_text("Now picked")
    picked = {str(seat.get_attribute("data-seat")) for seat in page.locator(".hall .seat.picked").all()}
    page.locator("[name=username]").fill("guest" + secrets.token_hex(5))
    page.locator("[name=password]").fill(PASSWORD)
    window.get_by_role("button", name="Open an account").click()
    expect(window).to_have_count(0)
    page.get_by_role("button", name="Buy").click()
    page.wait_for_url("**/order/*")
    bought = mesh.rows("order", "SELECT seat_id FROM seat_claim WHERE order_id = :order", order=order_of(page))
    assert {row.seat_id for row in bought} == picked


@at_full_size
def test_what_is_left_of_the_seats_is_not_bought_unasked(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    page = visit(f"/screening/{screening}")
    sign_in(page)
    name = page.evaluate("JSON.parse(localStorage.user).username")
    pick(page, "H8", "H9")
    page.context.clear_cookies()   # the session is over, and Buy asks to sign in once more
    page.get_by_role("button", name="Buy").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=["H9"]).status_code == 200
    expect(page.get_by_role("dialog").get_by_role("alert").filter(has_text="H9")).to_be_visible()
    sign_in_again(page, name)
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(".side .advice")).to_contain_text("just been taken")
    expect(page.get_by_role("button", name="Buy")).to_be_enabled()
    assert "/screening/" in page.url
    orders = mesh.rows("order", "SELECT order_id FROM orders WHERE screening_id = :screening", screening=screening)
    assert len(orders) == 1, "only the order of the one who was faster"


def test_nothing_on_the_map_moves_where_less_motion_is_wanted(visit: Visit, mesh: Mesh) -> None:
    screening = mesh.fresh_screening()
    page = visit(f"/screening/{screening}", size=(360, 640))    # where the best seats are below what is seen
    page.evaluate("""() => {
      window.moved = [];
      Element.prototype.animate = function () { moved.push("flash"); };
      window.scrollBy = ({ behavior }) => moved.push(behavior);
    }""")
    for motion, seat, expected in (("reduce", "B8", ["instant"]),
                                   ("no-preference", "B9", ["instant", "smooth", "flash"])):
        page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
        page.get_by_role("button", name="Best seats").click()
        page.wait_for_function("count => moved.length >= count", arg=len(expected) - (motion != "reduce"))
        assert mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=[seat]).status_code == 200
        expect(page.locator(f"[data-seat={seat}]")).to_have_attribute("data-state", "held")
        assert page.evaluate("moved") == expected
