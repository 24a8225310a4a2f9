"""The loyalty room's tables. Unique keys are the reason that nothing is booked twice, and no day done twice."""

import datetime as dt

from sqlalchemy import BigInteger, Date, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.foundation.column_types import Id, Stamped, UtcDateTime
from services.foundation.events.outbox import outbox_table
from services.foundation.rpc.idempotency import key_table


class Base(DeclarativeBase):
    """The loyalty room's schema."""

    type_annotation_map = {int: BigInteger, dt.datetime: UtcDateTime, dt.date: Date}


class Member(Stamped, Base):
    """An account that has bought something, checked in or set its zone. Always: balance = the sum of its entries."""

    __tablename__ = "member"

    user_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    balance: Mapped[int] = mapped_column(default=0)
    lifetime: Mapped[int] = mapped_column(default=0)  # the sum of its entries except `redeemed`
    time_zone: Mapped[str | None] = mapped_column(Id())  # by which its days are counted; null: none was needed yet
    zone_since: Mapped[dt.datetime | None]  # its last change
    has_chosen: Mapped[bool] = mapped_column(default=False)  # a zone of the profile has been in force
    profile_zone: Mapped[str | None] = mapped_column(Id())
    profile_version: Mapped[int] = mapped_column(default=0)  # the newest change of `profile_zone` that was heard of
    cinema_zone: Mapped[str | None] = mapped_column(Id())  # of the cinema last bought at
    bought_at: Mapped[dt.datetime | None]


class Entry(Base):
    """A movement of points, never changed or deleted."""

    __tablename__ = "entry"

    entry_id: Mapped[str] = mapped_column(Id(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id())
    kind: Mapped[str] = mapped_column(Id(16))
    source_id: Mapped[str] = mapped_column(Id())  # the order, the change of an order, the check-in or the redemption
    points: Mapped[int]
    order_id: Mapped[str | None] = mapped_column(Id(), index=True)
    reason: Mapped[str] = mapped_column(String(24))
    occurred_at: Mapped[dt.datetime]

    __table_args__ = (UniqueConstraint("source_id", "kind", name="booked_once"),
                      Index("entries_of_a_member", "user_id", "entry_id"))


class OrderPoints(Stamped, Base):
    """What is known of an order: its amounts, what of them went back, and the rates of the day it was first heard of.

    A rate is `points` for every `per` minor units.
    """

    __tablename__ = "order_points"

    order_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id())
    is_guest: Mapped[bool] = mapped_column(server_default="0")  # the buyer has no account: nothing is booked yet
    is_paid: Mapped[bool]  # order.paid was heard; until then nothing is booked
    refunded_before: Mapped[int]  # when it was paid: of a payment that did not count
    seats_amount: Mapped[int]
    seats_refunded: Mapped[int]
    seats_points: Mapped[int] = mapped_column(Integer)
    seats_per: Mapped[int] = mapped_column(Integer)
    snacks_amount: Mapped[int]
    snacks_refunded: Mapped[int]
    snacks_points: Mapped[int] = mapped_column(Integer)
    snacks_per: Mapped[int] = mapped_column(Integer)


class CheckIn(Base):
    """A day on which a member checked in, with its reward: `points`, or `amount` in `currency`."""

    __tablename__ = "check_in"

    check_in_id: Mapped[str] = mapped_column(Id(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id())
    local_date: Mapped[dt.date]
    time_zone: Mapped[str] = mapped_column(Id())
    day: Mapped[int] = mapped_column(Integer)
    cycle: Mapped[int] = mapped_column(Integer)
    streak: Mapped[int] = mapped_column(Integer)
    points: Mapped[int | None]
    amount: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    checked_in_at: Mapped[dt.datetime]

    __table_args__ = (UniqueConstraint("user_id", "local_date", name="one_check_in_a_day"),)


KEYS = key_table(Base.metadata)
OUTBOX = outbox_table(Base.metadata)
