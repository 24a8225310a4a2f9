"""The payment room's tables.

`account` is one order's money, and locking its row is the guard of everything here. The `sandbox_*` tables are
no part of the room: they are the outside world of the sandbox provider, which only sandbox.py touches.
"""

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.foundation.database import Id, UtcDateTime
from services.foundation.events.outbox import outbox_table


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger, dt.datetime: UtcDateTime}


def id_type() -> String:
    return Id(64, "ascii_bin")


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
    status: Mapped[str] = mapped_column(String(16))  # submitted -> pending -> captured | failed | cancelled | review
    reason: Mapped[str | None] = mapped_column(String(32))  # why it failed, or has to be reviewed
    created_at: Mapped[dt.datetime]
    tried_at: Mapped[dt.datetime]
    # The rest is of those that are paid at a page of the provider's.
    return_url: Mapped[str | None] = mapped_column(String(500))
    expires_at: Mapped[dt.datetime | None]
    reference: Mapped[str | None] = mapped_column(Id(255, "ascii_bin"))  # the provider's name for it
    redirect_url: Mapped[str | None] = mapped_column(String(2000))

    __table_args__ = (
        UniqueConstraint("order_id", "attempt", name="numbered_attempts"),
        Index("payments_to_finish", "status", "tried_at"),
    )


class Refund(Base):
    """Money to give back once. The caller makes the id; rules.refund_key is the provider's idempotency key."""

    __tablename__ = "refund"

    refund_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("account.order_id"), index=True)
    payment_id: Mapped[str] = mapped_column(ForeignKey("payment.payment_id"))
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    # requested -> done | failed; failed -> requested again, or settled: somebody has paid it back in another way.
    # requested or failed -> written_off: its provider is gone.
    status: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(SmallInteger)
    covered: Mapped[int]  # all of it or nothing: whether it has gone back without us, see `reversal`
    part_of: Mapped[str | None] = mapped_column(id_type(), index=True)  # the refund asked for that this was split from
    created_at: Mapped[dt.datetime]
    tried_at: Mapped[dt.datetime]

    __table_args__ = (Index("refunds_to_finish", "status", "tried_at"),)


class Reversal(Base):
    """Money that left a payment at its provider without us: a refund made there by hand, or a dispute."""

    __tablename__ = "reversal"

    reversal_id: Mapped[str] = mapped_column(id_type(), primary_key=True)  # the provider's own name for it
    payment_id: Mapped[str] = mapped_column(ForeignKey("payment.payment_id"), index=True)
    order_id: Mapped[str] = mapped_column(id_type())
    kind: Mapped[str] = mapped_column(String(16))  # refund, dispute
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    # open -> void (the tickets are) | kept (they stay good); lifted: a dispute was won, or a refund failed there.
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[dt.datetime]

    __table_args__ = (Index("reversals_to_decide", "status", "created_at"),)


class Decision(Base):
    """What somebody has decided about a payment under review, a failed refund or a reversal. Rows are only added."""

    __tablename__ = "decision"

    decision_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    about: Mapped[str] = mapped_column(id_type(), index=True)  # a payment_id, refund_id or reversal_id
    decision: Mapped[str] = mapped_column(String(16))
    decided_by: Mapped[str] = mapped_column(String(64))
    because: Mapped[str] = mapped_column(String(500))
    decided_at: Mapped[dt.datetime]


class WebhookInbox(Base):
    """Every message of a provider, once: the primary key says so. It is a reason to ask the provider, no more."""

    __tablename__ = "webhook_inbox"

    provider: Mapped[str] = mapped_column(Id(32), primary_key=True)
    event_id: Mapped[str] = mapped_column(Id(255, "ascii_bin"), primary_key=True)
    type: Mapped[str] = mapped_column(String(64))
    payment_id: Mapped[str | None] = mapped_column(id_type())
    reference: Mapped[str | None] = mapped_column(String(255, collation="ascii_bin"))  # the provider's name for it
    received_at: Mapped[dt.datetime]
    due_at: Mapped[dt.datetime]
    tries: Mapped[int]
    handled_at: Mapped[dt.datetime | None]

    __table_args__ = (Index("webhooks_to_handle", "handled_at", "due_at"),)


class SandboxCharge(Base):
    """What the sandbox's bank did, whatever the room believes."""

    __tablename__ = "sandbox_charge"

    payment_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    order_id: Mapped[str] = mapped_column(id_type(), index=True)
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    # (pending -> challenged ->) authorized -> captured; or declined, or cancelled
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(32))  # why it was declined
    refunded: Mapped[int]
    created_at: Mapped[dt.datetime]
    # Those with an address to return to are paid at the sandbox's page.
    return_url: Mapped[str | None] = mapped_column(String(500))
    expires_at: Mapped[dt.datetime | None]
    wrong_codes: Mapped[int]

    __table_args__ = (CheckConstraint("refunded BETWEEN 0 AND amount", name="bank_keeps_its_money"),
                      Index("charges_by_time", "created_at"))


class SandboxRefund(Base):
    __tablename__ = "sandbox_refund"

    refund_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    payment_id: Mapped[str] = mapped_column(id_type(), index=True)
    amount: Mapped[int]
    created_at: Mapped[dt.datetime]


class SandboxWebhook(Base):
    """A message the sandbox has to bring, until somebody says that it arrived."""

    __tablename__ = "sandbox_webhook"

    event_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    payment_id: Mapped[str] = mapped_column(id_type())
    type: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[dt.datetime]
    copies: Mapped[int]
    tries: Mapped[int]
    due_at: Mapped[dt.datetime | None]  # None: it has arrived, or never will

    __table_args__ = (Index("webhooks_to_bring", "due_at"),)


class SandboxSecret(Base):
    """What the sandbox signs its messages with: the newest signs, all of them are good."""

    __tablename__ = "sandbox_secret"

    secret_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    secret: Mapped[str] = mapped_column(Id())


class SandboxInstruction(Base):
    """What a test told the sandbox to do with an order: see sandbox.instruct. Empty in a house that sells."""

    __tablename__ = "sandbox_instruction"

    order_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    trouble: Mapped[str] = mapped_column(Id(16), primary_key=True)
    times: Mapped[int]


OUTBOX = outbox_table(Base.metadata)  # one row for the end of a payment
