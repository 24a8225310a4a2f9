"""Buying, paying and giving back over HTTP, and what an order then is: the steps that tests are made of."""

from typing import Any

import nameko
import requests
from nameko import serialization
from nameko.standalone.rpc import ClusterRpcClient

from testbed.mesh import Mesh


def buy(mesh: Mesh, token: str, screening: str, seats: list[str], *snacks: tuple[str, int]) -> dict[str, Any]:
    """The new order of these seats, and of snacks as (sku, quantity)."""
    with_snacks = {"snacks": [{"sku": sku, "quantity": quantity} for sku, quantity in snacks]} if snacks else {}
    reply = mesh.post("/order/buy", token, screening_id=screening, seats=seats, **with_snacks)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def pay(mesh: Mesh, token: str, order: dict[str, Any]) -> None:
    """Pay with test money, at once."""
    reply = mesh.post("/order/pay", token, order_id=order["order_id"], method="sandbox")
    assert reply.status_code == 200, reply.text


def start(mesh: Mesh, token: str, order: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    """Begin to pay at the provider's page."""
    reply = mesh.post("/order/pay", token, key, order_id=order["order_id"], method="card",
                      return_url=f"/order/{order['order_id']}")
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def choose(mesh: Mesh, paying: dict[str, Any], choice: str, **fields: str) -> requests.Response:
    """What the buyer does at the provider's page."""
    page = mesh.url + paying["payment"]["redirect_url"]
    assert requests.get(page, timeout=30).status_code == 200
    return requests.post(page, data={"choice": choice, **fields}, headers={"Origin": mesh.url}, timeout=30,
                         allow_redirects=False)


def charge(mesh: Mesh, order: dict[str, Any]) -> None:
    """Take the order's money, as the order room would by calling the payment room; it hears nothing of this."""
    with nameko.config.patch(mesh.settings, clear=True):
        serialization.setup()
        with ClusterRpcClient(timeout=20) as rooms:
            rooms.payment.charge(order_id=order["order_id"], amount=order["total"], currency=order["currency"],
                                 method="sandbox")


def info(mesh: Mesh, token: str, order: dict[str, Any]) -> dict[str, Any]:
    """The order as its buyer sees it."""
    return dict(mesh.get("/order/get_info", token, order_id=order["order_id"]).json())


def status_of(mesh: Mesh, order: dict[str, Any] | str) -> str:
    """The status that MariaDB has; no request is made, so no order expires by being looked at."""
    [row] = mesh.rows("order", "SELECT status FROM orders WHERE order_id = :o", o=_order_id(order))
    return str(row.status)


def make_late(mesh: Mesh, order: dict[str, Any] | str) -> None:
    """The order's time is over, in MariaDB; the board does not know."""
    mesh.rows("order", "UPDATE orders SET expires_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE order_id = :o",
              o=_order_id(order))


def expire(mesh: Mesh, order: dict[str, Any] | str) -> None:
    """The order's time is over, in MariaDB and on the board."""
    make_late(mesh, order)
    order_id = _order_id(order)
    [row] = mesh.rows("order", "SELECT screening_id FROM orders WHERE order_id = :o", o=order_id)
    key = f"seats:{{{row.screening_id}}}"
    for seat, value in mesh.redis.hgetall(key).items():
        if order_id in value:
            mesh.redis.hset(key, seat, f"H|{order_id}|1|0")


def refunds(mesh: Mesh, order: dict[str, Any]) -> dict[str, tuple[int, int, str]]:
    """What goes back for `seats` and for `snacks`: the amount, what is kept (minor units), the status."""
    rows = mesh.rows("order", "SELECT * FROM refund WHERE order_id = :o", o=order["order_id"])
    return {"snacks" if row.refund_id.startswith("snacks-") else "seats": (row.amount, row.kept, row.status)
            for row in rows}


def _order_id(order: dict[str, Any] | str) -> str:
    return order if isinstance(order, str) else str(order["order_id"])
