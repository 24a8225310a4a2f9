"""One log that a person can read."""

import json
import re

import pytest

from operations.processes.log_format import NO_TIME, clock_of, format_line


def line(**fields: object) -> str:
    return json.dumps({"time": "2026-11-21T10:00:01.123+00:00", "level": "INFO", "logger": "marquee", **fields})


def test_a_call_is_told_with_its_time_level_room_and_details() -> None:
    text = format_line(line(event="call", message="order.buy", request_id="r1", ms=3.5, cached=False), "order-2")
    expected = r"\d\d:\d\d:01\.123 INFO     order-2    call order\.buy  request_id=r1 ms=3\.5 cached=false"
    assert re.fullmatch(expected, text)


def test_the_room_a_line_names_goes_before_the_program_it_came_from() -> None:
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
def test_what_is_not_json_passes_marked_with_its_program(text: str) -> None:
    shown = format_line(text, "redis")
    assert shown.split() == ["redis", *text.split()]
    assert clock_of(shown) is None


def test_supervisord_speaks_the_same_way() -> None:
    shown = format_line("2026-11-21 09:38:52,201 INFO spawned: 'redis' with pid 7", "supervisord")
    assert shown == "09:38:52.201 INFO     supervisord spawned: 'redis' with pid 7"


def test_errors_are_red_where_there_is_colour_and_still_have_their_time() -> None:
    shown = format_line(line(level="ERROR", message="bug"), "film")
    assert shown.startswith("\x1b[31m")
    assert re.fullmatch(r"\d\d:\d\d:01\.123", clock_of(shown) or "")
