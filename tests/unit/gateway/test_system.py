"""What /ready says of the rooms and servers."""

import json
from typing import Any, cast

import pytest

from gateway.dependency_probe import DependencyProbe
from gateway.http.messages import Request
from gateway.routes.system import SystemPages
from gateway.service_registry import ServiceRegistry
from operations.mesh import ROOT, find_rooms


class AnsweringServers:
    """The broker and Redis answer."""

    def ready(self) -> dict[str, bool]:
        return {"broker": True, "redis": True}


def ready(*missing: str, silent: dict[str, list[str]] | None = None) -> tuple[int, dict[str, Any]]:
    """The status and body of /ready while all rooms but these are there."""
    registry = ServiceRegistry()
    for room in set(find_rooms(ROOT)) - set(missing):
        registry.record({"room": room, "instance": "1", "leaving": False,
                         "silent_servers": (silent or {}).get(room, [])})
    pages = SystemPages(registry, cast(DependencyProbe, AnsweringServers()), dict, {}, test=False)
    reply = pages._ready(Request("GET", "/ready", "r1"))
    return reply.status, json.loads(reply.body)


def test_ready_names_every_room_of_the_tree() -> None:
    status, body = ready()
    assert status == 200
    assert body["rooms"] == dict.fromkeys(sorted(set(find_rooms(ROOT)) - {"gateway"}), True)


@pytest.mark.parametrize("room", sorted(set(find_rooms(ROOT)) - {"gateway"}))
def test_ready_says_whether_the_house_can_do_without_the_missing_room(room: str) -> None:
    status, body = ready(room)
    assert status == 503
    assert (body["ready"], body["rooms"][room]) == (False, False)
    assert body["selling"] is (room in body["optional_rooms"])


def test_a_room_whose_server_is_silent_sells_nothing() -> None:
    assert ready(silent={"order": ["mariadb"]})[1]["selling"] is False
    assert ready(silent={"office": ["mariadb"]})[1]["selling"] is True
