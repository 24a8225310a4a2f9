"""Every event crosses the wire unchanged; a message that is not this event is refused with the reason."""

from typing import Any

import pytest

from schemas import catalogue, order
from schemas.base import Event
from schemas.errors import FieldsInvalid
from services.foundation.amqp import json_serializer
from tests.unit.schemas.examples import example

EVENTS = sorted(catalogue.events().values(), key=lambda event: event.type)
every_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)


def envelope(event: Event, **changes: Any) -> dict[str, Any]:
    return {"event_id": "e1", "type": event.type, "version": event.version, "about": "o1", "sequence": 3,
            "occurred_at": "2026-11-21T12:00:00.123+00:00", "trace": {"request_id": "r1"},
            "body": example(event.body()), **changes}


@every_event
def test_an_event_comes_back_as_it_was_sent(event: Event) -> None:
    sent = envelope(event)
    loaded = event.load(json_serializer.decode(json_serializer.encode(sent)))
    assert loaded.keys() == sent.keys()
    assert event.dump(loaded["body"]) == sent["body"]


def grown(thing: Any) -> Any:
    """The same with another field in every object, however deep."""
    match thing:
        case dict():
            return {**{name: grown(value) for name, value in thing.items()}, "colour": "red"}
        case list():
            return [grown(each) for each in thing]
    return thing


@every_event
def test_fields_of_a_later_version_are_ignored_at_every_depth(event: Event) -> None:
    sent = envelope(event)
    assert event.load(grown(sent)) == event.load(sent)


def test_an_unknown_field_of_a_request_is_refused_at_every_depth() -> None:
    """Leniency is for what rooms tell each other, and does not rub off on the same schemas in requests."""
    wish = {"screening_id": "s", "seats": ["F7"], "snacks": [{"sku": "cola", "quantity": 1}]}
    order.BUY.load(wish)
    with pytest.raises(FieldsInvalid):
        order.BUY.load(grown(wish))
    with pytest.raises(FieldsInvalid):
        order.BUY.load({**wish, "snacks": [{"sku": "cola", "quantity": 1, "price": 1}]})


@every_event
def test_a_message_that_is_not_this_event_is_refused(event: Event) -> None:
    others: list[dict[str, Any]] = [
        {"type": "order.eaten"}, {"version": 99}, {"event_id": None}, {"event_id": "a b"}, {"body": None}, {"body": {}},
        {"occurred_at": "yesterday"}, {"sequence": "many"}, {"trace": {"call_id_stack": 7}}]
    assert [changes for changes in others if is_read(event, envelope(event, **changes))] == []


def is_read(event: Event, message: dict[str, Any]) -> bool:
    try:
        event.load(message)
    except FieldsInvalid:
        return False
    return True


@pytest.mark.parametrize("nonsense", [None, [], "", 7, {}], ids=repr)
def test_a_malformed_message_is_refused(nonsense: object) -> None:
    with pytest.raises(FieldsInvalid):
        EVENTS[0].load(nonsense)
