"""Message bodies are plain JSON, and values come back unchanged."""

import orjson
import pytest

from services.foundation.amqp import json_serializer


@pytest.mark.parametrize("thing", [
    {"__type__": "datetime", "__value__": "zzz"}, {"__type__": "uuid", "__value__": {"hex": "1"}},
    {"text": "花樣年華 \" \\ \n"}, [1, 0.5, None, True, "x"], {}, [], "x", 2**63 - 1, -(2**63),
], ids=str)
def test_a_value_comes_back_as_it_was_sent(thing: object) -> None:
    assert json_serializer.decode(json_serializer.encode(thing)) == thing


def test_reasons_with_numbers_as_names_get_text_names() -> None:
    sent = json_serializer.encode({0: ["Not a seat such as F7."]})
    assert json_serializer.decode(sent) == {"0": ["Not a seat such as F7."]}


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"\xff", b"[" * 2000, b'"\\ud800"'])
def test_a_body_that_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        json_serializer.decode(body)
