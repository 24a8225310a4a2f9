"""A body that is sent many times, with its ETag and, once somebody wants it, its gzip form."""

import gzip
import hashlib

from gateway.http.messages import Headers, Reply, Request

WORTH_ZIPPING = 1024
REVALIDATE: Headers = [("Cache-Control", "public, max-age=0, must-revalidate"), ("Vary", "Accept-Encoding")]


class Answer:
    def __init__(self, headers: Headers, body: bytes) -> None:
        self.body = body
        self._hash = hashlib.blake2b(body, digest_size=12).hexdigest()
        self._headers = [*headers, *REVALIDATE, ("ETag", f'"{self._hash}"')]
        # Another encoding is another representation, so its strong ETag differs.
        self._zipped_headers = [*headers, *REVALIDATE, ("ETag", f'"{self._hash}-gz"'), ("Content-Encoding", "gzip")]
        self._zipped: bytes | None = None

    def reply(self, request: Request) -> Reply:
        """200 with the body, or 304 when the principal has it already."""
        zips = request.gzip and len(self.body) >= WORTH_ZIPPING
        headers = self._zipped_headers if zips else self._headers
        if request.etag and (request.etag == "*" or self._hash in request.etag):
            return Reply(304, b"", headers)
        if not zips:
            return Reply(200, self.body, headers)
        if self._zipped is None:
            self._zipped = gzip.compress(self.body, 5, mtime=0)
        return Reply(200, self._zipped, headers)
