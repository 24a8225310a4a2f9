"""The registry of the rooms that are on the bus."""

import time
from typing import Any

import pytest

from gateway.service_registry import ServiceRegistry
from schemas import catalogue
from services.foundation.amqp.presence import FORGOTTEN_AFTER_SECONDS


def presence(room: str, instance: str = "1", *, leaving: bool = False, methods: list[str] | None = None,
             circuits: dict[str, str] | None = None, silent: list[str] | None = None) -> dict[str, Any]:
    return {"room": room, "instance": instance, "version": "1.2", "leaving": leaving, "silent_servers": silent or [],
            "methods": methods if methods is not None else ["charge", "get_status"], "circuits": circuits or {}}


def test_a_room_is_ready_from_its_first_announcement_until_it_leaves() -> None:
    registry = ServiceRegistry()
    assert registry.ready() == dict.fromkeys(catalogue.rooms(), False)
    registry.record(presence("film"))
    assert registry.ready()["film"]
    registry.record(presence("film", leaving=True))
    assert not registry.ready()["film"]


def test_a_room_with_two_instances_stays_when_one_leaves() -> None:
    registry = ServiceRegistry()
    registry.record(presence("order", "1"))
    registry.record(presence("order", "2"))
    assert [room["instances"] for room in registry.services()] == [2]
    registry.record(presence("order", "1", leaving=True))
    assert [room["instances"] for room in registry.services()] == [1]
    assert registry.ready()["order"]


def test_a_room_that_announces_nothing_for_a_while_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = ServiceRegistry()
    registry.record(presence("film"))
    later = time.monotonic() + FORGOTTEN_AFTER_SECONDS + 0.1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert not registry.ready()["film"]
    assert registry.services() == []


def test_the_list_of_services_has_the_paths_of_public_methods_only() -> None:
    registry = ServiceRegistry()
    registry.record(presence("order", methods=["buy", "get_info"]))
    registry.record(presence("payment"))
    listed = {room["room"]: room for room in registry.services()}
    assert listed["order"]["paths"] == ["/order/buy", "/order/get_info"]
    assert listed["payment"]["methods"] == ["charge", "get_status"]
    assert listed["payment"]["paths"] == []


def test_the_circuits_of_a_room_are_the_worst_of_its_instances() -> None:
    registry = ServiceRegistry()
    registry.record(presence("order", "1", circuits={"payment": "half_open", "film": "closed"}))
    registry.record(presence("order", "2", circuits={"payment": "open", "film": "closed"}))
    registry.record(presence("film"))
    assert registry.circuits() == {"order": {"payment": "open", "film": "closed"}}


def test_a_server_is_silent_for_a_room_when_it_answers_none_of_its_instances() -> None:
    registry = ServiceRegistry()
    registry.record(presence("film", silent=["redis"]))
    registry.record(presence("order", "1", silent=["mariadb", "redis"]))
    registry.record(presence("order", "2"))
    assert registry.silent_servers() == {"film": ["redis"]}, "the other instance of order can serve"
    registry.record(presence("order", "2", silent=["mariadb"]))
    assert registry.silent_servers() == {"film": ["redis"], "order": ["mariadb"]}
    registry.record(presence("order", "1"))
    registry.record(presence("film"))
    assert registry.silent_servers() == {}


def test_a_room_of_the_version_before_tells_of_no_servers() -> None:
    registry = ServiceRegistry()
    known = presence("order")
    del known["silent_servers"]
    registry.record(known)
    assert registry.silent_servers() == {}
