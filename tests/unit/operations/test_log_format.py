"""Lines of logs become lines that a person can read."""

import json
import re

import pytest

from operations.processes.log_format import NO_TIME, clock_of, format_line


def line(**fields: object) -> str:
    return json.dumps({"time": "2026-11-21T10:00:01.123+00:00", "level": "INFO", "logger": "marquee", **fields})


def test_the_line_of_a_call_has_time_level_room_and_details() -> None:
    text = format_line(line(event="call", message="order.buy", request_id="r1", ms=3.5, cached=False), "order-2")
    expected = r"\d\d:\d\d:01\.123 INFO     order-2    call order\.buy  request_id=r1 ms=3\.5 cached=false"
    assert re.fullmatch(expected, text)


def test_a_room_named_in_a_line_replaces_the_name_of_its_program() -> None:
    assert " film " in format_line(line(room="film", message="x"), "order")


@pytest.mark.parametrize(("value", "shown"), [
    ("plain", "plain"), ("two words", '"two words"'), ("", '""'), ("a=b", '"a=b"'), ("哪吒", "哪吒"),
    (["F7", "F8"], '["F7","F8"]'), (None, None),
])
def test_a_value_is_quoted_only_when_it_could_be_misread(value: object, shown: str | None) -> None:
    text = format_line(line(message="m", seats=value), "order")
    assert text.endswith(f"  seats={shown}") if shown else text.endswith(" m")


def test_a_traceback_follows_below_its_line() -> None:
    first, *trace = format_line(line(message="bug", exc_info="Traceback:\n  oops"), "film").splitlines()
    assert first.endswith("bug")
    assert trace == [f"{NO_TIME} Traceback:", f"{NO_TIME}   oops"]


@pytest.mark.parametrize("text", ["Segmentation fault", "[1, 2]", '{"half": '])
def test_a_line_that_is_not_json_passes_marked_with_its_program(text: str) -> None:
    shown = format_line(text, "redis")
    assert shown.split() == ["redis", *text.split()]
    assert clock_of(shown) is None


def test_a_line_of_supervisord_gets_the_same_format() -> None:
    shown = format_line("2026-11-21 09:38:52,201 INFO spawned: 'redis' with pid 7", "supervisord")
    assert shown == "09:38:52.201 INFO     supervisord spawned: 'redis' with pid 7"


def test_an_error_is_red_and_its_time_is_still_found() -> None:
    shown = format_line(line(level="ERROR", message="bug"), "film")
    assert shown.startswith("\x1b[31m")
    assert re.fullmatch(r"\d\d:\d\d:01\.123", clock_of(shown) or "")
