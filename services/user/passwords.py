"""Passwords as Argon2id hashes: 19 MiB, two passes, one lane (OWASP's minimum).

A password is normalized first (RFC 8265, OpaqueString), because keyboards write one character in several ways. Hashes
are computed in threads of the operating system. Each that has computed one keeps an arena of malloc's with room for it,
so there are as many threads as hashes run at once. Whose turn it is, says the queue in attempts/hashing_queue.
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

AT_ONCE = 2            # more would only take the processor from everybody else
SPARE_WORKERS = 4      # calls that find no place among those who wait for a hash
_HASHER = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
_DUMMY_HASH = _HASHER.hash(secrets.token_urlsafe())  # verified for an unknown user, so that it takes as long
_PROFILE = get_profile("OpaqueString")


def hashing_queue(settings: UserSettings) -> HashingQueue:
    """The queue of this process, which computes AT_ONCE hashes at a time.

    Of the calls that the process works on at once, a few stay free of passwords, so that a rush of sign-ins never keeps
    `authorize` waiting.
    """
    tpool.set_num_threads(AT_ONCE)  # of this process, whose other work uses none
    capacity = max(AT_ONCE, settings.max_workers - SPARE_WORKERS)
    return HashingQueue(AT_ONCE, capacity, settings.hashes_of_strangers, settings.hashes_of_a_source)


class Passwords:
    """Hashes and verifies passwords for one call, which ends at `deadline` (seconds since 1970)."""

    def __init__(self, queue: HashingQueue, deadline: float | None = None) -> None:
        """`queue`: the one of this process."""
        self._queue = queue
        self._deadline = deadline

    def check_capacity(self, source: Source) -> None:
        """Raises Busy if too many calls wait for a hash, TooOften if too many of them come from this source."""
        self._queue.check(source)

    def make_hash(self, password: str, source: Source = ANYWHERE) -> str:
        """The hash to keep.

        Raises what `check_capacity` raises, Busy at the call's deadline, and FieldsInvalid for an invalid password.
        """
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
        None, and takes just as long. Raises what `check_capacity` raises, and Busy at the call's deadline.
        """
        spellings = dict.fromkeys(spelling for spelling in (_normalized(password), password) if spelling is not None)
        for spelling in spellings:
            with suppress(VerifyMismatchError):
                self._in_thread(source, _HASHER.verify, password_hash or _DUMMY_HASH, spelling)
                return spelling if password_hash else None
        return None

    def _in_thread(self, source: Source, work: Callable[..., T], *args: str) -> T:
        with self._queue.turn(source, self._deadline):
            return cast(T, tpool.execute(work, *args))


class PasswordProvider(DependencyProvider):
    """Injects the Passwords of each call."""

    def setup(self) -> None:
        """The room's workers share one queue."""
        self._queue = hashing_queue(load(config))

    def get_dependency(self, worker_ctx: Any) -> Passwords:
        """All calls of the process share its queue; each gives up at its own deadline."""
        deadline = worker_ctx.context_data.get("deadline")
        return Passwords(self._queue, deadline if isinstance(deadline, int | float) else None)


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
