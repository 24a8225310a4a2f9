"""An order that can't be ended, or a refund that can't be sent, holds up no other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import ask_again_now, buy, make_late, start, status_of

at_full_size = pytest.mark.full_size("integration/order/test_failing_orders.py", "unit/order/test_faulty_rooms.py")


@contextmanager
def a_provider_that_is_gone(mesh: Mesh, order: dict[str, Any]) -> Iterator[None]:
    """The payment room no longer knows the provider of this order."""
    change = "UPDATE payment SET provider = :now WHERE order_id = :o"
    mesh.rows("payment", change, o=order["order_id"], now="gone")
    try:
        yield
    finally:
        mesh.rows("payment", change, o=order["order_id"], now="sandbox")
        mesh.rows("order", "UPDATE orders SET ask_again_at = NULL WHERE order_id = :o", o=order["order_id"])


def pay(mesh: Mesh, token: str, order: dict[str, Any]) -> None:
    assert mesh.post("/order/pay", token, order_id=order["order_id"], method="sandbox").json()["status"] == "paid"


@at_full_size
def test_late_orders_expire_when_one_of_them_can_not_be_ended(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token = mesh.buyer()
    hopeless, other = buy(mesh, token, screening, seats[:1]), buy(mesh, token, screening, seats[1:2])
    start(mesh, token, hopeless)
    with a_provider_that_is_gone(mesh, hopeless):
        make_late(mesh, hopeless)
        make_late(mesh, other)

        wait_until(lambda: status_of(mesh, other) == "expired", 30, "the other order's end")
        assert status_of(mesh, hopeless) == "paying"
        assert mesh.get("/order/get_info", token, order_id=hopeless["order_id"]).json()["status"] == "paying"
        wait_until(lambda: mesh.rows("order", "SELECT 1 FROM orders WHERE order_id = :o AND ask_again_at > "
                                              "UTC_TIMESTAMP(3) + INTERVAL 20 SECOND", o=hopeless["order_id"]), 60,
                   "a pause")
        board = f"seats:{{{screening}}}"
        mesh.redis.delete(board)
        mesh.get("/film/get_hall_info", screening_id=screening)
        wait_until(lambda: mesh.redis.exists(board), what="the map to be made anew, from what the orders say")
        assert mesh.redis.hexists(board, seats[0])
        refused = mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=seats[:1])
        assert (refused.status_code, refused.json()["code"]) == (409, "seats_taken")
        assert mesh.seats(screening)[seats[0]] == "held"

    wait_until(lambda: status_of(mesh, hopeless) == "expired", 60, "the order's end")
    mesh.check_invariants()


def test_a_silent_payment_room_is_asked_with_growing_pauses(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token = mesh.buyer()
    order = buy(mesh, token, screening, seats[:1])
    start(mesh, token, order)
    with a_provider_that_is_gone(mesh, order):
        mesh.rows("order", "UPDATE orders SET expires_at = UTC_TIMESTAMP(3) - INTERVAL 1 HOUR WHERE order_id = :o",
                  o=order["order_id"])

        def pause() -> int | None:
            [row] = mesh.rows("order", "SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(3), ask_again_at) AS pause "
                                       "FROM orders WHERE order_id = :o", o=order["order_id"])
            return None if row.pause is None else int(row.pause)

        assert 500 < wait_until(pause, 30, "the order to be asked for in vain") <= 600

    wait_until(lambda: status_of(mesh, order) == "expired", 30, "the order's end")


@at_full_size
def test_a_refused_refund_is_no_error_for_the_buyer_and_a_hundred_hold_up_no_other(mesh: Mesh, screening: str,
                                                                                   seats: list[str]) -> None:
    token = mesh.buyer()
    order = buy(mesh, token, screening, seats[:1])
    pay(mesh, token, order)
    books = "UPDATE account SET refunded = refunded + :more WHERE order_id = :o"
    mesh.rows("payment", books, o=order["order_id"], more=1)  # the payment room would give back too much

    reply = mesh.post("/order/refund", token, order_id=order["order_id"])
    assert (reply.status_code, reply.json()["status"]) == (200, "refunding")

    refuse_refunds(mesh, order, 120)
    mesh.rows("payment", books, o=order["order_id"], more=-1)
    mesh.rows("order", "UPDATE refund SET ask_again_at = requested_at - INTERVAL 1 SECOND "
                       "WHERE order_id LIKE '0-hopeless-%'")
    ask_again_now(mesh, order)
    try:
        wait_until(lambda: status_of(mesh, order) == "refunded", 120, "the money to go back")
    finally:
        for table in ("refund", "orders"):
            mesh.rows("order", f"DELETE FROM {table} WHERE order_id LIKE '0-hopeless-%'")
    mesh.check_invariants()


def refuse_refunds(mesh: Mesh, like: dict[str, Any], count: int) -> None:
    """Older refunds of orders that the payment room has never heard of."""
    for table in ("orders", "refund"):
        [row] = mesh.rows("order", f"SELECT * FROM {table} WHERE order_id = :o", o=like["order_id"])
        names = list(row._mapping)
        query = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
        for number in range(count):
            mine = {name: f"0-hopeless-{number}" for name in ("order_id", "refund_id", "board_owner") if name in names}
            mesh.rows("order", query, **{**row._mapping, **mine})


@at_full_size
def test_orders_of_a_cancelled_screening_are_refunded_when_one_can_not_be_ended(mesh: Mesh) -> None:
    screening = mesh.fresh_screening(40)
    buyers = mesh.buyers(5)
    made = [buy(mesh, token, screening, [seat]) for token, seat in zip(buyers, mesh.seats(screening), strict=False)]
    hopeless, paid = made[2], made[:2] + made[3:]
    start(mesh, buyers[2], hopeless)
    for token, order in zip(buyers[:2] + buyers[3:], paid, strict=True):
        pay(mesh, token, order)
    with a_provider_that_is_gone(mesh, hopeless):
        mesh.post("/order/cancel_screening", mesh.staff(), screening_id=screening, dry_run=False, reason="broken")

        wait_until(lambda: {status_of(mesh, order) for order in paid} == {"refunded"}, 60, "the money to go back")
        assert status_of(mesh, hopeless) == "paying"

    wait_until(lambda: status_of(mesh, hopeless) == "cancelled", 60, "the order's end")
    mesh.check_invariants()
