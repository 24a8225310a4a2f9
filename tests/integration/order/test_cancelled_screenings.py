"""Cancelled screenings: every buyer gets everything back, even if the room is killed meanwhile."""

import datetime as dt
import json
from typing import Any

import nameko
import pytest

from operations.checks.screenings import cancelled_in_both_rooms
from operations.checks.snapshot import Snapshot
from testbed.mesh import Mesh, wait_until

at_full_size = pytest.mark.full_size("integration/model/test_stories.py")

AN_HOUR_AGO = "UTC_TIMESTAMP(3) - INTERVAL 1 HOUR"


def buy(mesh: Mesh, token: str, screening: str, seats: list[str], pay: bool = True) -> dict[str, Any]:
    order = mesh.post("/order/buy", token, screening_id=screening, seats=seats)
    assert order.status_code == 200, order.text
    if pay:
        assert mesh.post("/order/pay", token, order_id=order.json()["order_id"], method="sandbox").status_code == 200
    return dict(order.json())


def cancel(mesh: Mesh, token: str, screening: str, **fields: Any) -> dict[str, Any]:
    reply = mesh.post("/order/cancel_screening", token, screening_id=screening, **fields)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def cancelled_on_the_programme(mesh: Mesh, screening: str) -> bool:
    return bool(mesh.rows("film", "SELECT 1 FROM screening WHERE screening_id = :s AND cancelled_at IS NOT NULL",
                          s=screening))


def orders_of(mesh: Mesh, screening: str) -> list[str]:
    rows = mesh.rows("order", "SELECT status FROM orders WHERE screening_id = :s ORDER BY order_id", s=screening)
    return [row.status for row in rows]


def test_a_dry_run_sums_up_and_changes_nothing(mesh: Mesh) -> None:
    screening = mesh.fresh_screening(40)
    seats, staff = list(mesh.seats(screening)), mesh.staff()
    paid = buy(mesh, mesh.buyer(), screening, seats[:2])
    buy(mesh, mesh.buyer(), screening, seats[2:3], pay=False)

    told = cancel(mesh, staff, screening)

    assert (told["dry_run"], told["cancelled_at"]) == (True, None)
    assert (told["paid_orders"], told["unpaid_orders"]) == (1, 1)
    assert (told["amount"], told["currency"]) == (paid["total"], paid["currency"])
    assert orders_of(mesh, screening) == ["paid", "created"]
    assert buy(mesh, mesh.buyer(), screening, seats[3:4])["status"] == "created"


def test_a_cancellation_gives_back_the_amount_of_its_dry_run(mesh: Mesh) -> None:
    """A part that the terms kept of an earlier refund is not given back."""
    screening, token, staff = mesh.fresh_screening(40), mesh.buyer(), mesh.staff()
    order = buy(mesh, token, screening, list(mesh.seats(screening))[:3])
    half = json.dumps([{"until": "2998-01-01T00:00:00+00:00", "percent": 50, "fee": 0}])
    mesh.rows("order", "UPDATE orders SET refund_tiers = :half WHERE order_id = :o", half=half, o=order["order_id"])
    before = mesh.post("/order/refund", token, order_id=order["order_id"], seats=[order["seats"][0]["seat_id"]]).json()

    told = cancel(mesh, staff, screening)
    cancel(mesh, staff, screening, dry_run=False, reason="broken")
    wait_until(lambda: orders_of(mesh, screening) == ["refunded"], 60, "the order's end")

    after = mesh.get("/order/get_info", token, order_id=order["order_id"]).json()
    assert told["amount"] == after["refunded"] - before["refunded"]
    assert told["amount"] == order["total"] - order["seats"][0]["price"]
    mesh.check_invariants()


def test_an_order_paid_days_after_the_cancellation_is_refunded(mesh: Mesh) -> None:
    screening, token = mesh.fresh_screening(40), mesh.buyer()
    order = buy(mesh, token, screening, list(mesh.seats(screening))[:1])
    mesh.rows("order", "INSERT INTO cancelled_screening (screening_id, cancelled_by, cancelled_at) "
                       "VALUES (:s, 'staff', UTC_TIMESTAMP(3) - INTERVAL 30 DAY)", s=screening)
    mesh.rows("film", "UPDATE screening SET cancelled_at = UTC_TIMESTAMP(3) WHERE screening_id = :s", s=screening)

    wait_until(lambda: orders_of(mesh, screening) == ["refunded"], 60, "the order's end")
    assert mesh.get("/order/get_info", token, order_id=order["order_id"]).json()["refunded"] == order["total"]


def test_a_cancelled_screening_refunds_everything_whatever_the_terms(mesh: Mesh) -> None:
    screening = mesh.fresh_screening(40)
    seats, staff, owner = list(mesh.seats(screening)), mesh.staff(), mesh.buyer()
    partly = buy(mesh, owner, screening, seats[:3])
    mesh.post("/order/refund", owner, order_id=partly["order_id"], seats=seats[:1])
    late = buy(mesh, mesh.buyer(), screening, seats[3:4])
    buy(mesh, mesh.buyer(), screening, seats[4:5], pay=False)
    mesh.rows("order", "UPDATE orders SET refund_tiers = :none WHERE order_id = :o", o=late["order_id"],
              none=json.dumps([]))

    told = cancel(mesh, staff, screening, dry_run=False, reason="broken")
    assert told["cancelled_at"] is not None
    wait_until(lambda: orders_of(mesh, screening) == ["refunded", "refunded", "cancelled"], 60, "the end of all orders")

    after = mesh.get("/order/get_info", owner, order_id=partly["order_id"]).json()
    assert (after["refunded"], after["end_reason"]) == (partly["total"], "screening_cancelled")
    refused = mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=seats[:1])
    assert (refused.status_code, refused.json()["code"]) == (404, "screening_cancelled")
    wait_until(lambda: cancelled_on_the_programme(mesh, screening), 60, "the film room to follow")
    shown = mesh.get("/film/get_hall_info", screening_id=screening)
    assert (shown.status_code, shown.json()["code"]) == (404, "screening_cancelled")
    again = cancel(mesh, staff, screening, dry_run=False, reason="broken")
    assert again["cancelled_at"] == told["cancelled_at"]
    assert [row.type for row in mesh.rows("order", "SELECT type FROM outbox WHERE about = :s", s=screening)] == [
        "screening.cancelled"]
    rest = cancel(mesh, staff, screening)
    assert (rest["paid_orders"], rest["unpaid_orders"], rest["orders_being_refunded"], rest["amount"]) == (0, 0, 0, 0)
    mesh.check_invariants()


def test_a_cancelled_screening_leaves_the_programme(mesh: Mesh) -> None:
    screening = mesh.fresh_screening(40)
    film = mesh.get("/film/get_hall_info", screening_id=screening).json()["screening"]["film"]["film_id"]

    cancel(mesh, mesh.staff(), screening, dry_run=False, reason="broken")

    def shown() -> set[str]:
        cinemas = mesh.get("/film/get_info", film_id=film).json()["cinemas"]
        return {each["screening_id"] for cinema in cinemas for each in cinema["screenings"]}

    wait_until(lambda: screening not in shown(), 60, "the programme without it")


@at_full_size
def test_a_room_killed_while_cancelling_refunds_each_order_once(mesh: Mesh) -> None:
    screening, staff = mesh.fresh_screening(180), mesh.staff()
    seats = list(mesh.seats(screening))
    made = [buy(mesh, token, screening, [seat]) for token, seat in zip(mesh.buyers(30), seats, strict=False)]

    cancel(mesh, staff, screening, dry_run=False, reason="broken")
    for _ in range(2):
        before = orders_of(mesh, screening).count("refunded")
        wait_until(lambda before=before: orders_of(mesh, screening).count("refunded") > before or  # type: ignore[misc]
                   set(orders_of(mesh, screening)) == {"refunded"}, 60, "another refund")
        mesh.kill("order")
        mesh.wait_ready()
    wait_until(lambda: set(orders_of(mesh, screening)) == {"refunded"}, 120, "the end of all orders")

    given = mesh.rows("payment", "SELECT r.amount, c.order_id FROM sandbox_refund r JOIN sandbox_charge c "
                                 "USING (payment_id)")
    back = {row.order_id: row.amount for row in given}
    mine = {order["order_id"]: order["total"] for order in made}
    assert {order: back.get(order) for order in mine} == mine
    assert len([row for row in given if row.order_id in mine]) == len(mine)
    mesh.check_invariants()


@pytest.mark.parametrize("fields", [{}, {"dry_run": False}])
def test_a_buyer_can_not_cancel_a_screening(mesh: Mesh, fields: dict[str, Any]) -> None:
    screening = mesh.fresh_screening(40)

    reply = mesh.post("/order/cancel_screening", mesh.buyer(), screening_id=screening, **fields)

    assert reply.status_code == 403
    assert mesh.rows("order", "SELECT 1 FROM cancelled_screening WHERE screening_id = :s", s=screening) == []


def test_an_unknown_screening_can_not_be_cancelled(mesh: Mesh) -> None:
    reply = mesh.post("/order/cancel_screening", mesh.staff(), screening_id="nowhere", dry_run=False, reason="broken")

    assert (reply.status_code, reply.json()["code"]) == (404, "unknown_screening")


@at_full_size
def test_a_film_room_that_was_away_cancels_the_screening_when_it_is_back(mesh: Mesh) -> None:
    screening, staff = mesh.fresh_screening(40), mesh.staff()
    seats = list(mesh.seats(screening))
    buy(mesh, mesh.buyer(), screening, seats[:1])
    with mesh.without("film"):
        told = cancel(mesh, staff, screening, dry_run=False, reason="broken")
        refused = mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=seats[1:2])
        assert (refused.status_code, refused.json()["code"]) == (404, "screening_cancelled")
        assert breaches(mesh) == []  # the event waits for the film room, and nothing is wrong
        published(mesh, screening, AN_HOUR_AGO)
        assert breaches(mesh) == [f"screening {screening} is cancelled in the order room, but not in the film room"]
        published(mesh, screening, "NULL")
        assert breaches(mesh) == []

    wait_until(lambda: cancelled_on_the_programme(mesh, screening), 60, "the film room to follow")
    [row] = mesh.rows("film", "SELECT cancelled_at FROM screening WHERE screening_id = :s", s=screening)
    assert row.cancelled_at.replace(tzinfo=dt.UTC) == dt.datetime.fromisoformat(told["cancelled_at"])
    shown = mesh.get("/film/get_hall_info", screening_id=screening)
    assert (shown.status_code, shown.json()["code"]) == (404, "screening_cancelled")
    mesh.check_invariants()


def test_a_screening_cancelled_in_one_room_is_a_breach_until_it_is_cancelled_again(mesh: Mesh) -> None:
    screening, token = mesh.fresh_screening(40), mesh.buyer()
    buy(mesh, token, screening, list(mesh.seats(screening))[:1])
    mesh.rows("film", "UPDATE screening SET cancelled_at = UTC_TIMESTAMP(3) WHERE screening_id = :s", s=screening)
    assert breaches(mesh) == [f"screening {screening} is cancelled in the film room, but not in the order room"]

    cancel(mesh, mesh.staff(), screening, dry_run=False, reason="broken")
    wait_until(lambda: orders_of(mesh, screening) == ["refunded"], 60, "the money to go back")
    assert breaches(mesh) == []

    wait_until(lambda: was_heard(mesh, screening), 60, "the film room to have heard of it, too")
    mesh.rows("film", "UPDATE screening SET cancelled_at = NULL WHERE screening_id = :s", s=screening)
    published(mesh, screening, AN_HOUR_AGO)
    assert breaches(mesh) == [f"screening {screening} is cancelled in the order room, but not in the film room"]
    mesh.rows("film", "UPDATE screening SET cancelled_at = UTC_TIMESTAMP(3) WHERE screening_id = :s", s=screening)


def was_heard(mesh: Mesh, screening: str) -> bool:
    """Whether the film room has dealt with the cancellation, and will not do so later."""
    return any(screening in line and "film.follow_cancellation" in line for line in mesh.log("film").splitlines())


def published(mesh: Mesh, screening: str, when: str) -> None:
    """Its event is, but at another time; NULL: it is to be published again."""
    wait_until(lambda: mesh.rows("order", "SELECT 1 FROM outbox WHERE about = :s AND published_at IS NOT NULL",
                                 s=screening), what="its event to be published")
    mesh.rows("order", f"UPDATE outbox SET published_at = {when} WHERE about = :s", s=screening)


def breaches(mesh: Mesh) -> list[str]:
    with nameko.config.patch(mesh.settings, clear=True), Snapshot.open() as snapshot:
        return list(cancelled_in_both_rooms(snapshot))
