"""Searches as buyers type them, on a real MariaDB."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import Engine

from schemas import film as contract
from schemas.errors import FieldsInvalid
from services.film import store
from services.film.programme_import import load
from services.film.records import ScreeningView
from tests.unit.film.samples import NOW, written

TITLES = {
    "amelie": ("Amélie", "Le Fabuleux Destin d'Amélie Poulain"),
    "tiger": ("臥虎藏龍", "卧虎藏龙"),
    "percent": ("100% Wolf", "100% Wolf"),
    "underscore": ("snake_case", "snake_case"),
    "slash": ("Face/Off", "Face\\Off"),
    "shark": ("Shark 🦈", "Shark 🦈"),
    "letters": ("Привет, Ёлки", "ΟΔΟΣ"),
}
FILM = """
  - {{id: {id}, title: "{title}", original_title: "{original}", year: 2000, running_minutes: 90, director: X,
     cast: [Y], genres: [Drama], rating: PG}}"""
CINEMA = """
  - id: {id}
    name: "{name}"
    city: "{city}"
    timezone: {zone}
    currency: EUR
    halls:
      - id: {id}-1
        name: Saal
        price: 1000
        plan: ssss
        screenings: [{{at: ["{at}"], films: [{films}]}}]"""


@pytest.fixture
def cinemas(tables: Engine, tmp_path: Path) -> Engine:
    """Three cinemas; each film plays once within a week in each."""
    films = "".join(FILM.format(id=name, title=title, original=original.replace("\\", "\\\\"))
                    for name, (title, original) in TITLES.items())
    places = [("kanal", "Kino am Kanal", "Berlin", "Europe/Berlin", "20:00"),
              ("waitan", "外滩影城", "上海 Shanghai", "Asia/Shanghai", "20:00"),
              ("muenster", "Schloßtheater 50%", "Münster", "Europe/Berlin", "00:30")]
    halls = "".join(CINEMA.format(id=name, name=title, city=city, zone=zone, at=at, films=", ".join(TITLES))
                    for name, title, city, zone, at in places)
    load(written(tmp_path, f"days: 7\nfilms:{films}\ncinemas:{halls}\n"), tables, NOW)
    return tables


def found(engine: Engine, now: dt.datetime = NOW, **wanted: str) -> list[ScreeningView]:
    request = contract.GET_INFO_LIST.load({"page_size": 100, **wanted})
    with engine.connect() as connection:
        return list(store.screenings_found(connection, now, request)["screenings"])


def films(engine: Engine, **wanted: str) -> set[str]:
    return {screening.film.film_id for screening in found(engine, **wanted)}


def cinemas_of(screenings: list[ScreeningView]) -> list[str]:
    return [screening.cinema.cinema_id for screening in screenings]


def places(engine: Engine, **wanted: str) -> set[str]:
    return set(cinemas_of(found(engine, **wanted)))


@pytest.mark.parametrize(("title", "film"), [
    ("Amélie", "amelie"), ("amélie", "amelie"), ("AMELIE", "amelie"), ("melie", "amelie"), ("fabuleux", "amelie"),
    ("Ame\u0301lie", "amelie"), ("  amelie ", "amelie"),
    ("臥虎", "tiger"), ("藏龙", "tiger"), ("虎", "tiger"),
    ("🦈", "shark"), ("shark", "shark"),
    ("привет", "letters"), ("οδος", "letters"),
])
def test_a_title_is_found_by_any_part_of_it_in_any_script_and_case(cinemas: Engine, title: str, film: str) -> None:
    assert films(cinemas, title=title) == {film}


@pytest.mark.parametrize(("title", "expected"), [
    ("%", {"percent"}), ("0%", {"percent"}), ("_", {"underscore"}), ("e_c", {"underscore"}), ("/", {"slash"}),
    ("\\", {"slash"}), ("A%lie", set()), ("Am_lie", set()), ("'", {"amelie"}), ('"', set()), ("🎬", set()),
    ("\\%", set()), ("/%", set()), ("虎_", set()),
])
def test_wildcards_and_quotes_match_literally(cinemas: Engine, title: str, expected: set[str]) -> None:
    assert films(cinemas, title=title) == expected


@pytest.mark.parametrize(("wanted", "expected"), [
    ({"cinema": "kanal"}, {"kanal"}), ({"cinema": "AM KAN"}, {"kanal"}), ({"cinema": "外滩"}, {"waitan"}),
    ({"cinema": "muenster"}, {"muenster"}), ({"cinema": "50%"}, {"muenster"}), ({"cinema": "theater"}, {"muenster"}),
    ({"cinema": "kana"}, {"kanal"}), ({"cinema": "waita"}, set()), ({"cinema": "🦈"}, set()),
    ({"city": "berlin"}, {"kanal"}), ({"city": "上海"}, {"waitan"}), ({"city": "SHANG"}, {"waitan"}),
    ({"city": "munster"}, {"muenster"}), ({"city": "%"}, set()),
    ({"city": "berlin", "cinema": "外滩"}, set()),
])
def test_cinemas_are_found_by_name_or_id_and_cities_by_name(
        cinemas: Engine, wanted: dict[str, str], expected: set[str]) -> None:
    assert places(cinemas, **wanted) == expected


def test_a_date_is_the_cinema_s_local_date(cinemas: Engine) -> None:
    thursday = found(cinemas, date="2026-11-26")

    assert {str(screening.local_date) for screening in thursday} == {"2026-11-26"}
    assert [(s.cinema.cinema_id, s.starts_at.isoformat()) for s in thursday] == [
        ("muenster", "2026-11-26T00:30:00+01:00"), ("waitan", "2026-11-26T20:00:00+08:00"),
        ("kanal", "2026-11-26T20:00:00+01:00")]


def test_screenings_that_have_begun_are_found_only_by_date_or_start(cinemas: Engine) -> None:
    thursday_noon = NOW + dt.timedelta(days=1, hours=4)  # 20:00 in Shanghai

    assert {s.starts_at > thursday_noon for s in found(cinemas, thursday_noon)} == {True}
    assert len(found(cinemas, thursday_noon, date="2026-11-26")) == 3
    assert len(found(cinemas, thursday_noon, starts_from="2026-11-26T00:00:00+01:00")) == 18
    assert cinemas_of(found(cinemas, thursday_noon, starts_from="2026-11-26T00:00:00+01:00",
                            starts_to="2026-11-26T13:00:00+01:00")) == ["muenster", "waitan"]
    assert cinemas_of(found(cinemas, thursday_noon, starts_to="2026-11-26T20:00:00+01:00")) == ["kanal"]


def test_screenings_come_by_their_start_and_page_by_page(cinemas: Engine) -> None:
    whole = found(cinemas)
    starts = [(s.starts_at, s.screening_id) for s in whole]
    assert starts == sorted(starts)

    pages = [found(cinemas, page=str(page), page_size="8") for page in (1, 2, 3, 4)]

    assert [len(page) for page in pages] == [8, 8, len(whole) - 16, 0]
    assert [s for page in pages for s in page] == whole


def test_a_search_without_matches_is_an_empty_list_with_its_count(cinemas: Engine) -> None:
    request = contract.GET_INFO_LIST.load({"title": "nothing of that name"})

    with cinemas.connect() as connection:
        reply = store.screenings_found(connection, NOW, request)

    assert contract.GET_INFO_LIST.dump(reply) == {"screenings": [], "page": 1, "page_size": 20, "total": 0}


def test_moments_at_the_ends_of_the_calendar_are_refused() -> None:
    for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        with pytest.raises(FieldsInvalid):
            contract.GET_INFO_LIST.load({"starts_from": moment})
