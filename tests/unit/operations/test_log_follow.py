"""Following logs while they are written and rotated."""

import json
from pathlib import Path

import pytest

from operations.operator_error import OperatorError
from operations.processes.log_follow import LogFollower, Tail, chooser


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_a_tail_yields_only_whole_lines_that_were_added(tmp_path: Path) -> None:
    log = tmp_path / "film.log"
    append(log, "old\n")
    tail = Tail(log, from_end=True)
    append(log, "one\ntw")
    assert list(tail.lines()) == ["one"]
    append(log, "o\n")
    assert list(tail.lines()) == ["two"]


def test_a_rotation_loses_no_line(tmp_path: Path) -> None:
    log = tmp_path / "film.log"
    append(log, "")
    tail = Tail(log, from_end=True)
    append(log, "last of the old\n")
    log.rename(tmp_path / "film.log.1")
    assert list(tail.lines()) == ["last of the old"]
    append(log, "first of the new\n")
    assert list(tail.lines()) == ["first of the new"]


def test_the_logs_of_several_rooms_are_merged_in_the_order_of_time(tmp_path: Path) -> None:
    logs = LogFollower(tmp_path, wanted=lambda program: program != "redis")
    for room, second in (("film", 3), ("order", 1), ("user", 2), ("redis", 0)):
        message = {"time": f"2026-11-21T10:00:0{second}+00:00", "level": "INFO", "message": room}
        append(tmp_path / f"{room}.log", json.dumps(message) + "\n")
    assert [text.split()[-1] for text in logs.lines()] == ["order", "user", "film"]


def test_a_line_without_a_time_stays_behind_the_line_before_it(tmp_path: Path) -> None:
    logs = LogFollower(tmp_path, wanted=lambda program: True)
    append(tmp_path / "film.log", '{"time": "2026-11-21T10:00:05+00:00", "message": "first"}\nsecond\n')
    append(tmp_path / "order.log", '{"time": "2026-11-21T10:00:01+00:00", "message": "zeroth"}\n')
    assert [text.split()[-1] for text in logs.lines()] == ["zeroth", "first", "second"]


def test_a_program_stands_for_all_its_processes_and_one_that_does_not_exist_is_named() -> None:
    known = {"film", "order-1", "order-2", "redis"}
    assert [log for log in sorted(known) if chooser(["order", "redis"], known)(log)] == ["order-1", "order-2", "redis"]
    assert [log for log in sorted(known) if chooser(["order-2"], known)(log)] == ["order-2"]
    assert all(chooser([], known)(log) for log in known)
    with pytest.raises(OperatorError, match="There is no program ordre. The programs: film, order-1, order-2, redis."):
        chooser(["film", "ordre"], known)
