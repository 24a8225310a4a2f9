"""Events by which the holder of an account learns, by mail, that somebody has changed how to get into it."""

from typing import Any

from sqlalchemy.engine import Connection, Row

from schemas.user import EMAIL_CHANGED, PASSWORD_CHANGED
from services.foundation.database import utc_now
from services.foundation.events import outbox
from services.foundation.ids import new_id
from services.user import store
from services.user.models import OUTBOX
from services.user.self_service import store as own_store


def write_password_changed(tx: Connection, user_id: str) -> None:
    """Say that the account has another password."""
    # Not a number of the account's own: a link that was requested for its address before is to be mailed all the same.
    outbox.write(tx, OUTBOX, PASSWORD_CHANGED, about=new_id(), sequence=1, body={"user_id": user_id})


def write_email_changed(tx: Connection, account: Row[Any]) -> None:
    """Say that the account has another address. Its confirmed one of before is kept, and the event does not name it."""
    number = store.next_email_event(tx, account.user_id)
    own_store.add_former_email(tx, account.user_id, number, account.email, utc_now())
    outbox.write(tx, OUTBOX, EMAIL_CHANGED, about=account.user_id, sequence=number, body={"user_id": account.user_id})
