"""Log lines are JSON, have the fields given as `extra`, and hold no secrets."""

import json
import logging

import pytest

from services.foundation.logs import SECRET_FIELDS, JsonLine


def line(message: str, *values: object, **extra: object) -> dict[str, object]:
    record = logging.getLogger("marquee.test").makeRecord(
        "marquee.test", logging.INFO, "file.py", 1, message, values, None, extra=extra)
    return dict(json.loads(JsonLine().format(record)))


def test_a_line_has_its_time_level_logger_and_message() -> None:
    said = line("%s.%s", "order", "buy", request_id="r1", ms=1.5)
    assert said["message"] == "order.buy"
    assert said["level"] == "INFO"
    assert said["logger"] == "marquee.test"
    assert said["request_id"] == "r1"
    assert said["ms"] == 1.5
    assert str(said["time"]).endswith("+00:00")


@pytest.mark.parametrize("name", sorted(SECRET_FIELDS))
def test_a_secret_is_not_logged(name: str) -> None:
    assert "canary" not in json.dumps(line("signed in", **{name: "canary"}))


def test_a_line_break_in_a_message_makes_no_second_line() -> None:
    record = logging.LogRecord("marquee.test", logging.INFO, "file.py", 1, "a\n{\"level\": \"forged\"}", (), None)
    assert "\n" not in JsonLine().format(record)
