"""The payment room's tables.

`account` is one order's money, and a lock on its row guards every change. The `sandbox_*` tables are not the room's own
records: they are the sandbox provider's, and only `sandbox/` uses them.
"""

import datetime as dt

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.foundation.column_types import Id, Stamped, Traced, UtcDateTime
from services.foundation.events.outbox import outbox_table


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger, dt.datetime: UtcDateTime}


def id_type() -> String:
    return Id(64, "ascii_bin")


class Account(Base):
    """One row per order. open: takes charges; closed: takes none; captured: was paid, which is final."""

    __tablename__ = "account"

    order_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    status: Mapped[str] = mapped_column(String(16))
    # NULL: the order was closed before anyone tried to pay.
    amount: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    captured_payment_id: Mapped[str | None] = mapped_column(id_type(), unique=True)
    refunded: Mapped[int]  # minor units given back or on their way
    changed_at: Mapped[dt.datetime] = mapped_column(index=True)

    __table_args__ = (
        CheckConstraint("status IN ('open', 'closed', 'captured')", name="account_status"),
        CheckConstraint("(status = 'captured') = (captured_payment_id IS NOT NULL)", name="captured_by_a_payment"),
        CheckConstraint("refunded BETWEEN 0 AND IF(status = 'captured', amount, 0)", name="refunded_within_captured"),
    )


class Payment(Stamped, Traced, Base):
    """One attempt to pay an order, of one at a time. Its id is the idempotency key at the provider."""

    __tablename__ = "payment"

    payment_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("account.order_id"))
    attempt: Mapped[int] = mapped_column(SmallInteger)
    provider: Mapped[str] = mapped_column(String(32))
    method: Mapped[str] = mapped_column(String(32))
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(16))  # submitted -> pending -> captured | failed | cancelled | review
    reason: Mapped[str | None] = mapped_column(String(32))  # why it failed or needs a review
    user_id: Mapped[str | None] = mapped_column(Id())  # who pays; NULL: paid before this was kept
    created_at: Mapped[dt.datetime]
    tried_at: Mapped[dt.datetime]
    # Payments at the provider's page have the rest.
    return_url: Mapped[str | None] = mapped_column(String(500))
    expires_at: Mapped[dt.datetime | None]
    reference: Mapped[str | None] = mapped_column(Id(255, "ascii_bin"))  # the provider's own id
    redirect_url: Mapped[str | None] = mapped_column(String(2000))
    card_token: Mapped[str | None] = mapped_column(Id(255, "ascii_bin"), index=True)  # the provider's, of the card
    save_card: Mapped[bool] = mapped_column(Boolean, server_default="0")  # once it has paid; 0 when that is done

    __table_args__ = (
        UniqueConstraint("order_id", "attempt", name="numbered_attempts"),
        Index("payments_to_finish", "status", "tried_at"),
        Index("cards_to_keep", "save_card", "status", "tried_at"),
        Index("payments_of_a_provider", "provider", "created_at"),
    )


class Refund(Stamped, Base):
    """Money to give back once. The caller makes the id; rules.refund_key is the idempotency key at the provider."""

    __tablename__ = "refund"

    refund_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("account.order_id"), index=True)
    payment_id: Mapped[str] = mapped_column(ForeignKey("payment.payment_id"))
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    # requested -> done | failed; failed -> requested again, or settled: it was paid back in another way.
    # requested or failed -> written_off: its provider is gone.
    status: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(SmallInteger)
    covered: Mapped[int]  # the whole amount or 0: what a `reversal` has given back
    part_of: Mapped[str | None] = mapped_column(id_type(), index=True)  # the requested refund that this was split from
    credit_to: Mapped[str | None] = mapped_column(Id(), index=True)  # whose wallet gets it, or NULL: nobody's
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
    tried_at: Mapped[dt.datetime]

    __table_args__ = (Index("refunds_to_finish", "status", "tried_at"),)


class Reversal(Base):
    """Money that left a payment without this system: a refund made at the provider by hand, or a dispute."""

    __tablename__ = "reversal"

    reversal_id: Mapped[str] = mapped_column(id_type(), primary_key=True)  # the provider's own id
    payment_id: Mapped[str] = mapped_column(ForeignKey("payment.payment_id"), index=True)
    order_id: Mapped[str] = mapped_column(id_type())
    kind: Mapped[str] = mapped_column(String(16))  # refund, dispute
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    # open -> void (so are the tickets) | kept (the tickets stay valid); lifted: a dispute was won, or a refund failed.
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[dt.datetime]

    __table_args__ = (Index("reversals_to_decide", "status", "created_at"),)


class Decision(Base):
    """A person's decision about a payment under review, a failed refund or a reversal. Rows are only added."""

    __tablename__ = "decision"

    decision_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    about: Mapped[str] = mapped_column(id_type(), index=True)  # a payment_id, refund_id or reversal_id
    decision: Mapped[str] = mapped_column(String(16))
    decided_by: Mapped[str] = mapped_column(String(64))
    because: Mapped[str] = mapped_column(String(500))
    decided_at: Mapped[dt.datetime]


class CardHolder(Base):
    """A member with kept cards; a lock on the row guards every change of them."""

    __tablename__ = "card_holder"

    user_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    ended: Mapped[bool] = mapped_column(Boolean, server_default="0")  # the account has: no card is kept any more


class Card(Stamped, Base):
    """A card that is kept at the provider: kept -> removed -> detached, of which only the row is left."""

    __tablename__ = "card"

    card_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id(), index=True)
    provider: Mapped[str] = mapped_column(String(32))
    payment_id: Mapped[str] = mapped_column(id_type(), unique=True)  # which it paid first
    status: Mapped[str] = mapped_column(String(16))
    token: Mapped[str | None] = mapped_column(Id(255, "ascii_bin"), index=True)  # the provider's own name for it
    fingerprint: Mapped[str | None] = mapped_column(Id(255, "ascii_bin"))  # the same for the same card, however named
    brand: Mapped[str | None] = mapped_column(Id(32))
    last4: Mapped[str | None] = mapped_column(Id(4, "ascii_bin"))
    exp_month: Mapped[int | None] = mapped_column(SmallInteger)
    exp_year: Mapped[int | None] = mapped_column(SmallInteger)
    created_at: Mapped[dt.datetime]
    tried_at: Mapped[dt.datetime]

    __table_args__ = (Index("cards_to_detach", "status", "tried_at"),)


class WebhookInbox(Traced, Base):
    """Every webhook of a provider, once per event. It is a reason to ask the provider, no more."""

    __tablename__ = "webhook_inbox"

    provider: Mapped[str] = mapped_column(Id(32), primary_key=True)
    event_id: Mapped[str] = mapped_column(Id(255, "ascii_bin"), primary_key=True)
    type: Mapped[str] = mapped_column(String(64))
    payment_id: Mapped[str | None] = mapped_column(id_type())
    reference: Mapped[str | None] = mapped_column(String(255, collation="ascii_bin"))  # the provider's own id
    received_at: Mapped[dt.datetime]
    due_at: Mapped[dt.datetime]
    tries: Mapped[int]
    handled_at: Mapped[dt.datetime | None]

    __table_args__ = (Index("webhooks_to_handle", "handled_at", "due_at"),)


class SandboxCharge(Traced, Base):
    """A payment as the sandbox has it, whatever the room has recorded."""

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
    # Payments with a return_url are made at the sandbox's page.
    return_url: Mapped[str | None] = mapped_column(String(500))
    expires_at: Mapped[dt.datetime | None]
    wrong_codes: Mapped[int]
    save_card: Mapped[bool] = mapped_column(Boolean, server_default="0")

    __table_args__ = (CheckConstraint("refunded BETWEEN 0 AND amount", name="bank_keeps_its_money"),
                      Index("charges_by_time", "created_at"))


class SandboxRefund(Base):
    """A refund as the sandbox has it."""

    __tablename__ = "sandbox_refund"

    refund_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    payment_id: Mapped[str] = mapped_column(id_type(), index=True)
    amount: Mapped[int]
    created_at: Mapped[dt.datetime] = mapped_column(index=True)


class SandboxCard(Base):
    """A test card that the sandbox keeps, named after the payment that it was first used for."""

    __tablename__ = "sandbox_card"

    token: Mapped[str] = mapped_column(id_type(), primary_key=True)
    last4: Mapped[str] = mapped_column(Id(4, "ascii_bin"))


class SandboxWebhook(Traced, Base):
    """A webhook of the sandbox, to be delivered until it is acknowledged."""

    __tablename__ = "sandbox_webhook"

    event_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    payment_id: Mapped[str] = mapped_column(id_type())
    type: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
    copies: Mapped[int]
    tries: Mapped[int]
    due_at: Mapped[dt.datetime | None]  # None: it was delivered, or never will be

    __table_args__ = (Index("webhooks_to_bring", "due_at"),)


class SandboxSecret(Base):
    """A secret that signs the sandbox's webhooks: the newest signs, and all are valid."""

    __tablename__ = "sandbox_secret"

    secret_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    secret: Mapped[str] = mapped_column(Id())


class SandboxInstruction(Base):
    """A fault that a test injects, see `inject_fault`. The table stays empty wherever tickets are sold."""

    __tablename__ = "sandbox_instruction"

    order_id: Mapped[str] = mapped_column(id_type(), primary_key=True)
    trouble: Mapped[str] = mapped_column(Id(16), primary_key=True)
    times: Mapped[int]


OUTBOX = outbox_table(Base.metadata)   # one row per outcome of a payment
