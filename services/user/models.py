"""The user room's tables: accounts, valid tokens, and the links that confirm e-mail addresses."""

import datetime as dt

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.foundation.column_types import Id, UtcDateTime
from services.foundation.events.outbox import outbox_table
from services.foundation.rpc.idempotency import key_table


class Base(DeclarativeBase):
    """The user room's schema."""


class User(Base):
    """One row per account. `username_key` is the same for all spellings of a username, and unique."""

    __tablename__ = "user"

    user_id: Mapped[str] = mapped_column(Id(32, "ascii_bin"), primary_key=True)
    username: Mapped[str] = mapped_column(String(32))
    username_key: Mapped[str] = mapped_column("folded", Id(32, "ascii_bin"), key="username_key", unique=True)
    password_hash: Mapped[str] = mapped_column(Id(255, "ascii_bin"))
    display_name: Mapped[str | None] = mapped_column(String(80))
    email: Mapped[str | None] = mapped_column(String(254))
    email_confirmed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    email_events: Mapped[int] = mapped_column(server_default="0")  # the number of the address's last event or move
    time_zone: Mapped[str | None] = mapped_column(Id(64, "ascii_bin"))
    time_zone_changes: Mapped[int] = mapped_column(server_default="0")
    roles: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class Token(Base):
    """A token that signs a user in. Only its digest is kept, so that nobody can sign in with a copy of this table."""

    __tablename__ = "token"

    token_id: Mapped[str] = mapped_column(Id(64, "ascii_bin"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.user_id"), index=True)
    issued_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


class Confirmation(Base):
    """A link that was mailed to an address, used or unused. Only its token's digest is kept."""

    __tablename__ = "confirmation"

    token_id: Mapped[str] = mapped_column(Id(64, "ascii_bin"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.user_id"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


KEYS = key_table(Base.metadata)
OUTBOX = outbox_table(Base.metadata)
