"""The queries on accounts, tokens, links that confirm an e-mail address, and stored replies.

A token and a link are kept under the digest of their secret (schemas.user.token_id), here called `token_id`.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, func, insert, select, true, tuple_, update
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from schemas.user import UsernameTaken
from services.foundation.column_types import UtcDateTime
from services.foundation.database import delete_some
from services.user.models import KEYS, Confirmation, FormerName, PasswordReset, SecondFactor, Token, User
from services.user.records import NewAccount, TokenHolder
from services.user.search import index
from services.user.usernames import is_username, username_key

LAST_USED = func.coalesce(Token.used_at, Token.issued_at, type_=UtcDateTime())

# --- accounts ---


def add_account(tx: Connection, account: NewAccount) -> None:
    """Raises UsernameTaken."""
    key = username_key(account.username)
    try:
        tx.execute(insert(User).values(**asdict(account), username_key=key))
    except IntegrityError as problem:
        if account_by_id(tx, account.user_id) is None:
            raise UsernameTaken(username=account.username) from problem
        return  # this very account is there: its COMMIT succeeded, but the answer to it was lost
    # After the INSERT, which has waited for the account with this name if that is being closed.
    if tx.execute(select(FormerName.name_digest).where(FormerName.name_digest == name_digest(key))).first():
        raise UsernameTaken(username=account.username)
    index.index_account(tx, account)


def account_by_name(tx: Connection, username: str) -> Row[Any] | None:
    """The account; None also for a removed one, and for what can't be a username.

    MariaDB may take such text for a username, because it ignores spaces.
    """
    if not is_username(username):
        return None
    found = (User.username_key == username_key(username)) & User.removed_at.is_(None)
    return tx.execute(select(User.__table__).where(found)).first()


def account_by_id(tx: Connection, user_id: str | None) -> Row[Any] | None:
    """The account, if there is one, even if it was removed."""
    return tx.execute(select(User.__table__).where(User.user_id == user_id)).first()


def accounts_by_ids(tx: Connection, user_ids: Iterable[str]) -> list[Row[Any]]:
    """The accounts in this order, each once, removed ones included; unknown ones are left out."""
    wanted = list(dict.fromkeys(user_ids))
    rows = tx.execute(select(User.__table__).where(User.user_id.in_(wanted)))
    found = {row.user_id: row for row in rows}
    return [found[user_id] for user_id in wanted if user_id in found]


def lock_account(tx: Connection, user_id: str) -> Row[Any]:
    """The account. Until the transaction ends, nobody else changes it or signs in to it."""
    return tx.execute(select(User.__table__).where(User.user_id == user_id).with_for_update()).one()


def lock_admins(tx: Connection) -> list[str]:
    """The ids of the house's admins, locked until the transaction ends: of two who remove each other, one remains."""
    query = select(User.user_id).where(User.is_admin == true()).order_by(User.user_id)
    return list(tx.execute(query.with_for_update()).scalars())


def update_account(tx: Connection, user_id: str, **fields: Any) -> None:
    """Set these columns of the account."""
    if fields:
        tx.execute(update(User).where(User.user_id == user_id).values(fields))
    if fields.keys() & {"username", "display_name", "email", "removed_at"}:
        index.index_account(tx, account_by_id(tx, user_id))


def name_digest(key: str) -> str:
    """What is kept of the `username_key` of a closed account."""
    return hashlib.sha256(key.encode()).hexdigest()


def add_former_name(tx: Connection, key: str) -> None:
    """Keep the digest of a closed account's `username_key`: nobody else gets the name."""
    tx.execute(insert(FormerName), {"name_digest": name_digest(key)})


def next_email_event(tx: Connection, user_id: str) -> int:
    """Count one more event about the account's address, or one more move of it; returns its number."""
    tx.execute(update(User).where(User.user_id == user_id).values(email_events=User.email_events + 1))
    return int(tx.execute(select(User.email_events).where(User.user_id == user_id)).scalar_one())


# --- tokens ---


def add_token(tx: Connection, token_id: str, user_id: str, issued_at: dt.datetime, expires_at: dt.datetime,
              device: str | None = None) -> None:
    """Keep a token that the user may sign in with."""
    tx.execute(insert(Token), {"token_id": token_id, "user_id": user_id, "issued_at": issued_at,
                               "expires_at": expires_at, "device": device})


def token_holder(tx: Connection, token_id: str) -> tuple[TokenHolder, dt.datetime] | None:
    """The holder of a token, even if it has expired, and when it was last used."""
    query = select(User.user_id, User.username, User.roles, Token.expires_at, SecondFactor.since, LAST_USED)
    row = tx.execute(query.join_from(Token, User).outerjoin(SecondFactor).where(Token.token_id == token_id)).first()
    return (TokenHolder(*row[:4], second_factor=row.since is not None), row[-1]) if row else None


def note_use(tx: Connection, token_id: str, now: dt.datetime) -> None:
    """Note that the token is in use."""
    tx.execute(update(Token).where(Token.token_id == token_id).values(used_at=now))


def delete_token(tx: Connection, token_id: str, user_id: str) -> bool:
    """Delete the token if it is this user's; returns whether it was."""
    return bool(tx.execute(delete(Token).where(Token.token_id == token_id, Token.user_id == user_id)).rowcount)


def delete_tokens_of(tx: Connection, user_id: str, but: str | None = None) -> list[str]:
    """Sign the user out everywhere, except from the session with the token_id `but`.

    Returns the ids of the tokens, to be revoked after the commit.
    """
    ended = (Token.user_id == user_id) & (Token.token_id != (but or ""))
    token_ids = list(tx.execute(select(Token.token_id).where(ended)).scalars())
    tx.execute(delete(Token).where(ended))
    return token_ids


def delete_longest_idle(tx: Connection, user_id: str, kept: int) -> list[str]:
    """End the sessions of a locked account beyond the `kept` that were used last.

    Returns the ids of the tokens, to be revoked after the commit.
    """
    last = select(Token.token_id).where(Token.user_id == user_id).order_by(LAST_USED.desc(), Token.issued_at.desc())
    token_ids = list(tx.execute(last).scalars())[kept:]
    if token_ids:
        tx.execute(delete(Token).where(Token.token_id.in_(token_ids)))
    return token_ids


def delete_expired_tokens(tx: Connection, now: dt.datetime) -> int:
    """Delete some of the expired tokens; returns how many."""
    return delete_some(tx, Token, Token.expires_at <= now)


def delete_idle_tokens(tx: Connection, unused_since: dt.datetime) -> int:
    """Delete some of the tokens that nobody has used since then; returns how many."""
    return delete_some(tx, Token, Token.used_at <= unused_since) or delete_some(
        tx, Token, Token.used_at.is_(None), Token.issued_at <= unused_since)


# --- links ---


def add_link(tx: Connection, token_id: str, user_id: str, email: str, expires_at: dt.datetime) -> None:
    """Keep a link that is mailed to the account's address."""
    tx.execute(insert(Confirmation), {"token_id": token_id, "user_id": user_id, "email": email,
                                      "expires_at": expires_at})


def link_by_id(tx: Connection, token_id: str) -> Row[Any] | None:
    """The link, even if it has expired."""
    return tx.execute(select(Confirmation.__table__).where(Confirmation.token_id == token_id)).first()


def delete_links_of(tx: Connection, user_id: str, but: str = "") -> None:
    """Delete all links that confirm an address of the account, except the one with the token_id `but`."""
    tx.execute(delete(Confirmation).where(Confirmation.user_id == user_id, Confirmation.token_id != but))


def delete_expired_links(tx: Connection, now: dt.datetime) -> int:
    """Delete some of the expired links of one kind; returns how many: 0, none is left of either."""
    return delete_some(tx, Confirmation, Confirmation.expires_at <= now) or delete_some(
        tx, PasswordReset, PasswordReset.expires_at <= now)


# --- replies stored under Idempotency-Keys ---


def delete_replies_about(tx: Connection, user_id: str) -> None:
    """Delete the replies with the account in them: they have its names and address."""
    own = (KEYS.c.principal, KEYS.c.method, KEYS.c.idempotency_key)
    tells = (KEYS.c.principal == user_id) | (func.instr(KEYS.c.reply, user_id) > 0)
    if named := tx.execute(select(*own).where(tells)).all():
        tx.execute(delete(KEYS).where(tuple_(*own).in_([tuple(row) for row in named])))
