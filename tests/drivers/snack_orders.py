"""Drives orders with snacks over HTTP: buying, paying, cooking, handing over."""

from typing import Any

from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import buy, info, make_late, pay

SKU = "popcorn-large"


def menu(mesh: Mesh, cinema: str) -> dict[str, Any]:
    return {snack["sku"]: snack for snack in mesh.get("/kitchen/get_menu", cinema_id=cinema).json()["snacks"]}


def snacks_left(mesh: Mesh, cinema: str, sku: str = SKU) -> int:
    return int(menu(mesh, cinema)[sku]["left"])


def restock(mesh: Mesh, staff: str, cinema: str, stock: int, sku: str = SKU) -> None:
    reply = mesh.post("/kitchen/restock", staff, cinema_id=cinema, sku=sku, stock=stock)
    assert (reply.status_code, reply.json()["left"]) == (200, stock), reply.text


def let_reservations_end(mesh: Mesh, cinema: str) -> None:
    """End what others left unpaid at the cinema, so that their snacks come back now and not in the midst of a test."""
    def reserved() -> set[str]:
        return {row.order_id for row in mesh.rows(
            "kitchen", "SELECT order_id FROM ticket WHERE cinema_id = :c AND status = 'reserved'", c=cinema)}

    mesh.rows("kitchen", "UPDATE ticket SET until = UTC_TIMESTAMP(3) WHERE cinema_id = :c AND status = 'reserved'",
              c=cinema)
    for order_id in (left_over := reserved()):
        make_late(mesh, order_id)
    wait_until(lambda: not left_over & reserved(), 60, "the end of what was left unpaid")


def ticket_of(mesh: Mesh, staff: str, order: dict[str, Any], **query: Any) -> dict[str, Any]:
    """The order's ticket in the cooks' queue, on whichever page."""
    cursor: dict[str, str] = {}
    while True:
        page = mesh.get("/kitchen/get_queue", staff, **query, **cursor).json()
        for ticket in page["tickets"]:
            if ticket["order_id"] == order["order_id"]:
                return dict(ticket)
        assert page["next_cursor"], "the order is not in the queue"
        cursor = {"cursor": page["next_cursor"]}


def wait_for_step(mesh: Mesh, token: str, order: dict[str, Any], status: str) -> dict[str, Any]:
    wait_until(lambda: info(mesh, token, order)["kitchen"]["status"] == status, 60, f"the kitchen to be {status}")
    return dict(info(mesh, token, order)["kitchen"])


def cook(mesh: Mesh, staff: str, step: str, order: dict[str, Any], **fields: Any) -> tuple[int, dict[str, Any]]:
    reply = mesh.post(f"/kitchen/{step}", staff, order_id=order["order_id"], **fields)
    return reply.status_code, dict(reply.json())


def bought_and_paid(mesh: Mesh, screening: str, seats: list[str],
                    *snacks: tuple[str, int]) -> tuple[str, dict[str, Any]]:
    """The token of a new buyer, and their paid order, whose ticket is in the kitchen."""
    token = mesh.buyer()
    order = buy(mesh, token, screening, seats, *snacks)
    pay(mesh, token, order)
    wait_for_step(mesh, token, order, "new")
    return token, order


