"""The queries of what members do with their own accounts: sessions, links that set a password, addresses."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.engine import Connection, Row, RowMapping

from services.foundation.database import delete_some
from services.user.models import Address, FormerEmail, PasswordReset, Token, User
from services.user.store import LAST_USED

FORMER_EMAILS_KEPT = dt.timedelta(days=7)  # see recovery_email
MOST_OWNERS = 20  # accounts of one e-mail address that are looked at


def confirmed_owners(tx: Connection, spellings: Collection[str]) -> list[Row[Any]]:
    """The accounts with a confirmed address that MariaDB takes for one of these: it ignores case and accents."""
    query = select(User.__table__).where(User.email.in_(spellings), User.email_confirmed_at.is_not(None),
                                       User.removed_at.is_(None))
    return list(tx.execute(query.order_by(User.user_id).limit(MOST_OWNERS)))


# --- sessions ---


def sessions_of(tx: Connection, user_id: str, now: dt.datetime, idle: dt.timedelta, most: int) -> list[Row[Any]]:
    """The user's tokens that are good now, the newest first; those that were not used for `idle` are not."""
    query = select(Token.__table__).where(Token.user_id == user_id, Token.expires_at > now, now - idle < LAST_USED)
    return list(tx.execute(query.order_by(Token.issued_at.desc(), Token.token_id).limit(most)))


# --- links that set a new password ---


def add_reset(tx: Connection, token_id: str, user_id: str, email: str, expires_at: dt.datetime) -> None:
    """Keep a link that is mailed to the account's address."""
    tx.execute(insert(PasswordReset), {"token_id": token_id, "user_id": user_id, "email": email,
                                       "expires_at": expires_at})


def reset_by_id(tx: Connection, token_id: str) -> Row[Any] | None:
    """The link, even if it has expired or was used."""
    return tx.execute(select(PasswordReset.__table__).where(PasswordReset.token_id == token_id)).first()


def mark_reset_used(tx: Connection, token_id: str, now: dt.datetime) -> None:
    """Note that a password was set with this link."""
    tx.execute(update(PasswordReset).where(PasswordReset.token_id == token_id).values(used_at=now))


def delete_resets_of(tx: Connection, user_id: str, but: str = "", but_to: str | None = None) -> None:
    """Delete all links of the account that set a password, except the one with the token_id `but`.

    Those that were mailed to the address `but_to` stay, too.
    """
    tx.execute(delete(PasswordReset).where(PasswordReset.user_id == user_id, PasswordReset.token_id != but,
                                           PasswordReset.email != (but_to or "")))


# --- confirmed e-mail addresses of before ---


def add_former_email(tx: Connection, user_id: str, number: int, email: str, now: dt.datetime) -> None:
    """Keep the address that the locked account had before the event with this number; see recovery_email."""
    tx.execute(insert(FormerEmail), {"user_id": user_id, "number": number, "email": email, "replaced_at": now,
                                     "recovers": recovery_email(tx, user_id, now) is None})


def former_email(tx: Connection, user_id: str, number: int) -> RowMapping | None:
    """The confirmed address that the account had before the event with this number, and its language."""
    found = (FormerEmail.user_id == user_id) & (FormerEmail.number == number)
    query = select(FormerEmail.email, User.language).join_from(FormerEmail, User).where(found)
    return tx.execute(query).mappings().first()


def recovery_email(tx: Connection, user_id: str, now: dt.datetime) -> str | None:
    """The former address to which alone the account's links for a forgotten password go now; None if there is none.

    A stolen session can replace the address, but for FORMER_EMAILS_KEPT that does not yield the account: its owner has
    a week, holidays included, to read the notice and to take the account back. An address that is replaced meanwhile
    never recovers it, not even later: it may be the thief's. A week is also longer than a mail is tried.
    """
    return tx.execute(select(FormerEmail.email).where(FormerEmail.user_id == user_id, _recovers(now))).scalar()


def recovery_owners(tx: Connection, spellings: Collection[str], now: dt.datetime) -> list[Row[Any]]:
    """The user_id and former address of those whose `recovery_email` MariaDB takes for one of these."""
    query = select(FormerEmail.user_id, FormerEmail.email).where(FormerEmail.email.in_(spellings), _recovers(now))
    return list(tx.execute(query.order_by(FormerEmail.user_id).limit(MOST_OWNERS)))


def end_recovery(tx: Connection, user_id: str) -> None:
    """Let no former address recover the account; its own gets the links again."""
    tx.execute(update(FormerEmail).where(FormerEmail.user_id == user_id).values(recovers=False))


def _recovers(now: dt.datetime) -> ColumnElement[bool]:
    return FormerEmail.recovers & (FormerEmail.replaced_at > now - FORMER_EMAILS_KEPT)


def delete_former_emails_of(tx: Connection, user_id: str) -> None:
    """Delete all former addresses of the account."""
    tx.execute(delete(FormerEmail).where(FormerEmail.user_id == user_id))


def delete_old_former_emails(tx: Connection, now: dt.datetime) -> int:
    """Delete some addresses that were replaced long ago; returns how many."""
    return delete_some(tx, FormerEmail, FormerEmail.replaced_at < now - FORMER_EMAILS_KEPT)


# --- postal addresses ---


def addresses_of(tx: Connection, user_id: str) -> list[Row[Any]]:
    """The user's addresses, the oldest first."""
    return list(tx.execute(select(Address.__table__).where(Address.user_id == user_id).order_by(Address.address_id)))


def count_addresses(tx: Connection, user_id: str) -> int:
    """How many addresses the user has."""
    return int(tx.execute(select(func.count()).select_from(Address).where(Address.user_id == user_id)).scalar_one())


def address_by_id(tx: Connection, address_id: str, user_id: str) -> Row[Any] | None:
    """The address if it is this user's."""
    return tx.execute(select(Address.__table__).where(Address.address_id == address_id,
                                                      Address.user_id == user_id)).first()


def add_address(tx: Connection, address_id: str, user_id: str, fields: dict[str, Any]) -> None:
    """Keep a new address."""
    tx.execute(insert(Address), {"address_id": address_id, "user_id": user_id, **fields})


def update_address(tx: Connection, address_id: str, user_id: str, fields: dict[str, Any]) -> None:
    """Replace the fields of the address."""
    tx.execute(update(Address).where(Address.address_id == address_id, Address.user_id == user_id).values(fields))


def delete_address(tx: Connection, address_id: str, user_id: str) -> None:
    """Delete the address if it is this user's."""
    tx.execute(delete(Address).where(Address.address_id == address_id, Address.user_id == user_id))


def delete_addresses_of(tx: Connection, user_id: str) -> None:
    """Delete all addresses of the user."""
    tx.execute(delete(Address).where(Address.user_id == user_id))
