"""The user room's tables: accounts, the tokens that are good at the moment, and the links that confirm addresses."""

import datetime as dt

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.foundation.database import Id, UtcDateTime
from services.foundation.events.outbox import outbox_table
from services.foundation.rpc.idempotency import key_table


class Base(DeclarativeBase):
    pass


class User(Base):
    """One row an account. `folded` is the username without regard to case: that is what must be unique."""

    __tablename__ = "user"

    user_id: Mapped[str] = mapped_column(Id(32, "ascii_bin"), primary_key=True)
    username: Mapped[str] = mapped_column(String(32))
    folded: Mapped[str] = mapped_column(Id(32, "ascii_bin"), unique=True)
    password_hash: Mapped[str] = mapped_column(Id(255, "ascii_bin"))
    display_name: Mapped[str | None] = mapped_column(String(80))
    email: Mapped[str | None] = mapped_column(String(254))
    email_confirmed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    email_events: Mapped[int] = mapped_column(server_default="0")  # the number of its last event or move
    roles: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class Token(Base):
    """A token someone is signed in with. Only its digest is kept: who reads this table can't sign in with it."""

    __tablename__ = "token"

    token_id: Mapped[str] = mapped_column(Id(64, "ascii_bin"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.user_id"), index=True)
    issued_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


class Confirmation(Base):
    """A link that was mailed to an address, used or not. Only its token's digest is kept."""

    __tablename__ = "confirmation"

    token_id: Mapped[str] = mapped_column(Id(64, "ascii_bin"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.user_id"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


KEYS = key_table(Base.metadata)
OUTBOX = outbox_table(Base.metadata)
