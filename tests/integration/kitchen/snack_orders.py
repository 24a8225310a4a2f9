"""Drives orders with snacks over HTTP: buying, paying, cooking, handing over."""

from typing import Any

from services.order.rules import SNACK_REFUND_PREFIX
from testbed.mesh import Mesh, wait_until

SKU = "popcorn-large"


def menu(mesh: Mesh, cinema: str) -> dict[str, Any]:
    return {snack["sku"]: snack for snack in mesh.get("/kitchen/get_menu", cinema_id=cinema).json()["snacks"]}


def left(mesh: Mesh, cinema: str, sku: str = SKU) -> int:
    return int(menu(mesh, cinema)[sku]["left"])


def restock(mesh: Mesh, staff: str, cinema: str, stock: int, sku: str = SKU) -> None:
    reply = mesh.post("/kitchen/restock", staff, cinema_id=cinema, sku=sku, stock=stock)
    assert (reply.status_code, reply.json()["left"]) == (200, stock), reply.text


def buy(mesh: Mesh, token: str, screening: str, seats: list[str], *snacks: tuple[str, int]) -> dict[str, Any]:
    reply = mesh.post("/order/buy", token, screening_id=screening, seats=seats,
                      snacks=[{"sku": sku, "quantity": quantity} for sku, quantity in snacks])
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def pay(mesh: Mesh, token: str, order: dict[str, Any]) -> None:
    reply = mesh.post("/order/pay", token, order_id=order["order_id"], method="sandbox")
    assert reply.status_code == 200, reply.text


def info(mesh: Mesh, token: str, order: dict[str, Any]) -> dict[str, Any]:
    return dict(mesh.get("/order/get_info", token, order_id=order["order_id"]).json())


def wait_for_step(mesh: Mesh, token: str, order: dict[str, Any], status: str) -> dict[str, Any]:
    wait_until(lambda: info(mesh, token, order)["kitchen"]["status"] == status, 20, f"the kitchen to be {status}")
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


def make_late(mesh: Mesh, order: dict[str, Any]) -> None:
    """Let the order's time to pay end."""
    mesh.rows("order", "UPDATE orders SET expires_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE order_id = :o",
              o=order["order_id"])


def refunds(mesh: Mesh, order: dict[str, Any]) -> dict[str, tuple[int, int, str]]:
    """Amount, amount kept and status of the refund of seats and of snacks."""
    rows = mesh.rows("order", "SELECT * FROM refund WHERE order_id = :o", o=order["order_id"])
    return {"snacks" if row.refund_id.startswith(SNACK_REFUND_PREFIX) else "seats": (row.amount, row.kept, row.status)
            for row in rows}
