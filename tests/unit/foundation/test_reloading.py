"""What a process takes over of a changed config.yml, and that a file with mistakes changes nothing."""

from collections.abc import Iterator
from typing import Any

import eventlet
import nameko
import pytest
from marshmallow import Schema, fields

from services.foundation import reloading, settings
from services.foundation.reloading import Reloader, differences, merged
from services.foundation.settings import RoomSettings, SettingsError
from services.foundation.timers import RoomTimer

BEFORE: dict[str, Any] = {"language": "en", "order": {"hold": 8, "seats": 4, "sweep_seconds": 5}, "film": {"pause": 15},
                          "LOGGING": {"version": 1, "root": {"level": "INFO"}}}


class OrderSection(Schema):
    hold = fields.Integer(required=True)
    seats = fields.Integer(required=True)
    sweep_seconds = fields.Float(required=True)


class Room:
    """As much of a container as a reload needs: an order room with settings and a timer."""

    service_name = "order"

    def __init__(self) -> None:
        self.published = 0
        self.settings = RoomSettings(OrderSection, at_start=("seats",)).bind(self, "settings")
        self.timer = RoomTimer("sweep_seconds").bind(self, "sweep")
        self.shared_extensions: dict[Any, Any] = {}
        for each in (self.settings, self.timer):
            each.setup()

    @property
    def extensions(self) -> list[Any]:
        return [self.settings, self.timer, self]

    def publish_presence(self) -> None:
        self.published += 1


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the file says from now on."""
    after: dict[str, Any] = {name: section if isinstance(section, str) else dict(section)
                             for name, section in BEFORE.items()}
    monkeypatch.setattr(settings, "read", lambda path: after)
    monkeypatch.setattr(settings, "check", lambda found: None)
    return after


@pytest.fixture
def room() -> Iterator[Room]:
    with nameko.config.patch(BEFORE, clear=True):
        yield Room()


def test_settings_are_named_with_their_sections() -> None:
    after = {**BEFORE, "language": "zh", "order": {"hold": 9, "seats": 4, "new": 1}}
    assert differences(BEFORE, after) == ["language", "order.hold", "order.new", "order.sweep_seconds"]
    assert differences(BEFORE, {**BEFORE, "LOGGING": {}}) == ["LOGGING"]


def test_a_section_takes_the_named_settings_only() -> None:
    before, after = {"a": 1, "b": 2, "c": 3}, {"a": 10, "b": 20, "d": 4}
    assert merged(before, after, "room", ["room.a", "room.c", "room.d"]) == {"a": 10, "b": 2, "d": 4}


def test_a_room_takes_over_its_own_section_except_for_what_it_reads_at_its_start(
    room: Room, file: dict[str, Any],
) -> None:
    file.update(language="zh", film={"pause": 20}, order={"hold": 3, "seats": 9, "sweep_seconds": 1})
    reloader = Reloader(room)
    reloader.reload()
    assert reloader.state.changed == ["film.pause", "language", "order.hold", "order.seats", "order.sweep_seconds"]
    assert reloader.state.taken == ["order.hold", "order.sweep_seconds"]
    assert room.settings.get_dependency(None) == {"hold": 3, "seats": 4, "sweep_seconds": 1.0}
    assert room.timer.interval == 1.0
    assert nameko.config["language"] == "en", "a process never has half of what it reads at its start"
    assert room.published == 1


class Screen:
    """Takes over a setting and is no extension."""

    pause = 0

    def settings_read_again(self, path: str) -> bool:
        return path == "film.pause"

    def reload(self) -> None:
        self.pause = nameko.config["film"]["pause"]


def test_a_part_beside_the_extensions_takes_over_its_setting(room: Room, file: dict[str, Any]) -> None:
    file.update(film={"pause": 20})
    screen = Screen()
    reloader = Reloader(room, screen)
    reloader.reload()
    assert (reloader.state.taken, screen.pause) == (["film.pause"], 20)


@pytest.mark.parametrize("mistake", [{"hold": "soon"}, {"sweep_seconds": 0}, {"sweep_seconds": "often"}], ids=str)
def test_a_section_with_a_mistake_changes_nothing(room: Room, file: dict[str, Any], mistake: dict[str, Any]) -> None:
    file["order"] = {"hold": 3, "seats": 4, "sweep_seconds": 1, **mistake}
    reloader = Reloader(room)
    reloader.reload()
    assert f"config.yml, order.{next(iter(mistake))}: " in str(reloader.state.problem)
    assert room.settings.get_dependency(None)["hold"] == 8
    assert room.timer.interval == 5.0
    assert dict(nameko.config) == BEFORE
    assert room.published == 1


def test_a_file_that_the_house_refuses_changes_nothing(
    room: Room, file: dict[str, Any], monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(found: Any) -> None:
        raise SettingsError("Placeholder passwords are for loopback addresses only.")

    monkeypatch.setattr(settings, "check", refuse)
    file["order"]["hold"] = 3
    reloader = Reloader(room)
    reloader.reload()
    assert "Placeholder" in str(reloader.state.problem)
    assert room.settings.get_dependency(None)["hold"] == 8


def test_log_levels_are_taken_over(room: Room, file: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Any] = []
    monkeypatch.setattr(reloading.logging.config, "dictConfig", taken.append)
    file["LOGGING"] = {"version": 1, "root": {"level": "DEBUG"}}
    Reloader(room).reload()
    assert taken == [file["LOGGING"]]


def test_a_corrected_file_is_taken_over(room: Room, file: dict[str, Any]) -> None:
    reloader = Reloader(room)
    file["order"]["hold"] = "soon"
    reloader.reload()
    file["order"]["hold"] = 3
    reloader.reload()
    assert (reloader.state.problem, reloader.state.taken) == (None, ["order.hold"])


def test_a_logging_section_that_fails_leaves_the_process_its_log(
    room: Room, file: dict[str, Any], monkeypatch: pytest.MonkeyPatch,
) -> None:
    applied: list[Any] = []

    def apply(section: dict[str, Any]) -> None:
        applied.append(section)
        if section["root"]["level"] == "LOUD":
            raise ValueError("Unable to configure root logger")   # its handlers are gone by then

    monkeypatch.setattr(reloading.logging.config, "dictConfig", apply)
    file["LOGGING"] = {"version": 1, "root": {"level": "LOUD"}}
    reloader = Reloader(room)
    reloader.reload()
    assert "Unable to configure" in str(reloader.state.problem)
    assert applied == [file["LOGGING"], BEFORE["LOGGING"]]


def test_a_storm_of_signals_is_one_reload_and_one_more(
    room: Room, file: dict[str, Any], monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reloading, "PAUSE_SECONDS", 0)
    reloader = Reloader(room)
    file["order"]["hold"] = 3
    reloader.ask()
    eventlet.sleep()
    assert room.settings.get_dependency(None)["hold"] == 3
    file["order"]["hold"] = 4
    for _ in range(100):
        reloader.ask()
    for _ in range(200):    # turns for all that wait
        eventlet.sleep()
    assert room.settings.get_dependency(None)["hold"] == 4, "the last state of the file is taken over"
    assert room.published == 2
