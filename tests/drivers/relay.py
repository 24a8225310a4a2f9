"""A TCP relay in front of a real server, to cut, freeze or refuse connections as a bad network does."""

import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress

# Closing with this set tells the other side at once (RST), as a killed server does.
ABORT = struct.pack("ii", 1, 0)


Pair = tuple[socket.socket, socket.socket]
Watch = Callable[[bytes], bool]


def everything(piece: bytes) -> bool:
    """Pass the data on."""
    return True


class Relay:
    """Forwards `port` to a server's. The watches see each piece before it goes on, and may break the line.

    A connection's sockets are closed by the thread that reads them: closed elsewhere, their numbers could be those of
    the next connection's before that thread has noticed, and it would read what is not for it.
    """

    def __init__(self, server_port: int, on_request: Watch = everything, on_reply: Watch = everything) -> None:
        self._server_port = server_port
        self._on_request, self._on_reply = on_request, on_reply
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads: dict[Pair, threading.Thread] = {}
        self._silent: set[Pair] = set()
        self._refusing = False
        self._flowing = threading.Event()
        self._flowing.set()
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def cut(self) -> None:
        """Break every connection; new ones are welcome."""
        for pair in list(self._threads):
            thread = self._threads.pop(pair, None)
            for end in pair:
                self._break(end)
            if thread is not None:
                thread.join(5)

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
        self._silent, self._refusing = set(self._threads), closed

    def heal(self) -> None:
        self._refusing = False
        self._flowing.set()

    def close(self) -> None:
        self._flowing.set()
        self.refuse()
        self._listener.shutdown(socket.SHUT_RDWR)  # closing alone wakes nobody who waits in accept()
        self._accepting.join(5)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                pair = (client, socket.create_connection(("127.0.0.1", self._server_port)))
            except OSError:  # the server is down indeed
                client.close()
                continue
            if self._refusing:
                self._end(pair)
                continue
            self._threads[pair] = thread = threading.Thread(target=self._forward, args=(pair,), daemon=True)
            thread.start()

    def _forward(self, pair: Pair) -> None:
        client, server = pair
        with suppress(OSError):
            while pair in self._threads:
                for source in select.select(pair, [], [])[0]:
                    piece = source.recv(65536)
                    self._flowing.wait()
                    while pair in self._silent and pair in self._threads:
                        time.sleep(0.05)
                    passes = self._on_request if source is client else self._on_reply
                    if not piece or not passes(piece):
                        return self._end(pair)
                    (server if source is client else client).sendall(piece)
        return self._end(pair)

    def _end(self, pair: Pair) -> None:
        self._threads.pop(pair, None)
        for end in pair:
            self._break(end)
            end.close()

    @staticmethod
    def _break(end: socket.socket) -> None:
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            end.shutdown(socket.SHUT_RDWR)
