"""A log on a full disk loses lines, counts them, and ends nothing."""

import io
import sys
from pathlib import Path

import pytest
from supervisor import loggers

from operations.supervision.daemon import LossyStream
from operations.supervision.log_file import LogFile

FULL = Path("/dev/full")    # each write says that the disk is full


def logger_to(path: Path, most: int = 0) -> loggers.Logger:
    logger, handler = loggers.getLogger(), LogFile(str(path), "a", most, 2)
    handler.setFormat("%(message)s")
    logger.addHandler(handler)
    return logger


def test_lines_that_cannot_be_written_are_counted_and_told_of_later(tmp_path: Path) -> None:
    path, before = tmp_path / "order.log", LogFile.all_dropped
    logger = logger_to(path)
    logger.info(b"first\n")
    logger.handlers[0].close()
    path.rename(tmp_path / "kept")
    path.symlink_to(FULL)
    logger.info(b"second\nthird\n")
    logger.info(b"fourth, and half of the fif")
    assert LogFile.all_dropped - before == 3
    logger.handlers[0].close()
    path.unlink()
    (tmp_path / "kept").rename(path)
    logger.info(b"sixth\n")
    logger.info(b"seventh\n")
    first, gap, *rest = [line for line in path.read_text().splitlines() if line]
    assert (first, rest) == ("first", ["sixth", "seventh"])
    assert '"lines": 3' in gap


def test_of_a_line_that_only_half_fits_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a disk with a few bytes left."""
    path = tmp_path / "order.log"
    logger = logger_to(path)
    logger.info(b"whole\n")

    class AlmostFull(io.FileIO):
        def write(self, line: bytes) -> int:  # type: ignore[override]
            return super().write(line[:3])

    logger.handlers[0].stream = AlmostFull(path, "a")
    logger.info(b"half\n")
    assert path.read_text() == "whole\n"


def test_a_log_is_rotated_and_the_oldest_part_goes(tmp_path: Path) -> None:
    logger = logger_to(tmp_path / "order.log", most=10)
    for number in range(4):
        logger.info(f"line number {number}\n".encode())
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "order.log.1": "line number 3\n", "order.log.2": "line number 2\n"}


def test_a_rotation_that_fails_leaves_the_log_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "order.log.1").touch()
    (tmp_path / "order.log.2").mkdir()    # in the way
    logger = logger_to(tmp_path / "order.log", most=10)
    for _ in range(2):
        logger.info(b"a line of some length\n")
    assert (tmp_path / "order.log").read_text() == "a line of some length\n" * 2


def test_supervisords_own_lines_are_formatted(tmp_path: Path) -> None:
    logger = logger_to(tmp_path / "supervisord.log")
    logger.handlers[0].setFormat("%(levelname)s %(message)s\n")
    logger.warn("exited: %(name)s", name="order")
    assert (tmp_path / "supervisord.log").read_text() == "WARN exited: order\n"


def test_what_is_printed_to_a_full_disk_is_lost_without_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with FULL.open("wb", buffering=0) as full:
        monkeypatch.setattr(sys, "stderr", LossyStream(full.fileno()))
        sys.stderr.write("a line\n")
        sys.stderr.flush()
