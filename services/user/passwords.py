"""Passwords as Argon2id hashes: 19 MiB, two passes, one lane (OWASP's minimum).

A password is normalized first (RFC 8265, OpaqueString), because keyboards write one character in several ways. Hashes
are computed in threads of the operating system. Each that has computed one keeps an arena of malloc's with room for it,
so there are as many threads as hashes run at once.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, cast

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from eventlet import Timeout, tpool
from eventlet.semaphore import Semaphore
from nameko import config
from nameko.extensions import DependencyProvider
from precis_i18n import get_profile

from schemas.errors import Busy, FieldsInvalid
from schemas.user import SHORTEST_PASSWORD
from services.user.settings import load

T = TypeVar("T")

AT_ONCE = 2            # more would only take the processor from everybody else
SPARE_WORKERS = 4      # calls that find no place among those who wait for a hash
FIRST_ESTIMATE = 0.05  # seconds for a hash, until some were measured
WEIGHT = 0.2           # of the newest measurement
_HASHER = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
_DUMMY_HASH = _HASHER.hash(secrets.token_urlsafe())  # verified for an unknown user, so that it takes as long
_PROFILE = get_profile("OpaqueString")


class HashQueue:
    """Computes AT_ONCE hashes of one process at a time, in the order in which they were asked for."""

    def __init__(self, workers: int) -> None:
        """`workers`: the calls that the process works on at once.

        A few of them stay free of passwords, so that a rush of sign-ins never keeps `authorize` waiting.
        """
        self._capacity = max(AT_ONCE, workers - SPARE_WORKERS)
        self._turns = Semaphore(AT_ONCE)
        self._waiting = 0   # or computing
        self._seconds = FIRST_ESTIMATE
        tpool.set_num_threads(AT_ONCE)  # of this process, whose other work uses none

    def check(self, deadline: float | None) -> None:
        """Raises Busy if too many calls wait, or if the hash would not be there by `deadline` (seconds since 1970)."""
        rounds = self._waiting // AT_ONCE + 1
        if self._waiting >= self._capacity or _left(deadline) < rounds * self._seconds:
            raise Busy(retry_after=1)

    def run(self, deadline: float | None, work: Callable[..., T], *args: str) -> T:
        """The result of `work(*args)`, which computes a hash in a thread. Raises Busy like `check`."""
        self.check(deadline)
        self._waiting += 1
        try:
            patience = None if deadline is None else max(_left(deadline), 0.0)
            with Timeout(patience, Busy(retry_after=1)) as timer, self._turns:
                timer.cancel()  # the thread can't be interrupted: nobody else may have its turn meanwhile
                return self._measured(work, *args)
        finally:
            self._waiting -= 1

    def _measured(self, work: Callable[..., T], *args: str) -> T:
        began = time.monotonic()
        try:
            return cast(T, tpool.execute(work, *args))
        finally:
            self._seconds += WEIGHT * (time.monotonic() - began - self._seconds)


class Passwords:
    """Hashes and verifies passwords for one call, which ends at `deadline` (seconds since 1970)."""

    def __init__(self, queue: HashQueue, deadline: float | None = None) -> None:
        """`queue`: the one of this process."""
        self._queue = queue
        self._deadline = deadline

    def check_capacity(self) -> None:
        """Raises Busy if too many calls wait for a hash, or if the call would end before it had its own."""
        self._queue.check(self._deadline)

    def make_hash(self, password: str) -> str:
        """The hash to keep. Raises Busy like `check_capacity`, and FieldsInvalid for an invalid password."""
        normal = _normalized(password)
        if normal is None:
            raise FieldsInvalid(fields={"password": ["Has characters that no password can have."]})
        if len(normal) < SHORTEST_PASSWORD:
            raise FieldsInvalid(fields={"password": [f"Shorter than minimum length {SHORTEST_PASSWORD}."]})
        return self._queue.run(self._deadline, _HASHER.hash, normal)

    def matching_spelling(self, password_hash: str | None, password: str) -> str | None:
        """The spelling of the password that the hash was made of; None if it does not match.

        A hash made before passwords were normalized matches the password as it was typed. Without a hash the answer is
        None, and takes just as long. Raises Busy like `check_capacity`.
        """
        spellings = dict.fromkeys(spelling for spelling in (_normalized(password), password) if spelling is not None)
        for spelling in spellings:
            with suppress(VerifyMismatchError):
                self._queue.run(self._deadline, _HASHER.verify, password_hash or _DUMMY_HASH, spelling)
                return spelling if password_hash else None
        return None


class PasswordProvider(DependencyProvider):
    """Injects the Passwords of each call."""

    def setup(self) -> None:
        """Size the queue of this process to the room's workers when the room starts."""
        self._queue = HashQueue(load(config).max_workers)

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


def _left(deadline: float | None) -> float:
    return float("inf") if deadline is None else deadline - time.time()
