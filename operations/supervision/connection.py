"""Calls to the supervisord of a run folder, none of which waits for ever: one that hangs accepts them all."""

import os
import socket
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from supervisor.xmlrpc import SupervisorTransport, UnixStreamHTTPConnection

ANSWER_SECONDS = 60.0    # supervisord answers to a stop only when the process has ended, 15 s later at most
AWAY = (OSError, HTTPException, xmlrpc.client.ProtocolError)    # it does not run, ends, or has no answer in time


class BoundedConnection(UnixStreamHTTPConnection):
    """HTTP by way of a Unix socket, with a timeout."""

    def connect(self) -> None:
        """Connect. Raises OSError."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.socketfile)


class BoundedTransport(SupervisorTransport):
    """supervisord's own transport over such a connection."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__(serverurl=f"unix://{path}")
        self._path, self._seconds = path, seconds
        self._get_connection = self._open

    def _open(self) -> BoundedConnection:
        connection = BoundedConnection("localhost", timeout=self._seconds)
        connection.socketfile = self._path
        return connection


@contextmanager
def connect(folder: Path, seconds: float = ANSWER_SECONDS) -> Iterator[xmlrpc.client.ServerProxy]:
    """Connect to the socket in the folder, through a descriptor: the path may be too long for a socket.

    Calls raise one of AWAY, or xmlrpc.client.Fault.
    """
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    transport = BoundedTransport(f"/proc/self/fd/{descriptor}/supervisor.sock", seconds)
    try:
        yield xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
    finally:
        transport.close()
        os.close(descriptor)


@contextmanager
def tolerated(code: int) -> Iterator[None]:
    """Go on when supervisord answers the call inside with this fault."""
    try:
        yield
    except xmlrpc.client.Fault as fault:
        if fault.faultCode != code:
            raise
