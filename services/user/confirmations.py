"""The links by which the owner of an e-mail address confirms it: each for a while, for one address.

A link that was used stays until it expires or the address moves, so that whoever did not hear the answer may ask again.
"""

import datetime as dt
import secrets
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection, Row

from schemas.user import EMAIL_CONFIRMED, EMAIL_GIVEN, ConfirmationOver, NothingToConfirm, token_id
from services.foundation.events import outbox
from services.user import store
from services.user.models import OUTBOX, Confirmation, User


def check_needed(user: Row[Any]) -> None:
    """Raises NothingToConfirm."""
    if user.email is None or user.email_confirmed_at is not None:
        raise NothingToConfirm()


def ask(tx: Connection, user_id: str) -> None:
    """Have a link mailed to the address of the account. The event names neither."""
    outbox.write(tx, OUTBOX, EMAIL_GIVEN, about=user_id, sequence=_next(tx, user_id), body={"user_id": user_id})


def move(tx: Connection, user_id: str, is_asked: bool) -> None:
    """The account has another address or none: what was mailed or asked for the one before is worth nothing.

    `is_asked`: have a link mailed to the new one.
    """
    withdraw(tx, user_id)
    if is_asked:
        ask(tx, user_id)
    else:
        _next(tx, user_id)


def issue(tx: Connection, user_id: str, number: int, now: dt.datetime,
          lifetime: dt.timedelta) -> tuple[str, str] | None:
    """The address and a new token for it; None when nothing is to be confirmed.

    Only the account's last number counts, and every move takes one: what was asked for another address, and counted
    for that, is not mailed to this one.
    """
    user = store.lock(tx, user_id) if store.by_id(tx, user_id) else None
    if user is None or user.email is None or user.email_confirmed_at is not None or user.email_events != number:
        return None
    token = secrets.token_urlsafe(32)
    tx.execute(insert(Confirmation), {"token_id": token_id(token), "user_id": user_id, "email": user.email,
                                      "expires_at": now + lifetime})
    return user.email, token


def confirm(tx: Connection, token: str, now: dt.datetime) -> None:
    """The owner of the address has the link; told again, it changes nothing. Raises ConfirmationOver."""
    link = _good(tx, token, now)
    user = store.lock(tx, link.user_id)
    _good(tx, token, now)  # or it was withdrawn before we had the lock
    if user.email != link.email:
        raise ConfirmationOver()
    if user.email_confirmed_at is not None:
        return  # by this link: the one that confirms an address withdraws the others
    withdraw(tx, user.user_id, but=link.token_id)
    store.change(tx, user.user_id, email_confirmed_at=now)
    outbox.write(tx, OUTBOX, EMAIL_CONFIRMED, about=user.user_id, sequence=_next(tx, user.user_id),
                 body={"user_id": user.user_id})


def withdraw(tx: Connection, user_id: str, but: str = "") -> None:
    """No link of the account works any more, but the one with that token_id."""
    tx.execute(delete(Confirmation).where(Confirmation.user_id == user_id, Confirmation.token_id != but))


def delete_expired(tx: Connection, now: dt.datetime) -> int:
    """Drop up to 1000 links that are over; returns how many."""
    old = delete(Confirmation).where(Confirmation.expires_at <= now).with_dialect_options(mysql_limit=1000)
    return int(tx.execute(old).rowcount)


def _good(tx: Connection, token: str, now: dt.datetime) -> Row[Any]:
    """The link with that token. Raises ConfirmationOver when there is none, or it is too old."""
    found = tx.execute(select(Confirmation.__table__).where(Confirmation.token_id == token_id(token))).first()
    if found is None or found.expires_at <= now:
        raise ConfirmationOver()
    return found


def _next(tx: Connection, user_id: str) -> int:
    """The number of the next event about the account's address, or of its move."""
    tx.execute(update(User).where(User.user_id == user_id).values(email_events=User.email_events + 1))
    return int(tx.execute(select(User.email_events).where(User.user_id == user_id)).scalar_one())
