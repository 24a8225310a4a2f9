"""Passwords as Argon2id hashes: 19 MiB, two passes, one lane (OWASP's minimum).

Hashing runs in operating-system threads, two at a time: more would only take the processor from everybody else.
"""

import secrets
from collections.abc import Callable
from typing import TypeVar, cast

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from eventlet import tpool
from eventlet.semaphore import Semaphore
from nameko import config

from schemas.errors import Busy

T = TypeVar("T")

_HASHER = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
_NOBODY = _HASHER.hash(secrets.token_urlsafe())  # verified when there is no such user, to take as long
_AT_ONCE = 2
_SPARE_WORKERS = 4

_turns = Semaphore(_AT_ONCE)
_in_line = 0


def check_line() -> None:
    """Raise Busy if too many are waiting for their hash.

    A few of the room's workers stay free of this, so that a rush of sign-ins never keeps `authorize` waiting.
    """
    workers = int(config.get("user", {}).get("max_workers", 10))
    if _in_line >= max(_AT_ONCE, workers - _SPARE_WORKERS):
        raise Busy(retry_after=1)


def make_hash(password: str) -> str:
    """The hash to keep. Raises Busy when too many are waiting for theirs."""
    return _in_turn(_HASHER.hash, password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether the hash is this password's; without a hash False, after just as long. Raises Busy like make_hash."""
    try:
        _in_turn(_HASHER.verify, password_hash or _NOBODY, password)
    except VerifyMismatchError:
        return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def _in_turn(work: Callable[..., T], *args: str) -> T:
    global _in_line
    check_line()
    _in_line += 1
    try:
        with _turns:
            return cast(T, tpool.execute(work, *args))
    finally:
        _in_line -= 1
