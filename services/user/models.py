"""The user room's tables: accounts, what finds them and signs them in, links that were mailed, postal addresses."""

import datetime as dt

from sqlalchemy import JSON, VARBINARY, BigInteger, Computed, ForeignKey, SmallInteger, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.foundation.column_types import Id, UtcDateTime
from services.foundation.events.outbox import outbox_table
from services.foundation.rpc.idempotency import key_table
from services.user.usernames import LONGEST_KEY

LONGEST_DEVICE = 200

IS_ADMIN = """`roles` LIKE '%"admin"%'"""


class Base(DeclarativeBase):
    """The user room's schema."""


class User(Base):
    """One row per account. `username_key` is the same for all spellings and look-alikes of a username, and unique."""

    __tablename__ = "user"

    user_id: Mapped[str] = mapped_column(Id(32, "ascii_bin"), primary_key=True)
    username: Mapped[str] = mapped_column(String(32))
    username_key: Mapped[str] = mapped_column("folded", Id(LONGEST_KEY), key="username_key", unique=True)
    password_hash: Mapped[str] = mapped_column(Id(255, "ascii_bin"))
    display_name: Mapped[str | None] = mapped_column(String(80))
    email: Mapped[str | None] = mapped_column(String(254), index=True)
    email_confirmed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    email_events: Mapped[int] = mapped_column(server_default="0")  # the number of the address's last event or move
    time_zone: Mapped[str | None] = mapped_column(Id(64, "ascii_bin"))
    time_zone_changes: Mapped[int] = mapped_column(server_default="0")
    language: Mapped[str | None] = mapped_column(Id(35, "ascii_bin"))  # of mails; null: the house's
    roles: Mapped[list[str]] = mapped_column(JSON)
    # MariaDB has no NOT NULL for what it computes.
    is_admin: Mapped[bool | None] = mapped_column(Computed(IS_ADMIN, persisted=False), index=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    removed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, index=True)
    search_version: Mapped[int] = mapped_column(SmallInteger, server_default="0", index=True)  # of its search_gram rows


class FormerName(Base):
    """The SHA-256 of a closed account's `username_key`: nobody else gets the name, and no row says whose it was."""

    __tablename__ = "former_name"

    name_digest: Mapped[str] = mapped_column(Id(64, "ascii_bin"), primary_key=True)


class SearchText(Base):
    """The folded texts that an account is found by, one a line."""

    __tablename__ = "search_text"

    user_id: Mapped[str] = mapped_column(ForeignKey("user.user_id"), primary_key=True)
    text: Mapped[str] = mapped_column(Text(collation="utf8mb4_bin"))


class SearchGram(Base):
    """One, two or three characters in a row of those texts, in UTF-8; the newest accounts of a gram stand together."""

    __tablename__ = "search_gram"

    gram: Mapped[bytes] = mapped_column(VARBINARY(12), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.user_id"), primary_key=True, index=True)


class Token(Base):
    """A token that signs a user in. Only its digest is kept, so that nobody can sign in with a copy of this table."""

    __tablename__ = "token"

    token_id: Mapped[str] = mapped_column(Id(64, "ascii_bin"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.user_id"), index=True)
    issued_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    device: Mapped[str | None] = mapped_column(String(LONGEST_DEVICE))  # the User-Agent that signed in
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, index=True)  # to some minutes; null: never yet


class Device(Base):
    """A device that has signed in to an account, or to several. Only the digest of its token is kept."""

    __tablename__ = "device"

    device_id: Mapped[str] = mapped_column(Id(64, "ascii_bin"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.user_id"), primary_key=True, index=True)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


class SecondFactor(Base):
    """What an account signs in with besides its password. The secrets of its authenticator app are encrypted.

    `last_step`: the time step of the last code used, which is good for no other call.
    """

    __tablename__ = "second_factor"

    user_id: Mapped[str] = mapped_column(ForeignKey("user.user_id"), primary_key=True)
    secret: Mapped[str | None] = mapped_column(Id(255, "ascii_bin"))
    since: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)  # null: none was confirmed yet
    last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    new_secret: Mapped[str | None] = mapped_column(Id(255, "ascii_bin"))  # to be confirmed until `new_until`
    new_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """A code, not used yet, that stands in for one of the authenticator app. Only its digest is kept."""

    __tablename__ = "recovery_code"

    code_digest: Mapped[str] = mapped_column(Id(64, "ascii_bin"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.user_id"), index=True)


class Confirmation(Base):
    """A link that was mailed to an address, used or unused. Only its token's digest is kept."""

    __tablename__ = "confirmation"

    token_id: Mapped[str] = mapped_column(Id(64, "ascii_bin"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.user_id"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


class PasswordReset(Base):
    """A link that sets a new password, mailed to an address. Only its token's digest is kept, until it expires.

    A used one stays, so that a client that lost the answer may ask again.
    """

    __tablename__ = "password_reset"

    token_id: Mapped[str] = mapped_column(Id(64, "ascii_bin"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.user_id"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class FormerEmail(Base):
    """A confirmed address that an account had: it is told that it was replaced, and may get the links for a password.

    `recovers`: whether links that set a new password go there for a while, and not to the account's own address.
    """

    __tablename__ = "former_email"

    user_id: Mapped[str] = mapped_column(ForeignKey("user.user_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # of the event that says so
    email: Mapped[str] = mapped_column(String(254), index=True)
    recovers: Mapped[bool] = mapped_column(server_default="0")
    replaced_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


class Guest(Base):
    """Somebody who buys without an account; no query on accounts finds a row of this table.

    `adopted_by`: the account that has all that was the guest's. `events`: how many were written about the guest.
    """

    __tablename__ = "guest"

    guest_id: Mapped[str] = mapped_column(Id(32, "ascii_bin"), primary_key=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    kept_until: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)
    email: Mapped[str | None] = mapped_column(String(254))
    email_confirmed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    language: Mapped[str | None] = mapped_column(Id(35, "ascii_bin"))
    adopted_by: Mapped[str | None] = mapped_column(Id(32, "ascii_bin"))
    events: Mapped[int]


class GuestToken(Base):
    """A bearer token of a guest. Only its digest is kept."""

    __tablename__ = "guest_token"

    token_id: Mapped[str] = mapped_column(Id(64, "ascii_bin"), primary_key=True)
    guest_id: Mapped[str] = mapped_column(ForeignKey("guest.guest_id"), index=True)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)


class OrderLink(Base):
    """A link that opens an order of a guest once, mailed to an address. Only its token's digest is kept."""

    __tablename__ = "order_link"

    token_id: Mapped[str] = mapped_column(Id(64, "ascii_bin"), primary_key=True)
    guest_id: Mapped[str] = mapped_column(ForeignKey("guest.guest_id"), index=True)
    order_id: Mapped[str] = mapped_column(Id(32, "ascii_bin"))
    email: Mapped[str] = mapped_column(String(254))
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class Address(Base):
    """A postal address of a member."""

    __tablename__ = "address"

    address_id: Mapped[str] = mapped_column(Id(32, "ascii_bin"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.user_id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    street: Mapped[str] = mapped_column(String(200))
    postal_code: Mapped[str | None] = mapped_column(String(16))
    city: Mapped[str] = mapped_column(String(100))
    region: Mapped[str | None] = mapped_column(String(100))
    country: Mapped[str] = mapped_column(Id(2, "ascii_bin"))


KEYS = key_table(Base.metadata)
OUTBOX = outbox_table(Base.metadata)
