"""Drives orders with snacks over HTTP: buying, paying, cooking, handing over."""

from typing import Any

from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import buy, info, pay

SKU = "popcorn-large"


def menu(mesh: Mesh, cinema: str) -> dict[str, Any]:
    return {snack["sku"]: snack for snack in mesh.get("/kitchen/get_menu", cinema_id=cinema).json()["snacks"]}


def left(mesh: Mesh, cinema: str, sku: str = SKU) -> int:
    return int(menu(mesh, cinema)[sku]["left"])


def restock(mesh: Mesh, staff: str, cinema: str, stock: int, sku: str = SKU) -> None:
    reply = mesh.post("/kitchen/restock", staff, cinema_id=cinema, sku=sku, stock=stock)
    assert (reply.status_code, reply.json()["left"]) == (200, stock), reply.text


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


