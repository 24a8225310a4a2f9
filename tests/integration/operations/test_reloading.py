"""`operations reload`: processes take over a changed config.yml while they run, or say what needs a restart."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from testbed.mesh import Mesh

CHANGES = (
    ("hold_minutes: ${MARQUEE_HOLD_MINUTES:8}", "hold_minutes: 3"),
    ("cors_origins: []", "cors_origins: ['https://other.example']"),
    ("kombu: {level: WARNING}", "kombu: {level: ERROR}"),
    ("  tries: 20\n", "  tries: 21\n"),
)


@pytest.fixture(scope="module")
def config(mesh: Mesh) -> Iterator[Path]:
    """The mesh's config.yml, which is read again afterwards as it was."""
    yield Path(mesh.environment["MARQUEE_CONFIG"])
    mesh.operate("reload")


@contextmanager
def changed(config: Path, *changes: tuple[str, str]) -> Iterator[None]:
    """The file has other settings within."""
    before = text = config.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    config.write_text(text)
    try:
        yield
    finally:
        config.write_text(before)


def hold(mesh: Mesh) -> dt.timedelta:
    """How long a new order keeps its seats."""
    screening = mesh.fresh_screening(180)
    began = dt.datetime.now(dt.UTC)
    bought = mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=list(mesh.seats(screening))[:1])
    assert bought.status_code == 200, bought.text
    return dt.datetime.fromisoformat(bought.json()["expires_at"]) - began


def allowed_origin(mesh: Mesh) -> str | None:
    headers = {"Origin": "https://other.example"}
    return requests.get(mesh.url + "/health", headers=headers, timeout=10).headers.get("Access-Control-Allow-Origin")


def test_a_file_with_mistakes_changes_nothing_and_each_is_told_by_its_line(mesh: Mesh, config: Path) -> None:
    lines = config.read_text().splitlines()
    with changed(config, CHANGES[1], ("hold_minutes: ${MARQUEE_HOLD_MINUTES:8}", "hold_minutes: soon"),
                 ("kombu: {level: WARNING}", "kombu: {level: LOUD}")):
        done = mesh.operate("reload", check=False)
    assert done.returncode == 1
    at = {name: next(number for number, line in enumerate(lines, 1) if f" {name}:" in line)
          for name in ("hold_minutes", "kombu")}
    assert done.stderr.splitlines() == [
        f"{config}:{at['hold_minutes']}: order.hold_minutes: Not a valid number.",
        f"{config}:{at['kombu']}: LOGGING.loggers.kombu.level: 'LOUD' is no level.", "Nothing was changed."]
    assert allowed_origin(mesh) is None


@pytest.mark.full_size("integration/operations/test_reloading.py")
def test_a_changed_file_is_in_force_at_once_except_for_what_needs_a_restart(mesh: Mesh, config: Path) -> None:
    assert hold(mesh) > dt.timedelta(minutes=7)
    with changed(config, *CHANGES):
        done = mesh.operate("reload")
    assert done.stdout.splitlines() == ["LOGGING is in force.", "gateway.cors_origins is in force.",
                                        "order.hold_minutes is in force.", "events.tries needs a restart."]
    assert hold(mesh) < dt.timedelta(minutes=4)
    assert allowed_origin(mesh) == "https://other.example"
