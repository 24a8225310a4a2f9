"""A kitchen with a fault, or one that does not know an order: seats are refunded at once, and snacks later."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import info, refunds
from tests.drivers.snack_orders import SKU, bought_and_paid, snacks_left, wait_for_step

pytestmark = pytest.mark.full_size("integration/kitchen/test_orders_with_snacks.py", "integration/model/test_model.py")


@contextmanager
def missing_kitchen_table(mesh: Mesh) -> Iterator[None]:
    """The kitchen answers with an internal error, because a table is missing."""
    mesh.rows("kitchen", "RENAME TABLE ticket_line TO ticket_line_away")
    try:
        yield
    finally:
        mesh.rows("kitchen", "RENAME TABLE ticket_line_away TO ticket_line")


@contextmanager
def order_unknown_to_the_kitchen(mesh: Mesh, order: dict[str, Any]) -> Iterator[None]:
    """The kitchen's rows of the order have another id meanwhile."""
    for table in ("ticket", "ticket_line"):
        mesh.rows("kitchen", f"UPDATE {table} SET order_id = 'unheard' WHERE order_id = :o", o=order["order_id"])
    try:
        yield
    finally:
        for table in ("ticket", "ticket_line"):
            mesh.rows("kitchen", f"UPDATE {table} SET order_id = :o WHERE order_id = 'unheard'", o=order["order_id"])


def refund(mesh: Mesh, token: str, order: dict[str, Any]) -> tuple[int, str | None]:
    reply = mesh.post("/order/refund", token, order_id=order["order_id"])
    return reply.status_code, reply.json().get("status")


def ask_the_kitchen_now(mesh: Mesh, order: dict[str, Any]) -> None:
    mesh.rows("order", "UPDATE orders SET ask_again_at = NULL WHERE order_id = :o", o=order["order_id"])


def test_a_fault_in_the_kitchen_does_not_delay_the_refund_of_seats(mesh: Mesh, screening: str, cinema: str,
                                                                   seats: list[str]) -> None:
    before = snacks_left(mesh, cinema)
    token, order = bought_and_paid(mesh, screening, seats[:2], (SKU, 1))
    price = sum(seat["price"] for seat in order["seats"])
    with missing_kitchen_table(mesh):
        assert refund(mesh, token, order) == (200, "refunding")
        assert refunds(mesh, order) == {"seats": (price, 0, "done")}

    ask_the_kitchen_now(mesh, order)
    wait_until(lambda: info(mesh, token, order)["status"] == "refunded", 60, "the refund of the snacks")
    assert info(mesh, token, order)["refunded"] == order["total"]
    assert snacks_left(mesh, cinema) == before
    mesh.check_invariants()


def test_an_order_unknown_to_the_kitchen_is_refunded_whole_and_not_cooked(
    mesh: Mesh, screening: str, cinema: str, seats: list[str],
) -> None:
    before = snacks_left(mesh, cinema)
    token, order = bought_and_paid(mesh, screening, seats[:1], (SKU, 1))
    with order_unknown_to_the_kitchen(mesh, order):
        assert refund(mesh, token, order) == (200, "refunding")
        assert refunds(mesh, order) == {"seats": (order["seats"][0]["price"], 0, "done")}

    ask_the_kitchen_now(mesh, order)
    wait_until(lambda: info(mesh, token, order)["status"] == "refunded", 60, "the refund of the snacks")
    assert info(mesh, token, order)["refunded"] == order["total"]
    wait_for_step(mesh, token, order, "given_up")
    assert snacks_left(mesh, cinema) == before
    mesh.check_invariants()


def test_a_refunded_order_that_the_kitchen_lost_is_not_cooked_when_its_event_comes_again(
    mesh: Mesh, screening: str, cinema: str, seats: list[str],
) -> None:
    before = snacks_left(mesh, cinema)
    token, order = bought_and_paid(mesh, screening, seats[:1], (SKU, 1))
    lose(mesh, order)
    assert refund(mesh, token, order) == (200, "refunding")

    mesh.rows("order", "UPDATE orders SET ask_again_at = NULL, changed_at = changed_at - INTERVAL 1 DAY "
                       "WHERE order_id = :o", o=order["order_id"])
    wait_until(lambda: info(mesh, token, order)["status"] == "refunded", 60, "the refund of the snacks")
    wait_for_step(mesh, token, order, "given_up")
    mesh.rows("order", "UPDATE outbox SET published_at = NULL WHERE about = :o AND type = 'order.paid'",
              o=order["order_id"])

    wait_until(lambda: mesh.rows("kitchen", "SELECT 1 FROM inbox WHERE event_id = :e", e=paid_event(mesh, order)),
               what="the kitchen to hear that it is paid")
    assert info(mesh, token, order)["kitchen"]["status"] == "given_up"
    assert snacks_left(mesh, cinema) == before
    mesh.check_invariants()


def lose(mesh: Mesh, order: dict[str, Any]) -> None:
    """The kitchen is restored as it was before the order."""
    mesh.rows("kitchen", "UPDATE snack JOIN ticket_line l USING (sku) JOIN ticket USING (cinema_id, order_id) "
                         "SET left_over = left_over + taken WHERE order_id = :o", o=order["order_id"])
    for table, key in (("ticket_line", "order_id"), ("ticket", "order_id"), ("outbox", "about")):
        mesh.rows("kitchen", f"DELETE FROM {table} WHERE {key} = :o", o=order["order_id"])
    mesh.rows("kitchen", "DELETE FROM inbox WHERE event_id = :e", e=paid_event(mesh, order))


def paid_event(mesh: Mesh, order: dict[str, Any]) -> str:
    [row] = mesh.rows("order", "SELECT event_id FROM outbox WHERE about = :o AND type = 'order.paid'",
                      o=order["order_id"])
    return str(row.event_id)
