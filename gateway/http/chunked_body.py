"""A body in chunks, read as strictly as the head."""

import re

from eventlet.wsgi import Input

CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t -~\x80-\xff]*)?\r\n")
LINE_AT_MOST = 256


class ChunkedBody(Input):
    def read(self, length: int) -> bytes:
        """The body, or `length` bytes of a longer one. Raises ValueError where it is not in chunks.

        After the last chunk there is nothing: eventlet reads on, and what follows is the next request.
        """
        if self.should_send_hundred_continue:
            self.send_hundred_continue_response()
            self.is_hundred_continue_response_sent = True
        found = bytearray()
        while self.chunk_length and len(found) < length and (size := self._next_size()):
            found += self.rfile.read(min(size, length))
            if size <= length and self.rfile.readline(2) != b"\r\n":
                raise ValueError("A chunk is longer or shorter than it says.")
        return bytes(found[:length])

    def _next_size(self) -> int:
        line = CHUNK.fullmatch(self.rfile.readline(LINE_AT_MOST))
        if line is None or int(line[1], 16) == 0 and self.rfile.readline(2) != b"\r\n":
            raise ValueError("This is no chunk.")
        self.chunk_length = int(line[1], 16)  # 0: nothing is left unread
        return self.chunk_length
