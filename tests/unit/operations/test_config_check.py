"""Mistakes in config.yml are told by their lines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from operations.processes.config_check import check_config
from services.foundation import settings
from services.foundation.marked_yaml import InvalidFile
from services.foundation.settings import CONFIG, ROOT, SettingsError

GOOD = (ROOT / "config.yml").read_text()


def told(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    """The mistakes in a file, each with the text of its line."""
    path = tmp_path / "config.yml"
    path.write_text(text)
    try:
        check_config(path, ROOT)
    except InvalidFile as problem:
        return [(text.splitlines()[mistake.line - 1].strip(), mistake.sentence) for mistake in problem.mistakes]
    return []


def test_the_file_of_this_tree_has_no_mistakes(tmp_path: Path) -> None:
    assert CONFIG == ROOT / "config.yml"
    assert told(tmp_path, GOOD) == []


@pytest.mark.parametrize(("before", "after", "sentence"), [
    ("seats_per_order: 8", "seats_per_order: eight", "order.seats_per_order: Not a whole number."),
    ("order: ${MARQUEE_ORDERS:1}", "order: -1", "instances.order: Must be greater than or equal to 0."),
    ("tries: 20", "tries: no", "events.tries: Not a whole number."),
    ("kombu: {level: WARNING}", "kombu: {level: LOUD}", "LOGGING.loggers.kombu.level: 'LOUD' is no level."),
    ("root: {level: INFO, handlers: [stdout]}", "root: {level: INFO, handlers: [stdoot]}",
     "LOGGING.root.handlers: 'stdoot' is no handler."),
    ("ratio: ${MARQUEE_TRACE_RATIO:1.0}", "ratio: 2", "tracing.ratio: Must be "),
    ("port_each: ${MARQUEE_METRICS_PORT_EACH:no}", "port_each: maybe", "metrics.port_each: Not a valid boolean."),
    ("tidy_seconds: 60", "tidy_seconds: 0", "wallet.tidy_seconds: Must be greater than 0."),
    ("body_limit: 65536", "body_limt: 65536", "gateway.body_limt: Unknown field."),
    ("HEARTBEAT: 20", "HEARTBEAT: [", "this is not YAML: "),
    ("film:\n", "user:\n", "`user` appears twice"),
    ("environment: ${MARQUEE_ENVIRONMENT:local}", "environment: ${MARQUEE_ENVIRONMENT:production}",
     "MARQUEE_ENVIRONMENT is not `local`, but a password still has its placeholder."),
])
def test_a_mistake_is_told_by_its_line(tmp_path: Path, before: str, after: str, sentence: str) -> None:
    assert GOOD.count(f"{before}") >= 1
    at = GOOD.index(before) if before != "film:\n" else GOOD.index("\nfilm:\n") + 1
    found = told(tmp_path, GOOD[:at] + after + GOOD[at + len(before):])
    assert [mistake for line, mistake in found if mistake.startswith(sentence)], found
    if "[" not in after:
        assert after.strip().partition(":")[0] in next(line for line, mistake in found if mistake.startswith(sentence))


@pytest.mark.parametrize(("text", "sentence"), [
    ("", "has no settings"), ("- one\n", "has no settings"), ("one\n", "has no settings"),
    (GOOD[:GOOD.index("\nuser:\n")], "something is missing or has another form: 'payment'"),
    (GOOD.partition("# ")[0] + "environment: local\n", "something is missing or has another form: 'AMQP_URI'"),
], ids=["empty", "list", "text", "half-written", "one line"])
def test_half_of_a_file_is_refused_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    assert any(sentence in mistake for _, mistake in told(tmp_path, text or "\n"))


@pytest.mark.parametrize(("make", "reason"), [
    (lambda path: None, "No such file or directory"), (Path.mkdir, "Is a directory"),
], ids=["missing", "a folder"])
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(
    tmp_path: Path, make: Callable[[Path], object], reason: str,
) -> None:
    make(path := tmp_path / "config.yml")
    with pytest.raises(InvalidFile, match=f"it can't be read: {reason}"):
        check_config(path, ROOT)
    with pytest.raises(SettingsError, match=f"can't be read: {reason}"):
        settings.load(path)
