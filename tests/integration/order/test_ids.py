"""Ids are compared byte by byte: another spelling of an id names nothing."""

from typing import Any

import pytest

from testbed.mesh import Mesh
from tests.drivers.orders import buy
from tests.drivers.snack_orders import bought_and_paid, menu


@pytest.fixture(scope="module")
def screening(mesh: Mesh) -> str:
    return mesh.fresh_screening(200)


def kitchen_sku(mesh: Mesh, screening: str) -> str:
    hall = mesh.get("/film/get_hall_info", screening_id=screening).json()
    return min(menu(mesh, hall["screening"]["cinema"]["cinema_id"]))


def answer(mesh: Mesh, path: str, token: str, **fields: Any) -> tuple[int, str | None]:
    reply = mesh.post(path, token, **fields)
    return reply.status_code, reply.json().get("code")


def test_an_order_id_in_capitals_names_no_order(mesh: Mesh, screening: str) -> None:
    """MariaDB once took it for the order, and the kitchen then knew no such ticket: snacks for nothing."""
    free = [seat for seat, state in mesh.seats(screening).items() if state == "free"]
    token, order = bought_and_paid(mesh, screening, free[:1], (kitchen_sku(mesh, screening), 1))
    capitals = order["order_id"].upper()
    assert capitals != order["order_id"]

    for method in ("get_info", "get_calendar", "get_ticket_images", "refund_preview", "refund", "cancel"):
        assert answer(mesh, f"/order/{method}", token, order_id=capitals) == (404, "unknown_order"), method
    assert answer(mesh, "/order/pay", token, order_id=capitals, method="sandbox") == (404, "unknown_order")
    assert answer(mesh, "/kitchen/start", mesh.staff(), order_id=capitals) == (404, "unknown_kitchen_order")

    assert mesh.rows("order", "SELECT refund_id FROM refund WHERE order_id = :o", o=order["order_id"]) == []
    assert mesh.rows("kitchen", "SELECT status FROM ticket WHERE order_id = :o", o=order["order_id"]) == [("new",)]
    mesh.check_invariants()


def test_a_screening_id_in_capitals_names_no_screening(mesh: Mesh, screening: str) -> None:
    free = [seat for seat, state in mesh.seats(screening).items() if state == "free"]
    assert answer(mesh, "/order/buy", mesh.buyer(), screening_id=screening.upper(), seats=free[:1]) == (
        404, "unknown_screening")
    buy(mesh, mesh.buyer(), screening, free[:1])
