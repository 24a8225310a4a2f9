"""The wallet room's tables: a ledger by double entry. Rows of `transfer` and `entry` are never changed."""

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.foundation.column_types import Id, UtcDateTime
from services.foundation.events.inbox import inbox_table
from services.foundation.events.outbox import outbox_table
from services.foundation.rpc.idempotency import key_table


class Base(DeclarativeBase):
    """The wallet room's schema."""

    type_annotation_map = {int: BigInteger, dt.datetime: UtcDateTime}


class Account(Base):
    """A member's money in one currency: the sum of its entries, and what of it is reserved for payments under way.

    The house's counter-accounts have entries but no row here: every payment of the house would wait for that row.
    """

    __tablename__ = "account"

    account_id: Mapped[str] = mapped_column(Id(80), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id())
    currency: Mapped[str] = mapped_column(Id(3))
    posted: Mapped[int]
    reserved: Mapped[int]

    __table_args__ = (
        UniqueConstraint("user_id", "currency", name="one_account_a_currency"),
        CheckConstraint("posted - reserved >= 0", name="nothing_spent_that_is_not_there"),
        CheckConstraint("reserved >= 0", name="nothing_released_twice"),
    )


class Transfer(Base):
    """Money that has moved once: into a member's wallet (credit), or out of it to pay (capture)."""

    __tablename__ = "transfer"

    transfer_id: Mapped[str] = mapped_column(Id(32), primary_key=True)
    kind: Mapped[str] = mapped_column(Id(16))
    source_type: Mapped[str] = mapped_column(Id(16))
    source_id: Mapped[str] = mapped_column(Id())
    user_id: Mapped[str] = mapped_column(Id())
    amount: Mapped[int]  # to the member; negative: from the member
    currency: Mapped[str] = mapped_column(String(3))
    order_id: Mapped[str | None] = mapped_column(Id())
    payment_id: Mapped[str | None] = mapped_column(Id())  # that a refund is of
    reason: Mapped[str | None] = mapped_column(String(500))
    occurred_at: Mapped[dt.datetime]

    __table_args__ = (
        UniqueConstraint("source_type", "source_id", "kind", name="once_a_source"),
        Index("transfers_of_a_member", "user_id", "transfer_id"),
        Index("transfers_by_time", "source_type", "occurred_at"),
    )


class Entry(Base):
    """One side of a transfer; the sides of each transfer sum to zero."""

    __tablename__ = "entry"

    transfer_id: Mapped[str] = mapped_column(Id(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(Id(80), primary_key=True)
    amount: Mapped[int]

    __table_args__ = (Index("entries_of_an_account", "account_id"),)


class Reservation(Base):
    """Money set aside for one source, such as a payment: reserved, and then captured or released, for good."""

    __tablename__ = "reservation"

    source_type: Mapped[str] = mapped_column(Id(16), primary_key=True)
    source_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id())
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    order_id: Mapped[str | None] = mapped_column(Id())
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[dt.datetime]

    __table_args__ = (Index("reservations_by_time", "source_type", "created_at"),
                      Index("reservations_by_status", "status"))


KEYS = key_table(Base.metadata)
OUTBOX = outbox_table(Base.metadata)
INBOX = inbox_table(Base.metadata)
