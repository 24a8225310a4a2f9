"""Events by which the holder of an account learns, by mail, that the second step of signing in has changed."""

from sqlalchemy.engine import Connection

from schemas.base import Event
from schemas.user import SECOND_FACTOR_REMOVED, SECOND_FACTOR_SET
from services.foundation.events import outbox
from services.foundation.ids import new_id
from services.user.models import OUTBOX


def write_set(tx: Connection, user_id: str) -> None:
    """Say that the account has a second factor, or another one."""
    _write(tx, SECOND_FACTOR_SET, user_id)


def write_removed(tx: Connection, user_id: str) -> None:
    """Say that the account has no second factor any more."""
    _write(tx, SECOND_FACTOR_REMOVED, user_id)


def _write(tx: Connection, event: Event, user_id: str) -> None:
    # Numbered for itself: nothing else about the account has to be told before or after it.
    outbox.write(tx, OUTBOX, event, about=new_id(), sequence=1, body={"user_id": user_id})
