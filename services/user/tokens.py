"""Bearer tokens: 256 random bits, known to their holder only.

MariaDB has the truth, under the token's digest. Redis has a copy of what `authorize` answers, good for
COPY_SECONDS, and for revoked tokens a mark that outlives every copy: a slow reader that saw the token just
before it was revoked finds the mark in its place and can't put its copy there.
"""

import datetime as dt
import logging
import secrets
from dataclasses import dataclass
from typing import Any

import orjson
from redis import Redis
from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from schemas.errors import Unauthenticated
from schemas.user import token_id
from services.foundation.database import Transactions
from services.foundation.redis_client import RedisError
from services.user.models import Token, User

log = logging.getLogger("marquee.user")
COPY_SECONDS = 30
MARK_SECONDS = 60
REVOKED = "revoked"


@dataclass(frozen=True)
class Holder:
    """Whom a token stands for, and until when."""

    user_id: str
    username: str
    roles: list[str]
    expires_at: dt.datetime


def issue(tx: Connection, user_id: str, now: dt.datetime, lifetime: dt.timedelta) -> tuple[str, dt.datetime]:
    """A new token for the user, and when it ends."""
    token, expires_at = secrets.token_urlsafe(32), now + lifetime
    row = {"token_id": token_id(token), "user_id": user_id, "issued_at": now, "expires_at": expires_at}
    tx.execute(insert(Token).values(row))
    return token, expires_at


def holder(redis: Redis, database: Transactions, token: str, now: dt.datetime) -> Holder:
    """Who holds the token: one Redis read, or one of MariaDB now and then. Raises Unauthenticated."""
    one = token_id(token)
    try:
        copy: Any = redis.get(_key(one))
    except RedisError as problem:
        log.warning("reading tokens without Redis", extra={"problem": type(problem).__name__})
        return _good(database.read(lambda tx: _find(tx, one)), now)
    if copy == REVOKED:
        raise Unauthenticated()
    if copy is not None:
        return _good(_load(copy), now)
    found = _good(database.read(lambda tx: _find(tx, one)), now)
    _keep_copy(redis, one, found, now)
    return found


def revoke(redis: Redis, *token_ids: str) -> None:
    """Drop the copies of tokens that are already gone from MariaDB, and keep new ones from being made."""
    try:
        with redis.pipeline(transaction=False) as pipe:
            for one in token_ids:
                pipe.set(_key(one), REVOKED, ex=MARK_SECONDS)
            pipe.execute()
    except RedisError as problem:
        log.warning("copies of revoked tokens live on for %s s at most", COPY_SECONDS,
                    extra={"count": len(token_ids), "problem": type(problem).__name__})


def delete_one(tx: Connection, one: str, user_id: str) -> None:
    tx.execute(delete(Token).where(Token.token_id == one, Token.user_id == user_id))


def delete_all(tx: Connection, user_id: str) -> list[str]:
    """Sign the user out everywhere; returns the ids to `revoke` after the commit."""
    ids = list(tx.execute(select(Token.token_id).where(Token.user_id == user_id)).scalars())
    tx.execute(delete(Token).where(Token.user_id == user_id))
    return ids


def delete_expired(tx: Connection, now: dt.datetime) -> int:
    """Drop up to 1000 tokens that are over; returns how many."""
    return int(tx.execute(delete(Token).where(Token.expires_at <= now).with_dialect_options(mysql_limit=1000)).rowcount)


def _key(one: str) -> str:
    return f"token:{one}"


def _find(tx: Connection, one: str) -> Holder | None:
    query = select(User.user_id, User.username, User.roles, Token.expires_at).join_from(Token, User)
    row = tx.execute(query.where(Token.token_id == one)).first()
    return Holder(*row) if row else None


def _good(found: Holder | None, now: dt.datetime) -> Holder:
    if found is None or found.expires_at <= now:
        raise Unauthenticated()
    return found


def _keep_copy(redis: Redis, one: str, found: Holder, read_at: dt.datetime) -> None:
    # The end is counted from before the reading of MariaDB: whoever dawdles in between keeps a copy for less.
    until = min(found.expires_at, read_at + dt.timedelta(seconds=COPY_SECONDS))
    try:
        redis.set(_key(one), orjson.dumps(found), nx=True, pxat=until)
    except RedisError as problem:
        log.warning("token not copied", extra={"problem": type(problem).__name__})


def _load(copy: str) -> Holder:
    fields = orjson.loads(copy)
    return Holder(**{**fields, "expires_at": dt.datetime.fromisoformat(fields["expires_at"])})
