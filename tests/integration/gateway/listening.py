"""Someone who looks at a seat map live."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from testbed.mesh import wait_until


@dataclass
class Listener:
    """Events about seats as (name, id, data) in the order they came; `seats` is the map they add up to."""

    response: http.client.HTTPResponse
    events: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    seats: dict[str, str] = field(default_factory=dict)
    fresh: bool = True
    ended_at: float | None = None

    def listen(self) -> None:
        fields: dict[str, str] = {}
        while line := self.response.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "event" in fields:
                self.hear(fields)
                fields = {}
        self.ended_at = time.monotonic()

    def hear(self, fields: dict[str, str]) -> None:
        if fields["event"] in ("fresh", "stale"):
            self.fresh = fields["event"] == "fresh"
            return
        data = json.loads(fields["data"])
        if fields["event"] == "seats":
            self.seats.clear()
        for seat in data["seats"]:
            self.seats[seat["seat_id"]] = seat["state"]
        self.events.append((fields["event"], fields["id"], data))

    def sees(self, seconds: float = 2, **seats: str) -> None:
        """Wait until these seats have these states."""
        wait_until(lambda: seats.items() <= {**dict.fromkeys(seats, "free"), **self.seats}.items(), seconds, str(seats))


@contextmanager
def listening(url: str, screening_id: str, last: str | None = None) -> Iterator[Listener]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request("GET", f"/live/{screening_id}", headers={"Last-Event-ID": last} if last else {})
    sock = connection.sock
    response = connection.getresponse()
    assert response.status == 200, response.read()
    listener = Listener(response)
    thread = threading.Thread(target=listener.listen, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        with suppress(OSError):  # it has ended by itself
            sock.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        response.close()
