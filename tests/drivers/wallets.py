"""Members' wallets over HTTP: money that a manager puts in, and what is there."""

from typing import Any

from schemas.user import token_id
from testbed.mesh import Mesh


def user_of(mesh: Mesh, token: str) -> str:
    """The id of the account that is signed in with this token."""
    [row] = mesh.rows("user", "SELECT user_id FROM token WHERE token_id = :t", t=token_id(token))
    return str(row.user_id)


def fill(mesh: Mesh, token: str, amount: int, currency: str = "EUR") -> None:
    """A manager puts money into the member's wallet."""
    reply = mesh.post("/wallet/adjust", mesh.staff(), user_id=user_of(mesh, token), amount=amount, currency=currency,
                      reason="for a test")
    assert reply.status_code == 200, reply.text


def balance(mesh: Mesh, token: str) -> tuple[int, int]:
    """What is posted and what is reserved, in all currencies together."""
    rows = mesh.get("/wallet/get_balance", token).json()
    return sum(row["posted"] for row in rows), sum(row["reserved"] for row in rows)


def pay_by_wallet(mesh: Mesh, token: str, order: dict[str, Any]) -> Any:
    """The reply to a payment by wallet."""
    return mesh.post("/order/pay", token, order_id=order["order_id"], method="wallet")
