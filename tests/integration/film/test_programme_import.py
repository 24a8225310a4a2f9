"""Loading programmes into MariaDB: existing screenings stay, new ones are added."""

import datetime as dt
from pathlib import Path

import pytest
from click.testing import CliRunner
from nameko import config
from sqlalchemy import Engine

from operations.programme_loading import load_command
from services.film.programme_import import Tally, load
from services.foundation.marked_yaml import InvalidFile
from tests.integration.film.tables import contents, screenings
from tests.unit.film.samples import NOW, SMALL, changed, line_of, written

DAY = dt.timedelta(days=1)
DEMO = Path(__file__).resolve().parents[3] / "programme" / "demo.yml"


def test_a_programme_loaded_twice_changes_nothing(tables: Engine) -> None:
    load(DEMO, tables, NOW)
    before = contents(tables)

    report = load(DEMO, tables, NOW + dt.timedelta(minutes=1))

    assert contents(tables) == before
    assert report.films == Tally(kept=24)
    assert report.screenings.added == 0


def test_the_demo_programme_plays_without_clashes_for_weeks(tables: Engine) -> None:
    for day in range(0, 30, 5):
        load(DEMO, tables, NOW + day * DAY)

    in_turn = sorted(screenings(tables).values(), key=lambda row: (row.hall_id, row.starts_at))
    for first, second in zip(in_turn, in_turn[1:], strict=False):
        cleaned = first.ends_at + dt.timedelta(minutes=15)
        assert first.hall_id != second.hall_id or cleaned <= second.starts_at


def test_a_later_load_adds_the_days_that_have_come_into_range(tables: Engine, tmp_path: Path) -> None:
    path = written(tmp_path)
    load(path, tables, NOW)
    before = screenings(tables)

    report = load(path, tables, NOW + DAY)

    after = screenings(tables)
    assert report.screenings == Tally(added=2, kept=4)
    assert {name: after[name] for name in before} == before
    assert {str(after[name].local_date) for name in after.keys() - before.keys()} == {"2026-11-28"}


def test_screenings_that_have_begun_are_not_added(tables: Engine, tmp_path: Path) -> None:
    load(written(tmp_path), tables, NOW.replace(hour=17))

    assert "kanal-1-20261125-1700" not in screenings(tables)
    assert "kanal-1-20261125-1930" in screenings(tables)


def test_prices_stay_on_screenings_that_are_on_sale(tables: Engine, tmp_path: Path) -> None:
    load(written(tmp_path), tables, NOW)
    load(written(tmp_path, changed(("price: 1000", "price: 1200"))), tables, NOW + DAY)

    found = screenings(tables)
    assert found["kanal-1-20261127-1930"].prices == {
        "companion": 1000, "premium": 1300, "standard": 1000, "wheelchair": 1000}
    assert found["kanal-1-20261128-1930"].prices["standard"] == 1300  # a Saturday
    assert found["kanal-1-20261128-1930"].price_from == 1300


def test_facts_of_a_film_are_updated(tables: Engine, tmp_path: Path) -> None:
    load(written(tmp_path), tables, NOW)

    report = load(written(tmp_path, changed(("Denis Villeneuve", "D. Villeneuve"))), tables, NOW)

    assert report.films == Tally(changed=1, kept=1)
    assert any("D. Villeneuve" in row for row in contents(tables)["film"])


def test_a_bad_file_writes_nothing(tables: Engine, tmp_path: Path) -> None:
    before = contents(tables)

    with pytest.raises(InvalidFile):
        load(written(tmp_path, changed(("year: 2016", "year: soon"))), tables, NOW)

    assert contents(tables) == before


def test_a_hall_with_screenings_is_not_redrawn(tables: Engine, tmp_path: Path) -> None:
    load(written(tmp_path), tables, NOW)
    before = contents(tables)

    with pytest.raises(InvalidFile) as refused:
        load(written(tmp_path, changed(("pp_wc", "ppppp"), ("Arrival", "Ankunft"))), tables, NOW + DAY)

    [mistake] = refused.value.mistakes
    assert mistake.line == line_of("- id: kanal-1\n")
    assert "has changed" in mistake.sentence
    assert contents(tables) == before


def test_a_new_time_that_clashes_with_one_on_sale_is_refused(tables: Engine, tmp_path: Path) -> None:
    load(written(tmp_path), tables, NOW)

    with pytest.raises(InvalidFile) as refused:
        load(written(tmp_path, changed(("17:00, 19:30", "17:00, 19:45"))), tables, NOW)

    assert {mistake.line for mistake in refused.value.mistakes} == {line_of("at: [")}
    assert "kanal-1-20261125-1930" in str(refused.value)


def test_the_load_command_lists_mistakes_by_line_and_fails(tmp_path: Path) -> None:
    path = written(tmp_path, changed(("year: 2016", "year: soon")))

    with config.patch({"DB_URIS": {"film:Base": "mysql+pymysql://127.0.0.1:1/never_asked"}}):
        result = CliRunner().invoke(load_command, [str(path)])

    assert result.exit_code == 1
    assert f"{path}:{line_of('year: 2016')}: `year`: Not a whole number." in result.output


def test_the_sample_is_a_good_programme(tables: Engine, tmp_path: Path) -> None:
    assert load(written(tmp_path, SMALL), tables, NOW).screenings == Tally(added=6)
