import datetime as dt
import json
from pathlib import Path

import pytest

from services.film.programme_import import sold_shares
from services.film.programme_reader import Programme, read
from services.foundation.marked_yaml import InvalidFile, Mistake
from tests.unit.film.samples import CLEANING, NOW, SMALL, changed, line_of, written

DEMO = Path(__file__).resolve().parents[3] / "programme" / "demo.yml"


def programme(folder: Path, text: str = SMALL) -> Programme:
    return read(written(folder, text), NOW, CLEANING)


def mistakes(folder: Path, text: str) -> list[Mistake]:
    with pytest.raises(InvalidFile) as refused:
        programme(folder, text)
    return refused.value.mistakes


def test_a_good_file_becomes_rows_and_screenings(tmp_path: Path) -> None:
    good = programme(tmp_path)

    assert [film["film_id"] for film in good.films] == ["arrival", "hero"]
    assert good.films[1]["original_title"] == "英雄"
    assert good.halls[0]["capacity"] == 8
    assert len(good.screenings(NOW)) == 6


@pytest.mark.parametrize(("old", "new", "words"), [
    ("year: 2016", "year: soon", "`year`: Not a whole number"),
    ("title: Arrival", "titel: Arrival", "`titel`: is not known here"),
    ("title: Arrival", "title: ''", "`title`"),
    ("cast: [Jet Li]", "cast: Jet Li", "`cast`: a list is expected"),
    ("timezone: Europe/Berlin", "timezone: Europe/Atlantis", "`timezone`: Not a time zone"),
    ("currency: EUR", "currency: euros", "`currency`"),
    ("currency: EUR", "currency: XYZ", "`currency`: Not a currency of ISO 4217"),
    ("currency: EUR", "currency: XAU", "`currency`: Not a currency of ISO 4217"),  # gold has no minor unit
    ("weekend: 100", "week-end: 100", "`week-end`: is not known here"),
    ("price: 1000", "price: -1", "`price`"),
    ("surcharges: {premium: 300}", "surcharges: {sofa: 300}", "`sofa`: is not known here"),
    ("          ssss\n", "          ssxs\n", "`x` is no seat"),
    ("pp_wc", "pp_.c", "beside a wheelchair place"),
    ("at: [17:00, 19:30]", "at: [17:00, 25:30]", "`at`: Not a time of day"),
    ("films: [arrival, hero]", "films: [arrival, heroine]", "there is no film `heroine`"),
    ("at: [17:00, 19:30]", "at: [17:00, 19:00]", "the screening at 19:00 would begin before the one at 17:00"),
    ("at: [17:00, 19:30]", "at: [17:00, 17:00]", "the screening at 17:00 would begin before"),
    ("screening: 2, share: 0.5", "screening: 2, share: 1.5", "`share`"),
    ("hall: kanal-1, day: 0", "hall: kanal-9, day: 0", "there is no hall `kanal-9`"),
    ("days: 3", "days: 0", "`days`"),
    ("rating: PG-13\ncinemas:", "rating: {a: b}\ncinemas:", "`rating`: Not a valid string"),
    ("    name: Kino am Kanal\n", "    name: Kino am Kanal\n    name: Odeon\n", "appears twice"),
    ("currency: EUR", "currency: *money", "*name"),
    ("  - id: arrival\n    title", "  - id: arrival\n   title", "this is not YAML"),
    ("title: Arrival", "title: \x07", "not text"),
    ("year: 2016", "age_rating: {XX: 12}\n    year: 2016", "`XX`: Not a country such as DE"),
    ("year: 2016", "age_rating: {DE: ''}\n    year: 2016", "`DE`: Length must be between 1 and 20"),
    ("year: 2016", "age_rating: 12\n    year: 2016", "`age_rating`: Not a valid mapping"),
    ("year: 2016", "language: Klingon\n    year: 2016", "`language`: Not a language such as fr or zh-Hans"),
    ("year: 2016", "subtitles: [en, qq]\n    year: 2016", "`subtitles`: Not a language such as fr or zh-Hans"),
    ("year: 2016", "trailer_url: javascript:alert(1)\n    year: 2016", "`trailer_url`: Not a link such as https://"),
    ("year: 2016", "trailer_url: ftp://cinema.example/trailer\n    year: 2016", "`trailer_url`: Not a link"),
    ("year: 2016", "trailer_url: //cinema.example/trailer\n    year: 2016", "`trailer_url`: Not a link"),
    ("city: Berlin", "map_url: on the corner\n    city: Berlin", "`map_url`: Not a link such as https://"),
    ("city: Berlin", "directions: ''\n    city: Berlin", "`directions`"),
])
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = changed((old, new))
    first, last = line_of(new.strip(), text), line_of(new.strip(), text) + new.strip().count("\n")

    told = [m for m in mistakes(tmp_path, text) if words in m.sentence]

    assert told
    assert first <= told[0].line <= last


def test_what_moviegoers_ask_may_be_said_or_left_out(tmp_path: Path) -> None:
    said = {"age_rating": {"DE": "12", "NO": "12"}, "language": "zh-Hans", "subtitles": ["en", "yue"],
            "format": "35 mm", "synopsis": "Ships come.", "trailer_url": "https://films.example/arrival?hd=1"}
    place = {"address": "Ufer 1", "map_url": "http://map.example/#ufer", "directions": "U8"}
    good = programme(tmp_path, changed(("    year: 2016\n", f"    year: 2016\n{in_yaml(said)}"),
                                       ("    city: Berlin\n", f"    city: Berlin\n{in_yaml(place)}")))

    assert said.items() <= good.films[0].items()
    assert place.items() <= good.cinemas[0].items()
    assert {good.films[1][name] for name in said} == {None}


def in_yaml(fields: dict[str, object]) -> str:
    return "".join(f"    {name}: {json.dumps(value)}\n" for name, value in fields.items())


@pytest.mark.parametrize(("change", "on", "told"), [
    (("matinee: -200", "matinee: -1000"), "day_parts: {", "a standard seat at 14:00 would cost 0"),
    (("matinee: -200", "matinee: -2500"), "day_parts: {", "a premium seat at 14:00 would cost -1200"),
    (("premium: 300", "premium: 300, companion: -1000"), "surcharges: {", "a companion seat at 19:30 would cost 0"),
    (("premium: 300", "premium: -900"), "surcharges: {", "a premium seat at 14:00 would cost -100"),
    (("price: 1000", "price: 10000000000"), "price: 1", "a premium seat at 19:30 would cost 10000000300"),
    (("price: 1000", "price: 10000000001"), "price: 1", "`price`: Must be greater than or equal to 0 and less than"),
])
def test_a_price_out_of_bounds_is_told_with_its_line(tmp_path: Path, change: tuple[str, str], on: str,
                                                     told: str) -> None:
    text = changed(("17:00, 19:30", "14:00, 19:30"), change)

    found = mistakes(tmp_path, text)

    assert {mistake.line for mistake in found} == {line_of(on, text)}
    assert told in "\n".join(mistake.sentence for mistake in found)


@pytest.mark.parametrize("change", [
    ("price: 1000", "price: 0"), ("premium: 300", "companion: free"), ("premium: 300", "premium: 300, standard: free")])
def test_a_seat_declared_free_costs_nothing(tmp_path: Path, change: tuple[str, str]) -> None:
    programme(tmp_path, changed(change))


def test_an_id_is_given_once(tmp_path: Path) -> None:
    text = SMALL.replace("id: hero", "id: arrival")

    told = Mistake(line_of("title: 英雄") - 1, "there is a film `arrival` already, on line 3")
    assert told in mistakes(tmp_path, text)


def test_a_cinema_is_named_once(tmp_path: Path) -> None:
    second = SMALL[SMALL.index("  - id: kanal\n"):SMALL.index("    halls:")] + "    halls: []\n"
    text = SMALL.replace("sold:", f"{second}sold:")

    again = line_of("sold:", text) - second.count("\n")
    first = line_of("- id: kanal")
    assert mistakes(tmp_path, text) == [Mistake(again, f"there is a cinema `kanal` already, on line {first}")]


def test_a_hall_drawn_twice_is_no_clash(tmp_path: Path) -> None:
    hall = SMALL[SMALL.index("      - id: kanal-1"):SMALL.index("sold:")]

    [mistake] = mistakes(tmp_path, SMALL.replace("sold:", f"{hall}sold:"))

    assert "a hall `kanal-1` already" in mistake.sentence


def test_a_missing_field_is_told_with_the_first_line_of_its_entry(tmp_path: Path) -> None:
    [mistake] = mistakes(tmp_path, changed(("    city: Berlin\n", "")))

    assert mistake == Mistake(line_of("- id: kanal\n"), "`city`: is missing")


def test_all_mistakes_are_told_at_once_in_their_order(tmp_path: Path) -> None:
    text = changed(("year: 2016", "year: soon"), ("city: Berlin", "town: Berlin"), ("ssss", "xsss"),
                   ("films: [arrival, hero]", "films: [arrival, nobody]"), ("share: 0.5", "share: half"))

    with pytest.raises(InvalidFile) as refused:
        programme(tmp_path, text)

    lines = [mistake.line for mistake in refused.value.mistakes]
    assert lines == sorted(lines)
    assert set(lines) == {line_of(words, text) for words in
                          ("year: soon", "- id: kanal\n", "town:", "xsss", "nobody", "share: half")}
    assert all(f"programme.yml:{line}: " in str(refused.value) for line in lines)


def test_a_mistake_elsewhere_hides_no_clash(tmp_path: Path) -> None:
    text = changed(("year: 2016", "year: soon"), ("17:00, 19:30", "17:00, 19:00"))

    assert [m.line for m in mistakes(tmp_path, text)] == [line_of("year: soon", text), line_of("at: [", text)]


LATE = "\n          - at: [23:30]\n            on: [sun]\n            films: [arrival]"
EARLY = "\n          - at: ['1:30']\n            on: [mon]\n            films: [hero]"
CLASHING = ("films: [arrival, hero]", f"films: [arrival, hero]{LATE}{EARLY}")


def test_a_clash_beyond_the_days_loaded_is_no_mistake(tmp_path: Path) -> None:
    assert len(programme(tmp_path, changed(CLASHING)).screenings(NOW)) == 6
    # On the night the clocks go forward a film of 90 minutes that starts at 00:30 ends at 03:00.
    night = changed(("17:00, 19:30", "'00:30', '03:00'"), ("running_minutes: 116", "running_minutes: 90"),
                    ("running_minutes: 99", "running_minutes: 90"))
    for now, fits in ((NOW, True), (dt.datetime(2027, 3, 27, 12, tzinfo=dt.UTC), False)):
        if fits:
            read(written(tmp_path, night), now, CLEANING)
        else:
            with pytest.raises(InvalidFile):
                read(written(tmp_path, night), now, CLEANING)


def test_a_clash_on_one_of_the_days_loaded_is_told(tmp_path: Path) -> None:
    text = changed(("days: 3", "days: 7"), CLASHING)

    [mistake] = mistakes(tmp_path, text)

    assert mistake.line == line_of("'1:30'", text)
    assert f"(line {line_of('23:30', text)})" in mistake.sentence


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list", "films: {}", "? [a, b]\n: c", "{}", "\ufeff"])
def test_a_file_of_another_kind_is_refused_in_words(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, text)[0].line == 1


def test_a_file_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.yml"
    path.write_bytes("days: 3\n# Größe\n".encode("latin-1"))

    with pytest.raises(InvalidFile) as refused:
        read(path, NOW, CLEANING)

    assert refused.value.mistakes == [Mistake(2, "this is not UTF-8 text")]


def test_a_title_that_looks_like_a_number_or_an_answer_stays_a_title(tmp_path: Path) -> None:
    good = programme(tmp_path, changed(("title: Arrival", "title: 1917"), ("title: 英雄", "title: No")))

    assert [film["title"] for film in good.films] == ["1917", "No"]


def test_partly_sold_screenings_are_the_same_all_day(tmp_path: Path) -> None:
    path = written(tmp_path)

    assert sold_shares(path, NOW) == [("kanal-1-20261125-1930", 0.5), ("kanal-1-20261126-1700", 1.0)]
    assert sold_shares(path, NOW.replace(hour=17)) == sold_shares(path, NOW)
    assert sold_shares(path, NOW.replace(hour=19)) == [("kanal-1-20261126-1700", 1.0)]


def test_the_demo_programme_has_the_halls_films_and_days_it_promises() -> None:
    demo = read(DEMO, NOW, CLEANING)

    capacities = sorted(hall["capacity"] for hall in demo.halls)
    assert len(capacities) == 8
    assert capacities[0] == 40
    assert capacities[-3:] == [180, 200, 320]
    assert len(demo.films) == 24
    assert {cinema["timezone"] for cinema in demo.cinemas} == {"Europe/Berlin", "Asia/Shanghai"}
    assert {film["film_id"] for film in demo.films} == {screening.film_id for screening in demo.screenings(NOW)}
    assert len({screening.local_date for screening in demo.screenings(NOW)}) == 10
    assert {kind for slot in demo.slots for kind in slot.hall.kinds} == {
        "standard", "premium", "couple", "wheelchair", "companion"}


def test_the_demo_programme_sells_seats_of_few_screenings() -> None:
    demo = read(DEMO, NOW, CLEANING)
    sold = dict(sold_shares(DEMO, NOW))

    assert 10 <= len(sold) <= 14
    assert sold.keys() <= {screening.screening_id for screening in demo.screenings(NOW, days=3)}
    for hall in demo.halls:
        assert 1 <= sum(screening_id.startswith(hall["hall_id"]) for screening_id in sold) <= 2
