"""A body that is sent many times, with its ETag and, once a client takes them, its compressed forms."""

import gzip
import hashlib
from collections.abc import Callable
from typing import NamedTuple

import brotli
from werkzeug.http import parse_etags, quote_etag

from gateway.http.messages import Headers, Reply, Request

MIN_CODED_BYTES = 512
REVALIDATE: Headers = [("Cache-Control", "public, max-age=0, must-revalidate"), ("Vary", "Accept-Encoding")]


class ContentCoding(NamedTuple):
    """A content coding of HTTP: its name in Accept-Encoding, and what compresses a body."""

    name: str
    compress: Callable[[bytes], bytes]


GZIP = ContentCoding("gzip", lambda body: gzip.compress(body, 5, mtime=0))
# A sixth shorter than gzip, and too slow for what changes every second.
BROTLI = ContentCoding("br", brotli.compress)


class Representation:
    """One representation of the body: another coding is another, so its strong ETag differs."""

    def __init__(self, headers: Headers, etag: str, coding: ContentCoding | None = None) -> None:
        self.etag = f"{etag}-{coding.name}" if coding else etag
        self.headers = [*headers, *REVALIDATE, ("ETag", quote_etag(self.etag)),
                        *([("Content-Encoding", coding.name)] if coding else [])]
        self.body: bytes | None = None    # until it is asked for


class CachedResponse:
    """A public response, which caches on the way may keep and must revalidate."""

    def __init__(self, headers: Headers, body: bytes, codings: tuple[ContentCoding, ...] = (GZIP,)) -> None:
        """`codings`: those for the clients that take them, the best first; a short body is sent as it is."""
        self.body = body
        etag = hashlib.blake2b(body, digest_size=12).hexdigest()
        self._plain = Representation(headers, etag)
        self._coded = [(coding, Representation(headers, etag, coding)) for coding in codings]

    def reply(self, request: Request) -> Reply:
        """200 with the body in the client's coding, or 304 when its If-None-Match names this body."""
        coding, representation = self._choose(request)
        if request.if_none_match and self._is_named(request.if_none_match):
            return Reply(304, b"", representation.headers)
        if representation.body is None:
            representation.body = coding.compress(self.body) if coding else self.body
        return Reply(200, representation.body, representation.headers)

    def _choose(self, request: Request) -> tuple[ContentCoding | None, Representation]:
        if len(self.body) >= MIN_CODED_BYTES:
            for coding, representation in self._coded:
                if coding.name in request.codings:
                    return coding, representation
        return None, self._plain

    def _is_named(self, if_none_match: str) -> bool:
        etags = parse_etags(if_none_match)
        every = (self._plain, *(coded for _, coded in self._coded))
        return any(etags.contains_weak(each.etag) for each in every)
