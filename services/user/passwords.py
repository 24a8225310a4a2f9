"""Passwords as Argon2id hashes: 19 MiB, two passes, one lane (OWASP's minimum).

A password is normalized first (RFC 8265, OpaqueString), because keyboards write one character in several ways. Hashes
are computed in operating-system threads, two at a time: more would only take the processor from everybody else. Whose
turn it is, says the queue in attempts/hashing_queue.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from eventlet import tpool
from nameko import config
from nameko.extensions import DependencyProvider
from precis_i18n import get_profile

from schemas.errors import FieldsInvalid
from schemas.user import SHORTEST_PASSWORD
from services.user.attempts.hashing_queue import HashingQueue
from services.user.attempts.source import ANYWHERE, Source
from services.user.settings import UserSettings, load

T = TypeVar("T")

_HASHER = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
_DUMMY_HASH = _HASHER.hash(secrets.token_urlsafe())  # verified for an unknown user, so that it takes as long
_PROFILE = get_profile("OpaqueString")
_AT_ONCE = 2
_SPARE_WORKERS = 4


class Passwords:
    """Hashes and verifies the passwords of one process."""

    def __init__(self, settings: UserSettings) -> None:
        """Of the calls that the process works on at once, a few stay free of passwords.

        So a rush of sign-ins never keeps `authorize` waiting.
        """
        capacity = max(_AT_ONCE, settings.max_workers - _SPARE_WORKERS)
        self._queue = HashingQueue(_AT_ONCE, capacity, settings.hashes_of_strangers, settings.hashes_of_a_source)

    def check_capacity(self, source: Source) -> None:
        """Raises Busy if too many calls wait for a hash, TooOften if too many of them come from this source."""
        self._queue.check(source)

    def make_hash(self, password: str, source: Source = ANYWHERE) -> str:
        """The hash to keep. Raises what `check_capacity` raises, and FieldsInvalid for an invalid password."""
        normal = _normalized(password)
        if normal is None:
            raise FieldsInvalid(fields={"password": ["Has characters that no password can have."]})
        if len(normal) < SHORTEST_PASSWORD:
            raise FieldsInvalid(fields={"password": [f"Shorter than minimum length {SHORTEST_PASSWORD}."]})
        return self._in_thread(source, _HASHER.hash, normal)

    def matching_spelling(self, password_hash: str | None, password: str,
                          source: Source = ANYWHERE) -> str | None:
        """The spelling of the password that the hash was made of; None if it does not match.

        A hash made before passwords were normalized matches the password as it was typed. Without a hash the answer is
        None, and takes just as long. Raises what `check_capacity` raises.
        """
        spellings = dict.fromkeys(spelling for spelling in (_normalized(password), password) if spelling is not None)
        for spelling in spellings:
            with suppress(VerifyMismatchError):
                self._in_thread(source, _HASHER.verify, password_hash or _DUMMY_HASH, spelling)
                return spelling if password_hash else None
        return None

    def _in_thread(self, source: Source, work: Callable[..., T], *args: str) -> T:
        with self._queue.turn(source):
            return cast(T, tpool.execute(work, *args))


class PasswordProvider(DependencyProvider):
    """Injects the process's Passwords."""

    def setup(self) -> None:
        """Size it to the room's workers when the room starts."""
        self._passwords = Passwords(load(config))

    def get_dependency(self, worker_ctx: Any) -> Passwords:
        """One object serves all calls of the process."""
        return self._passwords


def needs_rehash(password_hash: str, spelling: str) -> bool:
    """Whether the hash was made with weaker parameters than today's, or of a spelling that is not normalized.

    False for an old password that could not be chosen today: make_hash would refuse it.
    """
    normal = _normalized(spelling)
    if normal is None or len(normal) < SHORTEST_PASSWORD:
        return False
    return normal != spelling or _HASHER.check_needs_rehash(password_hash)


def _normalized(password: str) -> str | None:
    """None for a password with characters that the profile forbids, such as control characters."""
    try:
        return str(_PROFILE.enforce(password))
    except UnicodeEncodeError:
        return None
