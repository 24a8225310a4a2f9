"""Cards that members keep and pay with, over HTTP."""

from typing import Any

from services.payment.sandbox.checkout import CODE
from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import choose


def keep_card(mesh: Mesh, token: str, order: dict[str, Any], choice: str = "pay") -> list[dict[str, Any]]:
    """Pay the order at the provider's page, and keep the card; the member's cards then."""
    before = mesh.get("/payment/get_cards", token).json()
    paying = pay_by_card(mesh, token, order, save_card=True)
    assert paying.status_code == 200, paying.text
    choose(mesh, paying.json(), choice)
    if choice == "challenge":
        choose(mesh, paying.json(), "confirm", code=CODE)
    wait_until(lambda: mesh.get("/payment/get_cards", token).json() != before, 20, "the kept card")
    return list(mesh.get("/payment/get_cards", token).json())


def pay_by_card(mesh: Mesh, token: str, order: dict[str, Any], key: str | None = None, **way: Any) -> Any:
    """The reply to a payment by card; `way`: card_id, save_card."""
    return mesh.post("/order/pay", token, key, order_id=order["order_id"], method="card",
                     **{"return_url": f"/order/{order['order_id']}", **way})
