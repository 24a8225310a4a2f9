"""The kitchen room's tables. The row of a snack is the referee between two buyers of the last one."""

import datetime as dt

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String, UniqueConstraint, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.foundation.column_types import Id, Stamped, UtcDateTime
from services.foundation.events.inbox import inbox_table
from services.foundation.events.outbox import outbox_table
from services.foundation.rpc.idempotency import key_table


class Base(DeclarativeBase):
    """The kitchen room's schema."""

    type_annotation_map = {int: Integer, dt.datetime: UtcDateTime}


class Snack(Base):
    """A snack that a cinema sells. Always: supplied = available + the sum of `ticket_line.taken`."""

    __tablename__ = "snack"

    cinema_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    sku: Mapped[str] = mapped_column(Id(), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_zh: Mapped[str | None] = mapped_column(String(200))
    category: Mapped[str] = mapped_column(String(16))
    price: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    place: Mapped[int]  # on the menu
    available: Mapped[int] = mapped_column("left_over", key="available")
    supplied: Mapped[int]  # loaded and restocked so far

    __table_args__ = (CheckConstraint("left_over >= 0", name="nothing_sold_that_is_not_there"),)


class Ticket(Stamped, Base):
    """The snacks of one order, from their reservation on. `version` counts its changes, each of which has an event."""

    __tablename__ = "ticket"

    order_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    cinema_id: Mapped[str] = mapped_column(Id())
    purchase: Mapped[str | None] = mapped_column(Id(), index=True)  # of copies of one request only one becomes an order
    status: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    confirmed: Mapped[bool]  # the order is written
    kept: Mapped[bool] = mapped_column(server_default=false())  # the order was refunded without them: they stay begun
    until: Mapped[dt.datetime]  # unless confirmed
    pick_up_code: Mapped[str | None] = mapped_column(Id(8))
    # The same code while the ticket waits, null afterwards: the unique key below gives no two waiting guests one code.
    waiting_code: Mapped[str | None] = mapped_column(Id(8))
    needed_at: Mapped[dt.datetime | None]
    starts_at: Mapped[dt.datetime | None]
    ends_at: Mapped[dt.datetime | None]  # then nobody collects it any more
    starts_offset: Mapped[int | None]  # minutes east of UTC at the cinema
    cinema_name: Mapped[str | None] = mapped_column(String(200))
    hall_name: Mapped[str | None] = mapped_column(String(200))
    film_title: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (
        UniqueConstraint("cinema_id", "waiting_code", name="one_code_a_guest"),
        Index("tickets_by_need", "status", "needed_at"),
        Index("tickets_of_a_cinema", "cinema_id", "status", "needed_at"),
        Index("tickets_by_end", "status", "ends_at"),
        Index("tickets_unconfirmed", "status", "confirmed", "until"),
    )


class TicketLine(Base):
    """`taken` of its quantity come from the stock; the rest was sold to others meanwhile."""

    __tablename__ = "ticket_line"

    order_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    sku: Mapped[str] = mapped_column(Id(), primary_key=True)
    place: Mapped[int]
    quantity: Mapped[int]
    taken: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    name_zh: Mapped[str | None] = mapped_column(String(200))
    price: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index("lines_of_a_sku", "sku"), CheckConstraint("taken BETWEEN 0 AND quantity",
                                                                      name="takes_no_more_than_it_needs"))


KEYS = key_table(Base.metadata)
OUTBOX = outbox_table(Base.metadata)
INBOX = inbox_table(Base.metadata)
