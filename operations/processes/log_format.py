"""Turns a line of a program's log into a line that a person can read."""

import datetime as dt
import json
import re
from typing import Any

import click

# A line of supervisord's own log, such as: 2026-11-21 09:38:52,201 WARN exited: redis (terminated by SIGKILL)
SUPERVISOR_LINE = re.compile(r"(?P<day>\S+) (?P<clock>[\d:]+),(?P<ms>\d{3}) (?P<level>[A-Z]+) (?P<message>.*)")
COLOURS = {"WARNING": "yellow", "WARN": "yellow", "ERROR": "red", "CRITICAL": "red", "CRIT": "red"}
NO_TIME = " " * len("HH:MM:SS.mmm")


def format_line(line: str, program: str) -> str:
    """`HH:MM:SS.mmm LEVEL room  message key=value` from a line of JSON; other lines get the program's name in front."""
    fields = parse_line(line)
    if fields is None:
        return f"{NO_TIME} {'':<8} {program:<10} {line}"
    clock, level = local_clock(fields.pop("time", None)), str(fields.pop("level", ""))
    fields.pop("logger", None)
    message = " ".join(str(part) for name in ("event", "message") if (part := fields.pop(name, None)))
    room = fields.pop("room", program)
    traces = [str(trace) for name in ("exc_info", "stack_info") if (trace := fields.pop(name, None))]
    details = " ".join(f"{name}={format_value(value)}" for name, value in fields.items() if value is not None)
    first = f"{clock} {level:<8} {room:<10} {message}  {details}".rstrip()
    text = "\n".join([first, *traces]).replace("\n", f"\n{NO_TIME} ")
    return click.style(text, fg=COLOURS[level]) if level in COLOURS else text


def clock_of(formatted: str) -> str | None:
    """The time at the beginning of a formatted line, or None."""
    clock = click.unstyle(formatted)[:len(NO_TIME)]
    return None if clock == NO_TIME else clock


def parse_line(line: str) -> dict[str, Any] | None:
    """The fields of a line that a room or supervisord wrote; None for any other line."""
    if match := SUPERVISOR_LINE.fullmatch(line):
        return {"time": f"{match['day']}T{match['clock']}.{match['ms']}", "level": match["level"],
                "message": match["message"]}
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def local_clock(moment: object) -> str:
    try:
        return dt.datetime.fromisoformat(str(moment)).astimezone().strftime("%H:%M:%S.%f")[:-3]
    except ValueError:
        return NO_TIME


def format_value(value: object) -> str:
    """Text that can't be misread as it is, anything else as JSON."""
    if isinstance(value, str) and value and not re.search(r'[\s"=]', value):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
