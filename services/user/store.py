"""The queries on accounts."""

from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from schemas.user import USERNAME, UsernameTaken
from services.foundation.database import utc_now
from services.foundation.ids import new_id
from services.user.models import User
from services.user.usernames import fold


def new_account(request: dict[str, Any], password_hash: str, *roles: str) -> dict[str, Any]:
    """The row of an account that is about to be opened."""
    return {
        "user_id": new_id(), "username": request["username"], "password_hash": password_hash,
        "display_name": request.get("display_name"), "email": request.get("email"), "roles": list(roles),
        "created_at": utc_now(),
    }


def add(tx: Connection, account: dict[str, Any]) -> None:
    """Write a new account. Raises UsernameTaken."""
    try:
        tx.execute(insert(User).values(**account, folded=fold(account["username"])))
    except IntegrityError as problem:
        if by_id(tx, account["user_id"]) is None:
            raise UsernameTaken(username=account["username"]) from problem
        # This very account is there: its COMMIT got through although nobody heard.


def by_name(tx: Connection, username: str) -> Row[Any] | None:
    """The account; None also for what can't be a username, which MariaDB may take for one (it ignores spaces)."""
    folded = fold(username)
    if not USERNAME.match(folded):
        return None
    return tx.execute(select(User.__table__).where(User.folded == folded)).first()


def by_id(tx: Connection, user_id: str | None) -> Row[Any] | None:
    return tx.execute(select(User.__table__).where(User.user_id == user_id)).first()


def lock(tx: Connection, user_id: str) -> Row[Any]:
    """The account, which nobody else changes or signs in to until the transaction ends."""
    return tx.execute(select(User.__table__).where(User.user_id == user_id).with_for_update()).one()


def change(tx: Connection, user_id: str, **fields: Any) -> None:
    if fields:
        tx.execute(update(User).where(User.user_id == user_id).values(fields))
