"""The office room's tables: the operation log, its head, and the money of which other rooms have told."""

import datetime as dt

from sqlalchemy import BigInteger, Index, LargeBinary, SmallInteger, String
from sqlalchemy.dialects.mysql import MEDIUMBLOB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.foundation.column_types import Id, UtcDateTime

DIGEST = Id(64, "ascii_bin")


class Base(DeclarativeBase):
    """The office room's schema."""

    type_annotation_map = {int: BigInteger, dt.datetime: UtcDateTime}


class Entry(Base):
    """An operation, as services.office.rules chains it. Triggers refuse to change or delete a row."""

    __tablename__ = "entry"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    previous: Mapped[str] = mapped_column(DIGEST)
    digest: Mapped[str] = mapped_column(DIGEST)
    content: Mapped[bytes] = mapped_column(LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb"))
    # What follows is in the content, too.
    operation_id: Mapped[str] = mapped_column(Id(), unique=True)
    actor_id: Mapped[str | None] = mapped_column(Id())
    actor: Mapped[str] = mapped_column(Id(200))
    method: Mapped[str] = mapped_column(Id())
    about: Mapped[str] = mapped_column(Id())
    cinema_id: Mapped[str | None] = mapped_column(Id())
    operated_at: Mapped[dt.datetime]
    amount: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    source_id: Mapped[str | None] = mapped_column(Id(), index=True)

    __table_args__ = tuple(Index(f"entries_by_{name}", name, "number") for name in (
        "about", "actor", "actor_id", "method", "cinema_id", "operated_at"))


class Head(Base):
    """The one row that says which entry is the last; who appends locks it. Triggers let it move by one only."""

    __tablename__ = "head"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(DIGEST)


class Movement(Base):
    """Money that went to a buyer because the house decided so, as the room with the money has told.

    What went back for an order altogether is `refunded`, and before the house's decision `refunded_before`, which is
    unknown until that event is heard. An adjustment of a wallet is `refunded`, too; negative: taken from the member.
    """

    __tablename__ = "movement"

    source_id: Mapped[str] = mapped_column(Id(), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3))
    cinema_id: Mapped[str | None] = mapped_column(Id())
    refunded_before: Mapped[int | None]
    refunded: Mapped[int]
    moved_at: Mapped[dt.datetime] = mapped_column(index=True)
