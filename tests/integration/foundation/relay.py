"""A TCP relay in front of a real server, to cut, freeze or refuse connections as a bad network does."""

import select
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

# Closing with this set tells the other side at once (RST), as a killed server does.
ABORT = struct.pack("ii", 1, 0)


Watch = Callable[[bytes], bool]


def everything(piece: bytes) -> bool:
    """Let it pass."""
    return True


class Relay:
    """Forwards `port` to a server's. The watches see each piece before it goes on, and may break the line."""

    def __init__(self, server_port: int, on_request: Watch = everything, on_reply: Watch = everything) -> None:
        self._server_port = server_port
        self._on_request, self._on_reply = on_request, on_reply
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._silent: set[tuple[socket.socket, socket.socket]] = set()
        self._refusing = False
        self._flowing = threading.Event()
        self._flowing.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection; new ones are welcome."""
        for pair in list(self._pairs):
            self._close(pair)

    def refuse(self) -> None:
        """Break every connection and let no new one through: the server is down."""
        self._refusing = True
        self.cut()

    def freeze(self) -> None:
        """Keep connections open and move no more data."""
        self._flowing.clear()

    def fall_silent(self, closed: bool = False) -> None:
        """Nothing comes or goes any more on the connections there are, and nobody is told; new ones are welcome.

        `closed`: not before it is healed.
        """
        self._silent, self._refusing = set(self._pairs), closed

    def heal(self) -> None:
        self._refusing = False
        self._flowing.set()

    def close(self) -> None:
        self._listener.close()
        self.refuse()
        self._flowing.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._refusing:
                    self._abort(client)
                    continue
                pair = (client, socket.create_connection(("127.0.0.1", self._server_port)))
                self._pairs.add(pair)
                threading.Thread(target=self._forward, args=(pair,), daemon=True).start()

    def _forward(self, pair: tuple[socket.socket, socket.socket]) -> None:
        client, server = pair
        with suppress(OSError, ValueError):
            while True:
                for source in select.select(pair, [], [])[0]:
                    piece = source.recv(65536)
                    self._flowing.wait()
                    if pair in self._silent:
                        return None
                    passes = self._on_request if source is client else self._on_reply
                    if not piece or not passes(piece):
                        return self._close(pair)
                    (server if source is client else client).sendall(piece)
        return self._close(pair)

    def _close(self, pair: tuple[socket.socket, socket.socket]) -> None:
        self._pairs.discard(pair)
        for end in pair:
            self._abort(end)

    @staticmethod
    def _abort(end: socket.socket) -> None:
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            end.shutdown(socket.SHUT_RDWR)
        end.close()
