"""Answers to hot reads, kept for a moment: never older than the method's `fresh_for`, dropped when announced stale."""

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import NamedTuple

import orjson

from gateway.caching.cached_response import Answer
from gateway.caching.single_flight import Flights
from gateway.http.messages import Request
from gateway.replies import JSON_HEADERS
from schemas.base import Method

BYTES_AT_MOST = 64 * 2**20
BYTES_BESIDE_BODY = 2048     # what an entry takes apart from its body, roughly


class Key(NamedTuple):
    path: str
    subject: str | None      # the screening it is about, if it is about one
    fields: bytes


class Entry(NamedTuple):
    answer: Answer
    good_until: float
    bytes: int


class Cache:
    def __init__(self) -> None:
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._flights: Flights[Key, Answer] = Flights()
        self._about: dict[str, set[Key]] = defaultdict(set)
        self._bytes = 0

    @staticmethod
    def key(request: Request, method: Method) -> Key:
        """The same for everyone who asks the same, in whatever order of fields."""
        subject = request.fields.get(method.screening_field) if method.screening_field else None
        return Key(method.path, subject if isinstance(subject, str) else None,
                   orjson.dumps(request.fields, option=orjson.OPT_SORT_KEYS))

    def find(self, key: Key) -> Answer | None:
        """The answer in memory, if it is still good."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.good_until <= time.monotonic():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry.answer

    def fetch(self, key: Key, fresh_for: float, ask: Callable[[], bytes]) -> Answer:
        """A new answer, or the one under way. It is good for `fresh_for` seconds from the moment of asking."""
        good_until = time.monotonic() + fresh_for
        answer, _ = self._flights.join(key, ask=lambda: Answer(JSON_HEADERS, ask()),
                                       keep=lambda answer: self._keep(key, answer, good_until))
        return answer

    def forget(self, subject: str) -> None:
        """What is about this subject has changed: ask again, and don't keep what is being asked for now."""
        for key in [key for key in self._flights if key.subject == subject]:
            self._flights.detach(key)
        for key in list(self._about.get(subject, ())):
            self._drop(key)

    def _keep(self, key: Key, answer: Answer, good_until: float) -> None:
        self._drop(key)
        # Twice the body leaves room for its gzip form.
        self._entries[key] = entry = Entry(answer, good_until, 2 * len(answer.body) + BYTES_BESIDE_BODY)
        self._bytes += entry.bytes
        if key.subject is not None:
            self._about[key.subject].add(key)
        while self._bytes > BYTES_AT_MOST:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Key) -> None:
        if (entry := self._entries.pop(key, None)) is None:
            return
        self._bytes -= entry.bytes
        if key.subject is not None:
            self._about[key.subject].discard(key)
            if not self._about[key.subject]:
                del self._about[key.subject]
