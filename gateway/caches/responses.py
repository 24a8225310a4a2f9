"""Responses to hot reads, never older than the method's `fresh_for` and dropped when their subject changes.

It is no cachetools.Cache, because the index of entries by subject must follow every eviction, and those caches evict
expired entries without a hook.
"""

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import NamedTuple

import orjson

from gateway.caches.cached_response import CachedResponse
from gateway.caches.single_flight import SingleFlight
from gateway.http.messages import Request
from gateway.replies import JSON_HEADERS
from schemas.base import Method

MAX_BYTES = 64 * 2**20
ENTRY_BYTES = 2048     # what an entry takes apart from its body, roughly


class CacheKey(NamedTuple):
    """`subject`: the screening that the response is about, if it is about one."""

    path: str
    subject: str | None
    fields: bytes


class Entry(NamedTuple):
    response: CachedResponse
    expires: float           # time.monotonic()
    bytes: int


class ResponseCache:
    """Keeps at most MAX_BYTES; the least recently used entries go first."""

    def __init__(self) -> None:
        self._entries: OrderedDict[CacheKey, Entry] = OrderedDict()
        self._fetches: SingleFlight[CacheKey, CachedResponse] = SingleFlight()
        self._keys_by_subject: dict[str, set[CacheKey]] = defaultdict(set)
        self._bytes = 0

    @staticmethod
    def key(method: Method, request: Request) -> CacheKey:
        """The same for equal requests of any client, in whatever order their fields stand."""
        subject = request.fields.get(method.screening_field) if method.screening_field else None
        return CacheKey(method.path, subject if isinstance(subject, str) else None,
                        orjson.dumps(request.fields, option=orjson.OPT_SORT_KEYS))

    def find(self, key: CacheKey) -> CachedResponse | None:
        """The response in memory, unless it has expired."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires <= time.monotonic():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry.response

    def fetch(self, key: CacheKey, fresh_for: float, call: Callable[[], bytes]) -> CachedResponse:
        """A new response, or the one under way, whose body `call` returns.

        It is fresh for `fresh_for` seconds from the moment of the call. Raises what `call` raises.
        """
        expires = time.monotonic() + fresh_for
        response, _ = self._fetches.run(key, call=lambda: CachedResponse(JSON_HEADERS, call()),
                                        keep=lambda response: self._keep(key, response, expires))
        return response

    def invalidate(self, subject: str) -> None:
        """The subject has changed: drop its responses, and keep none of those that are being fetched."""
        for key in [key for key in self._fetches if key.subject == subject]:
            self._fetches.detach(key)
        for key in list(self._keys_by_subject.get(subject, ())):
            self._drop(key)

    def _keep(self, key: CacheKey, response: CachedResponse, expires: float) -> None:
        self._drop(key)
        # Twice the body leaves room for its gzip form.
        self._entries[key] = entry = Entry(response, expires, 2 * len(response.body) + ENTRY_BYTES)
        self._bytes += entry.bytes
        if key.subject is not None:
            self._keys_by_subject[key.subject].add(key)
        while self._bytes > MAX_BYTES:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: CacheKey) -> None:
        if (entry := self._entries.pop(key, None)) is None:
            return
        self._bytes -= entry.bytes
        if key.subject is not None:
            self._keys_by_subject[key.subject].discard(key)
            if not self._keys_by_subject[key.subject]:
                del self._keys_by_subject[key.subject]
