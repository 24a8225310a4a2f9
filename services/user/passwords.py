"""Passwords as Argon2id hashes: 19 MiB, two passes, one lane (OWASP's minimum).

They are normalized before (RFC 8265, OpaqueString), because keyboards write one character in several ways.
Hashing runs in operating-system threads, two at a time: more would only take the processor from everybody else.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, cast

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from eventlet import tpool
from eventlet.semaphore import Semaphore
from nameko import config
from precis_i18n import get_profile

from schemas.errors import Busy, FieldsInvalid
from schemas.user import SHORTEST_PASSWORD

T = TypeVar("T")

_HASHER = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
_NOBODY = _HASHER.hash(secrets.token_urlsafe())  # verified when there is no such user, to take as long
_PROFILE = get_profile("OpaqueString")
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
    """The hash to keep. Raises Busy when too many are waiting for theirs, and FieldsInvalid for what is no password."""
    normal = _normalized(password)
    if normal is None:
        raise FieldsInvalid(fields={"password": ["Has characters that no password can have."]})
    if len(normal) < SHORTEST_PASSWORD:
        raise FieldsInvalid(fields={"password": [f"Shorter than minimum length {SHORTEST_PASSWORD}."]})
    return _in_turn(_HASHER.hash, normal)


def matching(password_hash: str | None, password: str) -> str | None:
    """The spelling of the password that the hash was made of, if any; without a hash None, after just as long.

    Hashes made before passwords were normalized know them as they were typed. Raises Busy like make_hash.
    """
    spellings = dict.fromkeys(spelling for spelling in (_normalized(password), password) if spelling is not None)
    for spelling in spellings:
        with suppress(VerifyMismatchError):
            _in_turn(_HASHER.verify, password_hash or _NOBODY, spelling)
            return spelling if password_hash else None
    return None


def is_outdated(password_hash: str, spelling: str) -> bool:
    """Whether it was made with weaker parameters than today's, or of a spelling that is not normalized.

    False for a password of old that could not be chosen today: make_hash would refuse it.
    """
    normal = _normalized(spelling)
    if normal is None or len(normal) < SHORTEST_PASSWORD:
        return False
    return normal != spelling or _HASHER.check_needs_rehash(password_hash)


def _normalized(password: str) -> str | None:
    """None for what the profile does not allow, such as control characters."""
    try:
        return str(_PROFILE.enforce(password))
    except UnicodeEncodeError:
        return None


def _in_turn(work: Callable[..., T], *args: str) -> T:
    global _in_line
    check_line()
    _in_line += 1
    try:
        with _turns:
            return cast(T, tpool.execute(work, *args))
    finally:
        _in_line -= 1
