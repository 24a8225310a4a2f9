"""The payment room's tables.

`account` is one order's money, and locking its row is the guard of everything here. The `sandbox_*` tables are
no part of the room: they are the outside world of the sandbox provider, which only sandbox.py touches.
"""

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.foundation.database import UtcDateTime


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger, dt.datetime: UtcDateTime}


def id_type() -> String:
    return String(64, collation="ascii_bin")


class Account(Base):
    """One row an order. open: takes charges; closed: takes none; captured: was paid, once and for all."""

    __tablename__ = "account"

    order_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    status: Mapped[str] = mapped_column(String(16))
    # Without these two the order was closed before anybody tried to pay.
    amount: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    captured_payment_id: Mapped[str | None] = mapped_column(id_type(), unique=True)
    refunded: Mapped[int]  # given back or on its way
    changed_at: Mapped[dt.datetime]

    __table_args__ = (
        CheckConstraint("status IN ('open', 'closed', 'captured')", name="account_status"),
        CheckConstraint("(status = 'captured') = (captured_payment_id IS NOT NULL)", name="captured_by_a_payment"),
        CheckConstraint("refunded BETWEEN 0 AND IF(status = 'captured', amount, 0)", name="refunded_within_captured"),
    )


class Payment(Base):
    """One attempt to pay an order. Its id is the provider's idempotency key; there is one at a time."""

    __tablename__ = "payment"

    payment_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("account.order_id"))
    attempt: Mapped[int] = mapped_column(SmallInteger)
    provider: Mapped[str] = mapped_column(String(32))
    method: Mapped[str] = mapped_column(String(32))
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(16))  # submitted -> captured | failed | cancelled
    created_at: Mapped[dt.datetime]
    tried_at: Mapped[dt.datetime]

    __table_args__ = (
        UniqueConstraint("order_id", "attempt", name="numbered_attempts"),
        Index("payments_to_finish", "status", "tried_at"),
    )


class Refund(Base):
    """Money to give back once. The caller makes the id; it is the provider's idempotency key."""

    __tablename__ = "refund"

    refund_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("account.order_id"), index=True)
    payment_id: Mapped[str] = mapped_column(ForeignKey("payment.payment_id"))
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(16))  # requested -> done
    created_at: Mapped[dt.datetime]
    tried_at: Mapped[dt.datetime]

    __table_args__ = (Index("refunds_to_finish", "status", "tried_at"),)


class SandboxCharge(Base):
    """What the sandbox's bank did, whatever the room believes."""

    __tablename__ = "sandbox_charge"

    payment_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    order_id: Mapped[str] = mapped_column(id_type(), index=True)
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(16))  # authorized -> captured | cancelled; or declined
    refunded: Mapped[int]

    __table_args__ = (CheckConstraint("refunded BETWEEN 0 AND amount", name="bank_keeps_its_money"),)


class SandboxRefund(Base):
    __tablename__ = "sandbox_refund"

    refund_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    payment_id: Mapped[str] = mapped_column(id_type(), index=True)
    amount: Mapped[int]


class SandboxInstruction(Base):
    """What a test told the sandbox to do with an order: see sandbox.instruct. Empty in a house that sells."""

    __tablename__ = "sandbox_instruction"

    order_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    trouble: Mapped[str] = mapped_column(String(16), primary_key=True)
    times: Mapped[int]
