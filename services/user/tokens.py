"""Bearer tokens: 256 random bits, known to their holder only.

MariaDB decides; it keeps the token's digest. Redis caches what `authorize` answers for CACHE_SECONDS. A revoked token
leaves a mark in Redis that outlives every cached answer: a slow reader that read the token just before it was revoked
finds the mark in its place and can't write its answer there.
"""

import datetime as dt
import logging
import secrets
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from redis import Redis
from sqlalchemy.engine import Connection

from schemas.errors import Busy, Unauthenticated
from schemas.user import token_id
from services.foundation.database import CommitUnknown, Transactions
from services.foundation.redis_client import RedisError
from services.user import store
from services.user.guests import store as guest_store
from services.user.records import TokenHolder
from services.user.settings import UserSettings

log = logging.getLogger("marquee.user")
CACHE_SECONDS = 30
MARK_SECONDS = 60
REVOKED = "revoked"


@dataclass(frozen=True)
class IssuedToken:
    """A new token, when it expires, and the sessions that have ended for it: the caller revokes these."""

    token: str
    expires_at: dt.datetime
    ended: list[str]


def issue(tx: Connection, user_id: str, now: dt.datetime, settings: UserSettings,
          device: str | None = None) -> IssuedToken:
    """A new token for the locked account on this device. Beyond `sessions_at_most`, the longest idle session ends."""
    token, expires_at = secrets.token_urlsafe(32), now + settings.token_lifetime
    ended = store.delete_longest_idle(tx, user_id, settings.sessions_at_most - 1)
    store.add_token(tx, token_id(token), user_id, now, expires_at, device)
    return IssuedToken(token, expires_at, ended)


def authenticate(redis: Redis, database: Transactions, token: str, now: dt.datetime,
                 idle: dt.timedelta) -> TokenHolder:
    """The token's holder: one read of Redis, and one of MariaDB when Redis has no answer. Raises Unauthenticated.

    So it does for a member's token that was not used for `idle`, which is noted to a twentieth of that.
    """
    digest = token_id(token)
    try:
        cached: Any = redis.get(_cache_key(digest))
    except RedisError as problem:
        log.warning("tokens are read without Redis", extra={"problem": type(problem).__name__})
        return _find(database, digest, now, idle)
    if cached == REVOKED:
        raise Unauthenticated()
    if cached is not None:
        return _check_expiry(_load(cached), now)
    holder = _find(database, digest, now, idle)
    _cache(redis, digest, holder, now)
    return holder


def _find(database: Transactions, digest: str, now: dt.datetime, idle: dt.timedelta) -> TokenHolder:
    holder, used_at = database.read(
        lambda tx: store.token_holder(tx, digest) or (guest_store.token_holder(tx, digest), now))
    if used_at <= now - idle:
        raise Unauthenticated()
    found = _check_expiry(holder, now)
    if used_at <= now - idle / 20:
        try:
            database.run(lambda tx: store.note_use(tx, digest, now))
        except (Busy, CommitUnknown) as problem:  # the next look-up notes it
            log.warning("the use of a token is not noted", extra={"problem": type(problem).__name__})
    return found


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
