"""Events by which the holder of an account learns, by mail, that somebody has changed how to get into it."""

import datetime as dt
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection, Row

from schemas.user import EMAIL_CHANGED, PASSWORD_CHANGED
from services.foundation.database import utc_now
from services.foundation.events import outbox
from services.foundation.ids import new_id
from services.user import store
from services.user.models import OUTBOX, FormerEmail

KEPT = dt.timedelta(days=7)  # longer than a mail is tried


def write_password_changed(tx: Connection, user_id: str) -> None:
    """Say that the account has another password."""
    # Not a number of the account's own: a link that was requested for its address before is to be mailed all the same.
    outbox.write(tx, OUTBOX, PASSWORD_CHANGED, about=new_id(), sequence=1, body={"user_id": user_id})


def write_email_changed(tx: Connection, account: Row[Any]) -> None:
    """Say that the account has another address. Its confirmed one of before is kept, and the event does not name it."""
    number = store.next_email_event(tx, account.user_id)
    tx.execute(insert(FormerEmail), {"user_id": account.user_id, "number": number, "email": account.email,
                                     "replaced_at": utc_now()})
    outbox.write(tx, OUTBOX, EMAIL_CHANGED, about=account.user_id, sequence=number, body={"user_id": account.user_id})


def former_email(tx: Connection, user_id: str, number: int) -> str | None:
    """The confirmed address that the account had before the event with this number."""
    found = (FormerEmail.user_id == user_id) & (FormerEmail.number == number)
    return tx.execute(select(FormerEmail.email).where(found)).scalar()


def delete_former_emails_of(tx: Connection, user_id: str) -> None:
    """Delete all former addresses of the account."""
    tx.execute(delete(FormerEmail).where(FormerEmail.user_id == user_id))


def purge(tx: Connection, now: dt.datetime) -> int:
    """Delete some former addresses that were replaced long ago; returns how many."""
    old = delete(FormerEmail).where(FormerEmail.replaced_at < now - KEPT)
    return int(tx.execute(old.with_dialect_options(mysql_limit=store.MOST_DELETED)).rowcount)
