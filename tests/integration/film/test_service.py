"""The film room's methods on a real MariaDB, with fake seat boards."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import Engine

from schemas import film as contract
from services.film.programme_import import load
from services.foundation.database import utc_now
from tests.integration.film.rooms import DEMO, film_room
from tests.unit.film.fakes import FakeBoard
from tests.unit.film.samples import changed, written


@pytest.fixture
def demo(tables: Engine) -> Engine:
    load(DEMO, tables, utc_now())
    return tables


def one_screening(engine: Engine, hall_id: str) -> str:
    """One in that hall, of the next hundred."""
    found = film_room(engine).get_info_list(page_size=100)["screenings"]
    return next(screening["screening_id"] for screening in found if screening["hall"]["hall_id"] == hall_id)


def test_the_films_now_showing_come_by_title_and_page(demo: Engine) -> None:
    room = film_room(demo)

    first, second = room.get_all_list(page_size=20), room.get_all_list(page=2, page_size=20)

    assert (first["total"], len(first["films"]), len(second["films"])) == (24, 20, 4)
    assert contract.FilmsReply().load(first)
    titles = [film["title"] for film in first["films"] + second["films"]]
    assert titles[:3] == ["Amélie", "Arrival", "Blade Runner"]
    assert {"英雄", "无间道"} <= set(titles)


def test_a_film_without_a_screening_ahead_is_not_showing(tables: Engine, tmp_path: Path) -> None:
    load(written(tmp_path), tables, utc_now() - dt.timedelta(days=30))

    assert film_room(tables).get_all_list()["films"] == []
    assert film_room(tables).get_info(film_id="hero")["cinemas"] == []


def test_screenings_say_how_many_seats_are_left(demo: Engine) -> None:
    reply = film_room(demo).get_info_list(cinema="外滩", page_size=5)

    assert contract.ScreeningsReply().load(reply)
    assert [s["seats_left"] for s in reply["screenings"]] == [s["hall"]["capacity"] - 1 for s in reply["screenings"]]
    assert all(s["starts_at"].endswith("+08:00") for s in reply["screenings"])


def test_lists_answer_without_redis_and_a_seat_map_says_try_again(demo: Engine) -> None:
    room = film_room(demo, FakeBoard(down=True))

    found = room.get_info_list(page_size=1)["screenings"][0]

    assert found["seats_left"] is None
    with pytest.raises(contract.SeatsUnknown):
        room.get_hall_info(screening_id=found["screening_id"])


def test_a_film_comes_with_its_screenings_cinema_by_cinema(demo: Engine) -> None:
    reply = film_room(demo).get_info(film_id="in-the-mood-for-love")

    assert contract.FilmReply().load(reply)
    assert reply["film"]["original_title"] == "花樣年華"
    assert [part["cinema"]["city"] for part in reply["cinemas"]] == ["Berlin", "Hamburg", "上海 Shanghai"]
    for part in reply["cinemas"]:
        starts = [screening["starts_at"] for screening in part["screenings"]]
        assert starts == sorted(starts)


@pytest.mark.parametrize("hall_id", ["kanal-3", "elbe-1", "kanal-1", "waitan-1"])
def test_a_hall_shows_each_seat_with_place_kind_price_and_state(demo: Engine, hall_id: str) -> None:
    screening_id = one_screening(demo, hall_id)

    reply = film_room(demo).get_hall_info(screening_id=screening_id)

    seats = contract.HallReply().load(reply)["chart"]["seats"]
    assert len(seats) == len(reply["seats"]) == reply["hall"]["capacity"]
    assert reply["screening"]["seats_left"] == reply["hall"]["capacity"] - 1
    assert reply["screening"]["price_from"] == min(seat["price"] for seat in seats)
    assert [s["seat_id"] for s in reply["seats"] if s["state"] == "sold"] == ["A3"]


def test_screening_terms_have_the_prices_that_the_map_shows(demo: Engine) -> None:
    screening_id = one_screening(demo, "elbe-1")
    room = film_room(demo)

    terms, shown = room.get_screening_terms(screening_id=screening_id), room.get_hall_info(screening_id=screening_id)

    assert contract.ScreeningTermsReply().load(terms)
    assert {s["seat_id"]: (s["kind"], s["price"]) for s in terms["seats"]} == {
        s["seat_id"]: (s["kind"], s["price"]) for s in shown["chart"]["seats"]}
    assert {name: terms[name] for name in ("starts_at", "ends_at", "currency")} == {
        name: shown["screening"][name] for name in ("starts_at", "ends_at", "currency")}
    assert (terms["cinema_name"], terms["hall_name"]) == ("Lichtspiele Elbufer", "Großer Saal")


def test_an_unknown_film_or_screening_is_refused_by_name(demo: Engine) -> None:
    room = film_room(demo)

    with pytest.raises(contract.UnknownFilm):
        room.get_info(film_id="no-such-film")
    for method in (room.get_hall_info, room.get_screening_terms):
        with pytest.raises(contract.UnknownScreening):
            method(screening_id="no-such-screening")


def test_a_screening_that_has_begun_says_that_its_seats_are_no_longer_sold(demo: Engine,
                                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    screening_id, room = one_screening(demo, "elbe-1"), film_room(demo)
    starts_at = dt.datetime.fromisoformat(room.get_screening_terms(screening_id=screening_id)["starts_at"])

    def sales_open(now: dt.datetime) -> bool:
        monkeypatch.setattr("services.film.service.utc_now", lambda: now.astimezone(dt.UTC))
        return bool(room.get_hall_info(screening_id=screening_id)["sales_open"])

    assert sales_open(starts_at - dt.timedelta(seconds=1))
    assert not sales_open(starts_at)


def test_a_screening_that_is_over_shows_no_seats(tables: Engine, tmp_path: Path) -> None:
    yesterday = utc_now() - dt.timedelta(days=1)
    load(written(tmp_path, changed(("days: 3", "days: 1"))), tables, yesterday.replace(hour=8))
    room = film_room(tables)
    over = room.get_info_list(starts_from=(yesterday - dt.timedelta(days=1)).isoformat())["screenings"]

    assert over
    assert {screening["seats_left"] for screening in over} == {None}
    with pytest.raises(contract.ScreeningOver):
        room.get_hall_info(screening_id=over[0]["screening_id"])


def test_seats_are_suggested_from_those_still_free(demo: Engine) -> None:
    screening_id = one_screening(demo, "kanal-1")
    room = film_room(demo, FakeBoard({screening_id: {"H9": "sold"}}))

    reply = room.suggest_seats(screening_id=screening_id, count=3)

    assert contract.SuggestReply().load(reply)
    hall = room.get_hall_info(screening_id=screening_id)
    states = {seat["seat_id"]: seat["state"] for seat in hall["seats"]}
    assert [states[seat] for seat in reply["seats"]] == ["free"] * 3
    assert {"adjacent", "centre", "two_thirds_back", "no_single_left"} <= set(reply["reasons"])
    assert reply["version"] == hall["version"]
    with pytest.raises(contract.UnknownScreening):
        room.suggest_seats(screening_id="none", count=3)


def test_a_request_for_too_many_seats_is_told_how_many_are_free(demo: Engine) -> None:
    screening_id = one_screening(demo, "kanal-1")
    room = film_room(demo)
    seats = [seat["seat_id"] for seat in room.get_hall_info(screening_id=screening_id)["seats"]]
    room = film_room(demo, FakeBoard({screening_id: dict.fromkeys(seats[3:], "sold")}))

    with pytest.raises(contract.NotEnoughSeats) as refusal:
        room.suggest_seats(screening_id=screening_id, count=4)
    assert refusal.value.about == {"free": 3}
