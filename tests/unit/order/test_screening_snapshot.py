"""Snapshots of screenings: how long they are fresh, and when the film room is asked again."""

import datetime as dt
from typing import Any

import pytest
from nameko.exceptions import RemoteError

from schemas.base import Method
from schemas.errors import Refusal, RoomSilent, RoomUnavailable
from schemas.film import UnknownScreening
from services.order.screenings import screening_snapshot
from services.order.screenings.screening_snapshot import ScreeningSnapshots

REPLY = {"screening_id": "s1", "film_title": "Arrival", "cinema_id": "kanal", "cinema_name": "Kino am Kanal",
         "hall_name": "Saal 1", "starts_at": "2026-11-21T20:00:00+01:00", "ends_at": "2026-11-21T22:00:00+01:00",
         "currency": "EUR", "seats": [{"seat_id": "A1", "kind": "standard", "price": 1000}]}
AGES = dt.timedelta(days=2).total_seconds()


class FilmRoom:
    """Answers as it is told, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.trouble: Exception | None = None
        self.title = "Arrival"

    def call(self, method: Method, fields: dict[str, Any]) -> dict[str, Any]:
        self.asked += 1
        if self.trouble:
            raise self.trouble
        return {**REPLY, **fields, "film_title": self.title}


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    monkeypatch.setattr(screening_snapshot, "time", clock := Time())
    return clock


@pytest.fixture
def film() -> FilmRoom:
    return FilmRoom()


def title(snapshots: ScreeningSnapshots, film: FilmRoom, screening_id: str = "s1") -> str:
    return snapshots.get(screening_id, film).film_title  # type: ignore[arg-type]


@pytest.mark.parametrize("trouble", [RoomUnavailable(room="film"), RoomSilent(room="film"), RemoteError("Bug", "")])
def test_a_snapshot_is_used_however_long_the_film_room_is_away(clock: Time, film: FilmRoom, trouble: Exception) -> None:
    snapshots = ScreeningSnapshots()
    title(snapshots, film)
    clock.now += AGES
    film.trouble = trouble

    assert title(snapshots, film) == "Arrival"
    with pytest.raises(type(trouble)):
        title(snapshots, film, "never asked")


def test_a_film_room_that_hangs_is_asked_by_one_buyer_at_a_time(clock: Time, film: FilmRoom) -> None:
    snapshots = ScreeningSnapshots()
    title(snapshots, film)
    clock.now += AGES
    film.trouble = RoomSilent(room="film")

    assert {title(snapshots, film) for _ in range(40)} == {"Arrival"}
    assert film.asked == 2
    clock.now += 60
    title(snapshots, film)
    assert film.asked == 3


def test_an_announced_change_is_seen_at_once_and_any_other_after_a_while(clock: Time, film: FilmRoom) -> None:
    snapshots = ScreeningSnapshots()
    title(snapshots, film)
    film.title = "Premier Contact"
    assert title(snapshots, film) == "Arrival"
    snapshots.expire()
    assert title(snapshots, film) == "Premier Contact"

    film.title = "降临"
    clock.now += AGES
    assert title(snapshots, film) == "降临"


def test_a_change_announced_while_the_film_room_answers_is_not_missed(clock: Time, film: FilmRoom) -> None:
    snapshots = ScreeningSnapshots()
    call = film.call

    def announced_meanwhile(method: Method, fields: dict[str, Any]) -> dict[str, Any]:
        answer = call(method, fields)
        film.title = "降临"
        snapshots.expire()
        return answer

    film.call = announced_meanwhile  # type: ignore[method-assign]
    title(snapshots, film)
    assert title(snapshots, film) == "降临"


def test_a_screening_that_is_gone_is_forgotten(clock: Time, film: FilmRoom) -> None:
    snapshots, gone = ScreeningSnapshots(), UnknownScreening(screening_id="s1")
    title(snapshots, film)
    clock.now += AGES
    film.trouble = gone
    for _ in range(2):
        with pytest.raises(Refusal) as refusal:
            title(snapshots, film)
        assert refusal.value is gone


def test_the_least_recently_used_snapshot_makes_room(
    clock: Time, film: FilmRoom, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(screening_snapshot, "MOST_SNAPSHOTS", 2)
    snapshots = ScreeningSnapshots()
    for screening_id in ("s1", "s2", "s1", "s3"):
        title(snapshots, film, screening_id)
    film.trouble = RoomUnavailable(room="film")

    assert title(snapshots, film, "s1") == title(snapshots, film, "s3") == "Arrival"
    with pytest.raises(RoomUnavailable):
        title(snapshots, film, "s2")
