"""HTTP as bytes on a socket, for requests that no well-behaved client sends."""

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


class RawConnection:
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
        assert response, "the connection ended without a response"
        return response

    def has_ended(self) -> bool:
        """Whether the gateway closes the connection now, without another byte."""
        try:
            return self._file.read(1) == b""
        except ConnectionResetError:
            return True

    def reset(self) -> None:
        """Close the connection with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        self._file.close()
        self.sock.close()


@contextmanager
def raw_connection(port: int, seconds: float = 30) -> Iterator[RawConnection]:
    made = RawConnection(port, seconds)
    try:
        yield made
    finally:
        made.close()


def post(path: str, body: bytes = b"{}", *headers: str, length: int | None = None, version: str = "1.1") -> bytes:
    """A POST of JSON; `length` is for a Content-Length that differs from the body's."""
    lines = [f"POST {path} HTTP/{version}", "Host: marquee", "Content-Type: application/json",
             f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def get(path: str, *headers: str, version: str = "1.1") -> bytes:
    return "\r\n".join([f"GET {path} HTTP/{version}", "Host: marquee", *headers, "", ""]).encode()
