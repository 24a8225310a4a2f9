"""Bearer tokens: 256 random bits, known to their holder only.

MariaDB decides; it keeps the token's digest. Redis caches what `authorize` answers for CACHE_SECONDS. A revoked token
leaves a mark in Redis that outlives every cached answer: a slow reader that read the token just before it was revoked
finds the mark in its place and can't write its answer there.
"""

import datetime as dt
import logging
import secrets
from dataclasses import asdict
from typing import Any

import orjson
from redis import Redis
from sqlalchemy.engine import Connection

from schemas.errors import Unauthenticated
from schemas.user import token_id
from services.foundation.database import Transactions
from services.foundation.redis_client import RedisError
from services.user import store
from services.user.records import TokenHolder

log = logging.getLogger("marquee.user")
CACHE_SECONDS = 30
MARK_SECONDS = 60
REVOKED = "revoked"


def issue(tx: Connection, user_id: str, now: dt.datetime, lifetime: dt.timedelta,
          device: str | None = None) -> tuple[str, dt.datetime]:
    """A new token for the user on this device, and when it expires."""
    token, expires_at = secrets.token_urlsafe(32), now + lifetime
    store.add_token(tx, token_id(token), user_id, now, expires_at, device)
    return token, expires_at


def authenticate(redis: Redis, database: Transactions, token: str, now: dt.datetime) -> TokenHolder:
    """The token's holder: one read of Redis, and one of MariaDB when Redis has no answer. Raises Unauthenticated."""
    digest = token_id(token)
    try:
        cached: Any = redis.get(_cache_key(digest))
    except RedisError as problem:
        log.warning("tokens are read without Redis", extra={"problem": type(problem).__name__})
        return _check_expiry(database.read(lambda tx: store.token_holder(tx, digest)), now)
    if cached == REVOKED:
        raise Unauthenticated()
    if cached is not None:
        return _check_expiry(_load(cached), now)
    holder = _check_expiry(database.read(lambda tx: store.token_holder(tx, digest)), now)
    _cache(redis, digest, holder, now)
    return holder


def revoke(redis: Redis, *token_ids: str) -> None:
    """Replace the cached answers for tokens that MariaDB has no more by a mark that keeps new ones out."""
    try:
        with redis.pipeline(transaction=False) as pipe:
            for digest in token_ids:
                pipe.set(_cache_key(digest), REVOKED, ex=MARK_SECONDS)
            pipe.execute()
    except RedisError as problem:
        log.warning("revoked tokens may be accepted from the cache for up to %s s", CACHE_SECONDS,
                    extra={"count": len(token_ids), "problem": type(problem).__name__})


def _cache_key(digest: str) -> str:
    return f"token:{digest}"


def _check_expiry(holder: TokenHolder | None, now: dt.datetime) -> TokenHolder:
    if holder is None or holder.expires_at <= now:
        raise Unauthenticated()
    return holder


def _cache(redis: Redis, digest: str, holder: TokenHolder, read_at: dt.datetime) -> None:
    # The lifetime counts from before MariaDB was read: a process that pauses in between caches its answer for less.
    until = min(holder.expires_at, read_at + dt.timedelta(seconds=CACHE_SECONDS))
    # Without what is left at its default: a process of the version before knows nothing of it.
    known = {name: value for name, value in asdict(holder).items() if value is not False}
    try:
        redis.set(_cache_key(digest), orjson.dumps(known), nx=True, pxat=until)
    except RedisError as problem:
        log.warning("a token is not cached", extra={"problem": type(problem).__name__})


def _load(cached: str) -> TokenHolder:
    fields = orjson.loads(cached)
    return TokenHolder(**{**fields, "expires_at": dt.datetime.fromisoformat(fields["expires_at"])})
