"""Which rooms are on the bus, by what they say of themselves."""

import time
from typing import Any

from schemas import catalogue
from schemas.base import Method
from services.foundation.amqp.presence import FORGOTTEN_AFTER_SECONDS


class Rooms:
    def __init__(self) -> None:
        self._heard: dict[tuple[str, str], tuple[float, dict[str, Any]]] = {}

    def hear(self, words: dict[str, Any]) -> None:
        """A room's words, every two seconds: see foundation.presence."""
        name = (str(words["room"]), str(words["instance"]))
        if words.get("leaving"):
            self._heard.pop(name, None)
        else:
            self._heard[name] = (time.monotonic(), words)

    def _present(self) -> list[dict[str, Any]]:
        oldest = time.monotonic() - FORGOTTEN_AFTER_SECONDS
        self._heard = {name: heard for name, heard in self._heard.items() if heard[0] > oldest}
        return [words for _, words in self._heard.values()]

    def ready(self) -> dict[str, bool]:
        """Each room of the contract, and whether it is there."""
        present = {words["room"] for words in self._present()}
        return {room: room in present for room in catalogue.rooms()}

    def services(self) -> list[dict[str, Any]]:
        """Each room there: version, instances, methods, and the paths the public ones answer at."""
        rooms: dict[str, dict[str, Any]] = {}
        for words in self._present():
            room = rooms.setdefault(words["room"], {"room": words["room"], "version": words["version"], "instances": 0,
                                                    "methods": words["methods"]})
            room["instances"] += 1
        for room in rooms.values():
            room["paths"] = [f"/{room['room']}/{name}" for name in room["methods"]
                             if _is_public(catalogue.methods().get((room["room"], name)))]
        return sorted(rooms.values(), key=lambda room: str(room["room"]))


def _is_public(method: Method | None) -> bool:
    return method is not None and method.access != "internal"
