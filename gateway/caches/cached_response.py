"""A body that is sent many times, with its ETag and, once a client takes it, its gzip form."""

import gzip
import hashlib

from werkzeug.http import parse_etags, quote_etag

from gateway.http.messages import Headers, Reply, Request

MIN_GZIP_BYTES = 1024
REVALIDATE: Headers = [("Cache-Control", "public, max-age=0, must-revalidate"), ("Vary", "Accept-Encoding")]


class CachedResponse:
    """A public response, which caches on the way may keep and must revalidate."""

    def __init__(self, headers: Headers, body: bytes) -> None:
        self.body = body
        # Another encoding is another representation, so its strong ETag differs.
        self._etag = hashlib.blake2b(body, digest_size=12).hexdigest()
        self._gzip_etag = f"{self._etag}-gz"
        self._headers = [*headers, *REVALIDATE, ("ETag", quote_etag(self._etag))]
        self._gzip_headers = [*headers, *REVALIDATE, ("ETag", quote_etag(self._gzip_etag)),
                              ("Content-Encoding", "gzip")]
        self._gzip_body: bytes | None = None

    def reply(self, request: Request) -> Reply:
        """200 with the body in the client's encoding, or 304 when its If-None-Match names this body."""
        zips = request.accepts_gzip and len(self.body) >= MIN_GZIP_BYTES
        headers = self._gzip_headers if zips else self._headers
        if request.if_none_match and self._is_named(request.if_none_match):
            return Reply(304, b"", headers)
        if not zips:
            return Reply(200, self.body, headers)
        if self._gzip_body is None:
            self._gzip_body = gzip.compress(self.body, 5, mtime=0)
        return Reply(200, self._gzip_body, headers)

    def _is_named(self, if_none_match: str) -> bool:
        etags = parse_etags(if_none_match)
        return etags.contains_weak(self._etag) or etags.contains_weak(self._gzip_etag)
