"""The rooms that are on the bus, by their own announcements."""

import math
import time
from functools import partial
from typing import Any

from cachetools import TTLCache
from prometheus_client import Gauge

from schemas import catalogue
from services.foundation.amqp.presence import FORGOTTEN_AFTER_SECONDS

# Whoever buys and pays a ticket has to do with these; what the others do is done later, or is an extra.
NEEDED_TO_SELL = frozenset({"user", "film", "order", "payment"})
STATES = ("closed", "half_open", "open")
INSTANCES = Gauge("marquee_room_instances", "Processes of a room that this gateway knows of.", ["room"])


class ServiceRegistry:
    """Every instance of a room announces itself every two seconds, and is forgotten when it stops."""

    def __init__(self) -> None:
        self._instances: TTLCache[tuple[str, str], dict[str, Any]] = TTLCache(
            math.inf, FORGOTTEN_AFTER_SECONDS, timer=lambda: time.monotonic())
        for room in catalogue.rooms():
            INSTANCES.labels(room).set_function(partial(self._count, room))

    def _count(self, room: str) -> int:
        return sum(name == room for name, _ in list(self._instances))

    def record(self, presence: dict[str, Any]) -> None:
        """Take in an announcement, as `on_presence` describes it."""
        name = (str(presence["room"]), str(presence["instance"]))
        if presence.get("leaving"):
            self._instances.pop(name, None)
        else:
            self._instances[name] = presence

    def ready(self) -> dict[str, bool]:
        """Each room of the contract or on the bus, and whether an instance of it is there."""
        present = {room for room, _ in list(self._instances)} - {"gateway"}
        return {room: room in present for room in sorted({*catalogue.rooms(), *present})}

    def silent_servers(self) -> dict[str, list[str]]:
        """The servers that answer no instance of a room, by the rooms that need them."""
        found: dict[str, set[str]] = {}
        for presence in self._present():
            silent = set(presence.get("silent_servers", []))
            found[presence["room"]] = found.get(presence["room"], silent) & silent
        return {room: sorted(servers) for room, servers in sorted(found.items()) if servers}

    def _present(self) -> list[dict[str, Any]]:
        # One may expire between its key and its value.
        return [presence for name in self._instances if (presence := self._instances.get(name))]

    def circuits(self) -> dict[str, dict[str, str]]:
        """The state of the circuit from each room to each that it calls; the worst if its instances differ."""
        found: dict[str, dict[str, str]] = {}
        for presence in self._present():
            for called, state in presence.get("circuits", {}).items():
                states = found.setdefault(presence["room"], {})
                states[called] = max(state, states.get(called, state), key=STATES.index)
        return found

    def services(self, internal: bool = False) -> list[dict[str, Any]]:
        """Each room that is there: its version, the number of its instances, its methods and their paths.

        `internal`: with the methods that only rooms call, which have no path.
        """
        rooms: dict[str, dict[str, Any]] = {}
        for presence in self._present():
            room = rooms.setdefault(presence["room"], {
                "room": presence["room"], "version": presence["version"], "instances": 0,
                "methods": [name for name in presence["methods"] if internal or _is_public(presence["room"], name)]})
            room["instances"] += 1
        for room in rooms.values():
            room["paths"] = [f"/{room['room']}/{name}" for name in room["methods"]
                             if _is_public(room["room"], name)]
        return sorted(rooms.values(), key=lambda room: str(room["room"]))


def _is_public(room: str, name: str) -> bool:
    method = catalogue.methods().get((room, name))
    return method is not None and method.access != "internal"
