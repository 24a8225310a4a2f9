"""The order room's tables. The primary key of `seat_claim` is the reason that no seat is sold twice."""

import datetime as dt

from sqlalchemy import BigInteger, Boolean, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.foundation.column_types import Id, Traced, UtcDateTime
from services.foundation.events.outbox import outbox_table
from services.foundation.rpc.idempotency import key_table


class Base(DeclarativeBase):
    pass


class Order(Traced, Base):
    """One row per order, kept for ever. `version` counts its changes; each has its event in `outbox`."""

    __tablename__ = "orders"

    order_id: Mapped[str] = mapped_column(Id(32), primary_key=True)
    buyer_id: Mapped[str] = mapped_column(Id())
    guest: Mapped[bool] = mapped_column(Boolean, server_default="0")  # the buyer has no account
    screening_id: Mapped[str] = mapped_column(Id())
    board_owner: Mapped[str] = mapped_column(Id(32))  # the name its seats are held under on the board
    status: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(Integer)
    # 1, 2, ... while unpaid, null after: with the unique key below, a limit that holds in any race.
    unpaid_slot: Mapped[int | None] = mapped_column(SmallInteger)
    # 1, 2, ... among the orders of its buyer; null for staff, and for orders of older versions.
    buyer_number: Mapped[int | None] = mapped_column(Integer)
    seats: Mapped[str] = mapped_column(Text)  # JSON [{seat_id, kind, price, goes_with}]: the quote, never changed
    snacks: Mapped[str] = mapped_column(Text)  # JSON [{sku, name, name_zh, quantity, price}], never changed either
    total: Mapped[int] = mapped_column(BigInteger)
    refunded: Mapped[int] = mapped_column(BigInteger)
    revived: Mapped[bool] = mapped_column(Boolean)  # had expired, was paid late, and got its seats nevertheless
    end_reason: Mapped[str | None] = mapped_column(String(24))  # asked, screening_cancelled, paid_late, reversed
    currency: Mapped[str] = mapped_column(String(3))
    film_title: Mapped[str] = mapped_column(String(200))
    cinema_id: Mapped[str | None] = mapped_column(Id())
    cinema_name: Mapped[str] = mapped_column(String(200))
    hall_name: Mapped[str] = mapped_column(String(200))
    starts_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    starts_offset: Mapped[int] = mapped_column(Integer)  # minutes east of UTC at the cinema
    time_zone: Mapped[str | None] = mapped_column(Id())  # of the cinema; null for orders of older versions
    ends_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    refund_tiers: Mapped[str] = mapped_column(Text)  # JSON [{until, percent, fee}]: the policy when the order was made
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    extended: Mapped[bool] = mapped_column(Boolean, server_default="0")  # the buyer has had more time
    changed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    # When another room had no answer about this order's payment or snacks: it is not asked again before then.
    ask_again_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    # How far the kitchen is with its snacks; null without any.
    kitchen_status: Mapped[str | None] = mapped_column(String(16))
    kitchen_sequence: Mapped[int] = mapped_column(Integer)
    pick_up_code: Mapped[str | None] = mapped_column(Id(8))
    needed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("screening_id", "buyer_id", "unpaid_slot", name="one_order_a_slot"),
        UniqueConstraint("buyer_id", "buyer_number", name="one_order_a_number"),
        Index("orders_of_a_buyer", "buyer_id", "order_id"),
        Index("orders_by_deadline", "status", "expires_at"),
        Index("orders_by_change", "changed_at"),
        Index("orders_by_end", "status", "ends_at"),
    )


class Guest(Base):
    """A guest who has bought, and the account that has adopted the guest's orders, if one has."""

    __tablename__ = "guest"

    guest_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    adopted_by: Mapped[str | None] = mapped_column(Id())


class SeatClaim(Base):
    """Who owns a seat: PENDING for an unpaid order, SOLD for a paid one. No row: nobody."""

    __tablename__ = "seat_claim"

    screening_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    seat_id: Mapped[str] = mapped_column(Id(8), primary_key=True)
    order_id: Mapped[str] = mapped_column(Id(32), index=True)
    state: Mapped[str] = mapped_column(String(8))


class Ticket(Base):
    """A ticket for one seat: `valid`, or `void` once it was refunded. It is used once `admitted_at` is set."""

    __tablename__ = "ticket"

    ticket_id: Mapped[str] = mapped_column(Id(32), primary_key=True)
    order_id: Mapped[str] = mapped_column(Id(32), index=True)
    screening_id: Mapped[str] = mapped_column(Id())
    seat_id: Mapped[str] = mapped_column(Id(8))
    code: Mapped[str] = mapped_column(Id(255), unique=True)
    status: Mapped[str] = mapped_column(String(8))
    admitted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    door: Mapped[str | None] = mapped_column(Id())
    admitted_by: Mapped[str | None] = mapped_column(Id())  # a user_id
    scan: Mapped[str | None] = mapped_column(Id())  # the nonce of the scan

    __table_args__ = (Index("tickets_of_a_seat", "screening_id", "seat_id"),)


class Refund(Traced, Base):
    """Money on its way back: `requested` until the payment room confirms it, then `done`."""

    __tablename__ = "refund"

    refund_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    order_id: Mapped[str] = mapped_column(Id(32), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    kept: Mapped[int] = mapped_column(BigInteger)  # of what the seats cost, by the order's refund policy
    seats: Mapped[str | None] = mapped_column(Text)  # ids, as JSON; NULL: of snacks, or from before the column
    to_wallet: Mapped[bool] = mapped_column(Boolean)  # into the buyer's wallet, not back to where it came from
    reason: Mapped[str] = mapped_column(String(24))
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(16), index=True)
    requested_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    ask_again_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)  # while it is requested


class CancelledScreening(Base):
    """A cancelled screening: nothing of it is sold any more, and its orders are being ended."""

    __tablename__ = "cancelled_screening"

    screening_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    cancelled_by: Mapped[str] = mapped_column(Id())
    cancelled_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


class BoardEpoch(Base):
    """How many times a screening's board was rebuilt; kept here because Redis may lose everything."""

    __tablename__ = "board_epoch"

    screening_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    epoch: Mapped[int] = mapped_column(Integer)
    ends_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


KEYS = key_table(Base.metadata)
OUTBOX = outbox_table(Base.metadata)  # one row per change of an order
