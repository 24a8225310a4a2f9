"""The sandbox: a provider that moves play money, with a ledger of its own beside the room's tables.

It says yes to every charge. A test that wants it otherwise tells it so for one order with `instruct`.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection

from schemas.errors import RoomSilent, RoomUnavailable
from services.foundation.database import CommitUnknown, Transactions
from services.payment.models import SandboxCharge, SandboxInstruction, SandboxRefund
from services.payment.providers import Standing
from services.payment.rules import Charge

Trouble = Literal["decline", "lose_capture", "lose_refund"]
T = TypeVar("T")


def instruct(tx: Connection, order_id: str, trouble: Trouble, times: int = 1) -> None:
    """The next `times` times with this order: decline the charge, or do what was asked and lose the answer."""
    row = {"order_id": order_id, "trouble": trouble, "times": times}
    tx.execute(upsert(SandboxInstruction).values(row).on_duplicate_key_update(times=times))


class Sandbox:
    """A Provider."""

    def __init__(self, database: Transactions) -> None:
        self._database = database

    def authorize(self, charge: Charge) -> Standing:
        def work(tx: Connection) -> Standing:
            status = "declined" if _is_due(tx, charge.order_id, "decline") else "authorized"
            row = {"payment_id": charge.payment_id, "order_id": charge.order_id, "amount": charge.amount,
                   "currency": charge.currency, "status": status, "refunded": 0}
            tx.execute(upsert(SandboxCharge).values(row).on_duplicate_key_update(payment_id=charge.payment_id))
            return _standing(tx, charge.payment_id)

        return self._run(work)

    def capture(self, payment_id: str) -> Standing:
        return self._move(payment_id, "captured")

    def cancel(self, payment_id: str) -> Standing:
        return self._move(payment_id, "cancelled")

    def refund(self, payment_id: str, refund_id: str, amount: int) -> None:
        def work(tx: Connection) -> bool:
            charge = tx.execute(_find(payment_id).with_for_update()).one()
            if tx.execute(select(SandboxRefund.amount).where(SandboxRefund.refund_id == refund_id)).first() is None:
                tx.execute(insert(SandboxRefund).values(refund_id=refund_id, payment_id=payment_id, amount=amount))
                tx.execute(update(SandboxCharge).where(SandboxCharge.payment_id == payment_id)
                           .values(refunded=SandboxCharge.refunded + amount))
            return _is_due(tx, charge.order_id, "lose_refund")

        if self._run(work):
            raise RoomSilent(room="sandbox")

    def fetch(self, payment_id: str) -> Standing:
        return self._run(lambda tx: _standing(tx, payment_id))

    def _move(self, payment_id: str, target: Standing) -> Standing:
        def work(tx: Connection) -> tuple[Standing, bool]:
            reserved = (SandboxCharge.payment_id == payment_id) & (SandboxCharge.status == "authorized")
            tx.execute(update(SandboxCharge).where(reserved).values(status=target))
            charge = tx.execute(_find(payment_id)).first()
            is_lost = charge is not None and target == "captured" and _is_due(tx, charge.order_id, "lose_capture")
            return _standing(tx, payment_id), is_lost

        standing, is_lost = self._run(work)
        if is_lost:
            raise RoomSilent(room="sandbox")
        return standing

    def _run(self, work: Callable[[Connection], T]) -> T:
        try:
            return self._database.run(work)
        except (CommitUnknown, RoomUnavailable):  # which a provider at the other end of a wire could not tell apart
            raise RoomSilent(room="sandbox") from None


def _find(payment_id: str) -> Any:
    return select(SandboxCharge.order_id, SandboxCharge.status).where(SandboxCharge.payment_id == payment_id)


def _standing(tx: Connection, payment_id: str) -> Standing:
    charge = tx.execute(_find(payment_id)).first()
    return charge.status if charge else "unknown"


def _is_due(tx: Connection, order_id: str, trouble: Trouble) -> bool:
    told = (SandboxInstruction.order_id == order_id) & (SandboxInstruction.trouble == trouble)
    once_less = update(SandboxInstruction).where(told, SandboxInstruction.times > 0)
    return bool(tx.execute(once_less.values(times=SandboxInstruction.times - 1)).rowcount)
