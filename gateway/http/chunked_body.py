"""Strict reading of a chunked body (RFC 9112, section 7.1)."""

import re

from eventlet.wsgi import Input

CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t -~\x80-\xff]*)?\r\n")
MAX_LINE_BYTES = 256


class ChunkedBody(Input):
    """The input of a request in chunks; trailers are not taken."""

    def read(self, length: int) -> bytes:
        """The body, or the first `length` bytes of a longer one. Raises ValueError when the chunks are malformed.

        After the last chunk it returns b"": eventlet reads again, and what follows is the next request.
        """
        if self.should_send_hundred_continue:
            self.send_hundred_continue_response()
            self.is_hundred_continue_response_sent = True
        body = bytearray()
        while self.chunk_length and len(body) < length and (size := self._next_size()):
            body += self.rfile.read(min(size, length))
            if size <= length and self.rfile.readline(2) != b"\r\n":
                raise ValueError("A chunk is longer or shorter than its size.")
        return bytes(body[:length])

    def _next_size(self) -> int:
        line = CHUNK.fullmatch(self.rfile.readline(MAX_LINE_BYTES))
        if line is None or int(line[1], 16) == 0 and self.rfile.readline(2) != b"\r\n":
            raise ValueError("Not a chunk size.")
        self.chunk_length = int(line[1], 16)  # 0 tells eventlet that nothing is left unread
        return self.chunk_length
