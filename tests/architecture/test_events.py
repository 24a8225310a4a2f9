"""Events are published through the outbox only, and every consumer subscribes to a declared event."""

import ast
import importlib
import re

import pytest

from operations.event_commands import subscriptions_of
from schemas import catalogue
from schemas.base import Event, Schema
from tests.architecture.sources import sources
from tests.contracts.rooms import meant, modules, nodes_of, service_classes

# The files that may hand a message to the broker, and what they send.
RELAY = "services/foundation/events/relay.py"
PUBLISHERS = {
    "services/foundation/amqp/announcements.py": "hints",
    "services/foundation/amqp/presence.py": "which rooms are up",
    "services/foundation/rpc/client.py": "calls",
    "services/foundation/rpc/server.py": "replies",
    "services/foundation/tracing/insight_exporter.py": "spans",
    RELAY: "events, from the outbox",
    "services/foundation/events/retry_queues.py": "events that wait for another try",
    "operations/event_commands.py": "dead letters that an operator replays",
}
PUBLISHES = re.compile(r"publishing\.(publish|send|send_copy)\(|EventDispatcher|\bPublisher\(")
EVENTS = sorted(catalogue.events().values(), key=lambda event: event.type)


def written() -> list[tuple[str, object]]:
    """The event of every `outbox.write(tx, table, EVENT, ...)`, by room."""
    return [(room, meant(module, node.args[2]))
            for room, files in modules().items() for module in files for node in nodes_of(module)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "outbox.write"]


def test_only_the_named_files_publish_messages() -> None:
    files = sources("services", "gateway", "operations")
    assert {str(source) for source in files if PUBLISHES.search(source.text)} == set(PUBLISHERS)
    assert {str(source) for source in files if "exchange=topology.EXCHANGE" in source.text} <= {RELAY}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_an_event_is_declared_in_its_rooms_file_with_a_schema(event: Event) -> None:
    assert event in vars(importlib.import_module(f"schemas.{event.room}")).values()
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", event.type)
    assert issubclass(event.body, Schema)
    assert event.body().fields
    assert event.version >= 1
    assert event.summary.endswith(".")
    assert len(event.type) <= 64


def test_no_two_events_have_one_type() -> None:
    files = [importlib.import_module(f"schemas.{room}") for room in catalogue.rooms()]
    declared = {id(thing) for file in files for thing in vars(file).values() if isinstance(thing, Event)}
    assert len(declared) == len(catalogue.events())


@pytest.mark.parametrize("room", sorted(service_classes()))
def test_a_room_listens_only_to_what_is_declared(room: str) -> None:
    for subscription in subscriptions_of(service_classes()[room]):
        assert catalogue.events()[subscription.event.type] is subscription.event


def test_a_room_tells_only_what_happened_to_its_own_things() -> None:
    """Where the event is picked from the catalogue, the integration tests of that room look."""
    assert written()
    for room, event in written():
        assert not isinstance(event, Event) or event.room == room


def test_a_room_that_writes_events_has_a_relay() -> None:
    for room in {room for room, _ in written()} - {"foundation"}:
        assert "relay" in vars(service_classes()[room]), room
