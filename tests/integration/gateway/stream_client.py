"""A client of /live: it reads the stream of a screening's seat map."""

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
class StreamClient:
    """The events with seats as (name, id, data), in order; `seats` is the map that they add up to."""

    response: http.client.HTTPResponse
    events: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    seats: dict[str, str] = field(default_factory=dict)
    fresh: bool = True
    ended_at: float | None = None

    def run(self) -> None:
        fields: dict[str, str] = {}
        while line := self.response.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "event" in fields:
                self.take(fields)
                fields = {}
        self.ended_at = time.monotonic()

    def take(self, fields: dict[str, str]) -> None:
        if fields["event"] in ("fresh", "stale"):
            self.fresh = fields["event"] == "fresh"
            return
        data = json.loads(fields["data"])
        if fields["event"] == "seats":
            self.seats.clear()
        for seat in data["seats"]:
            self.seats[seat["seat_id"]] = seat["state"]
        self.events.append((fields["event"], fields["id"], data))

    def sees(self, seconds: float = 20, **seats: str) -> None:
        """Wait until these seats have these states."""
        wait_until(lambda: seats.items() <= {**dict.fromkeys(seats, "free"), **self.seats}.items(), seconds, str(seats))


@contextmanager
def streaming(url: str, screening_id: str, last_event_id: str | None = None) -> Iterator[StreamClient]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    connection.request("GET", f"/live/{screening_id}", headers=headers)
    sock = connection.sock
    response = connection.getresponse()
    assert response.status == 200, response.read()
    client = StreamClient(response)
    thread = threading.Thread(target=client.run, daemon=True)
    thread.start()
    try:
        yield client
    finally:
        with suppress(OSError):  # the stream has ended by itself
            sock.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        response.close()
