"""Every request and reply crosses the wire unchanged."""

import itertools
from typing import Any

import orjson
import pytest

from schemas import catalogue
from schemas.base import Method
from schemas.errors import FieldsInvalid
from services.foundation.amqp import json_serializer
from tests.unit.schemas.examples import example

METHODS = sorted(catalogue.methods().values(), key=lambda method: method.path)
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.path)


@every_method
def test_a_request_comes_back_as_it_was_sent(method: Method) -> None:
    sent = example(method.request())
    loaded = method.load(json_serializer.decode(json_serializer.encode(sent)))
    assert loaded.keys() == sent.keys()
    assert method.request().dump(loaded) == sent


@every_method
def test_a_reply_comes_back_as_it_was_sent(method: Method) -> None:
    told = [example(method.reply())] if method.many else example(method.reply())
    known = method.reply(many=method.many).load(told)
    assert orjson.loads(json_serializer.encode(method.dump(known))) == told


@every_method
def test_an_unknown_field_is_refused(method: Method) -> None:
    with pytest.raises(FieldsInvalid) as refusal:
        method.load({**example(method.request()), "price": 1})
    assert list(refusal.value.about["fields"]) == ["price"]


@pytest.mark.parametrize("method", [method for method in METHODS if "cursor" in method.request().fields],
                         ids=lambda method: method.path)
def test_a_cursor_of_another_shape_is_refused(method: Method) -> None:
    given = example(method.request())
    method.load({**given, "cursor": "01a1fd940ea77809a77a2f8a6f48a334"})
    for cursor in ("'", "", "2", "next", "0" * 64):
        with pytest.raises(FieldsInvalid) as refusal:
            method.load({**given, "cursor": cursor})
        assert list(refusal.value.about["fields"]) == ["cursor"]


@every_method
def test_a_field_that_is_missing_is_named(method: Method) -> None:
    whole = example(method.request())
    for name, field in method.request().fields.items():
        rest = {other: value for other, value in whole.items() if other != name}
        if not field.required:
            method.load(rest)
            continue
        with pytest.raises(FieldsInvalid) as refusal:
            method.load(rest)
        assert list(refusal.value.about["fields"]) == [name]


@every_method
def test_any_value_in_any_field_is_read_or_refused_and_never_an_error(method: Method) -> None:
    given, nonsense = example(method.request()), [None, [], {}, "", "\x00", True, -1, 10**30, "F" * 5000]
    told = [(name, value, error(method, {**given, name: value}))
            for name, value in itertools.product(method.request().fields, nonsense)]
    assert [each for each in told if each[2]] == []


def error(method: Method, request: dict[str, Any]) -> str | None:
    """What reading the request fails with, unless that is a refusal which can be sent."""
    try:
        try:
            method.load(request)
        except FieldsInvalid as refusal:
            json_serializer.encode(refusal.about)
    except Exception as problem:
        return repr(problem)
    return None


def test_a_reply_has_only_the_fields_of_its_schema() -> None:
    profile = catalogue.methods()["user", "get_profile"]
    told = profile.dump({**profile.reply().load(example(profile.reply())), "password_hash": "secret"})
    assert "password_hash" not in told
