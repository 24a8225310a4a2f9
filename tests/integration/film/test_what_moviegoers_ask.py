"""What moviegoers ask of a film and a cinema is kept, shown by the methods, and found by a search."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from schemas import film as contract
from services.film.programme_import import load
from services.foundation.database import utc_now
from tests.integration.film.rooms import DEMO, film_room
from tests.unit.film.samples import changed, written

LANGUAGES = {"language": "en", "subtitles": ["de", "zh-Hans"], "format": "35 mm"}
DETAILS = {"synopsis": "Ships come.", "trailer_url": "https://films.example/arrival"}
THERE = {"address": "Ufer 1, Berlin", "map_url": "https://map.example/ufer", "directions": "U8 to the canal"}


def told(ratings: dict[str, str]) -> str:
    """The sample programme in which all of this is said."""
    def lines(fields: dict[str, Any]) -> str:
        return "".join(f"    {name}: {json.dumps(value)}\n" for name, value in fields.items())

    return changed(("    year: 2016\n", "    year: 2016\n" + lines({**LANGUAGES, **DETAILS, "age_rating": ratings})),
                   ("    city: Berlin\n", "    city: Berlin\n" + lines(THERE)))


def ids(found: dict[str, Any]) -> list[str]:
    return [film["film_id"] for film in found["films"]]


def test_it_is_kept_and_shown_where_it_is_wanted(tables: Engine, tmp_path: Path) -> None:
    load(written(tmp_path, told({"DE": "12", "US": "PG-13"})), tables, utc_now())
    room = film_room(tables)
    screening = room.get_info_list(search="arrival")["screenings"][0]
    of_one = {"screening_id": screening["screening_id"]}

    film, shown = room.get_info(film_id="arrival"), room.get_screening(**of_one)["screening"]

    assert {**LANGUAGES, **DETAILS, "age_rating": {"DE": "12", "US": "PG-13"}}.items() <= film["film"].items()
    assert THERE.items() <= film["cinemas"][0]["cinema"].items()
    assert LANGUAGES.items() <= screening["film"].items()
    assert (shown["age_rating"], shown["film"]["rating"]) == ("12", "PG-13")
    assert THERE.items() <= shown["cinema"].items()
    assert room.get_hall_info(**of_one)["screening"] == shown
    terms = room.get_screening_terms(**of_one)
    assert (terms["age_rating"], terms["cinema_address"]) == ("12", THERE["address"])
    [listed] = [each for each in room.get_all_list()["films"] if each["film_id"] == "arrival"]
    assert LANGUAGES.items() <= listed.items()
    assert not DETAILS.keys() & listed.keys()    # lists stay light


def test_it_may_be_left_out_and_taken_back(tables: Engine, tmp_path: Path) -> None:
    load(written(tmp_path, told({"US": "PG-13"})), tables, utc_now())
    assert film_room(tables).get_info_list(search="arrival")["screenings"]
    load(written(tmp_path), tables, utc_now())
    room = film_room(tables)

    film = room.get_info(film_id="arrival")

    assert contract.FilmReply().load(film)
    assert {film["film"][name] for name in (*DETAILS, "age_rating", "language", "format")} == {None}
    assert film["film"]["subtitles"] is None
    assert {film["cinemas"][0]["cinema"][name] for name in THERE} == {None}
    screening_id = film["cinemas"][0]["screenings"][0]["screening_id"]
    assert room.get_screening(screening_id=screening_id)["screening"]["age_rating"] is None


def test_a_search_finds_films_and_their_screenings_the_best_match_first(tables: Engine) -> None:
    load(DEMO, tables, utc_now())
    room = film_room(tables)

    assert ids(room.get_all_list(search="zhang")) == ["hero", "crouching-tiger-hidden-dragon", "farewell-my-concubine"]
    second = room.get_all_list(search="zhang", page=2, page_size=2)
    assert (ids(second), second["total"]) == (["farewell-my-concubine"], 3)
    assert ids(room.get_all_list(search="casabalnca")) == ["casablanca"]
    assert room.get_all_list(search="no such film") == {"films": [], "page": 1, "page_size": 20, "total": 0}
    found = room.get_info_list(search="wong kar-wai", city="Berlin", page_size=100)
    assert {screening["film"]["film_id"] for screening in found["screenings"]} == {"in-the-mood-for-love"}
    assert {screening["cinema"]["city"] for screening in found["screenings"]} == {"Berlin"}
    assert room.get_info_list(search="no such film")["total"] == 0


def test_a_search_knows_films_that_have_come_or_changed(tables: Engine, tmp_path: Path) -> None:
    room = film_room(tables)
    assert ids(room.get_all_list(search="villeneuve")) == []

    load(written(tmp_path), tables, utc_now())
    assert ids(room.get_all_list(search="villeneuve")) == ["arrival"]

    load(written(tmp_path, changed(("director: Denis Villeneuve", "director: Agnès Varda"))), tables, utc_now())
    assert ids(room.get_all_list(search="villeneuve")) == []
    assert ids(room.get_all_list(search="agnes varda")) == ["arrival"]
