"""HTTP as bytes on a socket: what a well-behaved client would never send."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Wire:
    """One connection to a gateway."""

    def __init__(self, port: int, seconds: float = 30) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self._file = self.sock.makefile("rb")

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def response(self, head_only: bool = False) -> Response | None:
        """The next response; None when the connection has ended."""
        line = self._file.readline()
        if not line:
            return None
        headers = {}
        while (field := self._file.readline()) not in (b"\r\n", b"\n", b""):
            name, _, value = field.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        status = int(line.split()[1])
        bodiless = head_only or status in (100, 204, 304)
        body = b"" if bodiless else self._file.read(int(headers.get("content-length", 0)))
        return Response(status, headers, body)

    def ask(self, data: bytes) -> Response:
        self.send(data)
        response = self.response()
        assert response, "the connection ended without an answer"
        return response

    def has_ended(self) -> bool:
        """Whether the other side closes now, with nothing more to say."""
        try:
            return self._file.read(1) == b""
        except ConnectionResetError:
            return True

    def reset(self) -> None:
        """Be gone without a good-bye."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        self._file.close()
        self.sock.close()


@contextmanager
def wire(port: int, seconds: float = 30) -> Iterator[Wire]:
    made = Wire(port, seconds)
    try:
        yield made
    finally:
        made.close()


def post(path: str, body: bytes = b"{}", *headers: str, length: int | None = None, version: str = "1.1") -> bytes:
    """A POST of JSON; `length` when it says something else than the truth."""
    lines = [f"POST {path} HTTP/{version}", "Host: marquee", "Content-Type: application/json",
             f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def get(path: str, *headers: str, version: str = "1.1") -> bytes:
    return "\r\n".join([f"GET {path} HTTP/{version}", "Host: marquee", *headers, "", ""]).encode()
