"""Programme files that conflict with screenings on sale or sold are refused with lines, and nothing is loaded."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from nameko import config
from sqlalchemy import Engine, select, update

from operations import programme_loading
from services.film import models
from services.film.programme_import import load
from services.foundation import migrate
from services.foundation.database import make_engine
from services.foundation.marked_yaml import InvalidFile, Mistake
from services.kitchen import menu_import, stock
from testbed.mesh import Mesh
from tests.integration.film.tables import contents, screenings
from tests.unit.film.samples import NOW, line_of, written

ONE = """\
days: 2
films:
  - {id: tst-f, title: T, year: 2020, running_minutes: 40, director: T, cast: [T], genres: [D], rating: PG}
  - {id: tst-g, title: G, year: 2020, running_minutes: 60, director: T, cast: [T], genres: [D], rating: PG}
cinemas:
  - id: tst-c
    name: C
    city: X
    timezone: Europe/Berlin
    currency: EUR
    halls:
      - id: tst-h
        name: H
        price: 1000
        plan: "ssDD\\nwcss\\n"
        screenings: [{at: ["20:00"], films: [tst-f]}]
"""
TODAY = "tst-h-20261125-2000"


def changed(*changes: tuple[str, str]) -> str:
    text = ONE
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def refused(engine: Engine, folder: Path, text: str, now: dt.datetime = NOW) -> list[Mistake]:
    """The mistakes for which the file is refused; nothing of it is loaded."""
    before = contents(engine)
    with pytest.raises(InvalidFile) as refusal:
        load(written(folder, text), engine, now)
    assert contents(engine) == before
    return refusal.value.mistakes


def cancel(engine: Engine, *screening_ids: str) -> None:
    with engine.begin() as tx:
        tx.execute(update(models.Screening).where(models.Screening.screening_id.in_(screening_ids))
                   .values(cancelled_at=NOW))


def on_sale(engine: Engine) -> dict[str, tuple[str, str]]:
    """Screening -> its film and local start, without those cancelled."""
    return {name: (row.film_id, f"{row.starts_at + dt.timedelta(hours=1):%d. %H:%M}")
            for name, row in screenings(engine).items() if row.cancelled_at is None}


# --- cancelled screenings ---


@pytest.mark.parametrize(("change", "film", "start", "name"), [
    ((), "tst-f", "25. 20:00", f"{TODAY}-2"),
    ((("films: [tst-f]", "films: [tst-g]"),), "tst-g", "25. 20:00", f"{TODAY}-2"),
    ((("20:00", "20:15"),), "tst-f", "25. 20:15", "tst-h-20261125-2015"),
])
def test_a_cancelled_screening_blocks_no_hall_and_no_time(
        tables: Engine, tmp_path: Path, change: tuple[tuple[str, str], ...], film: str, start: str, name: str) -> None:
    load(written(tmp_path, changed(("days: 2", "days: 1"))), tables, NOW)
    cancel(tables, TODAY)

    load(written(tmp_path, changed(("days: 2", "days: 1"), *change)), tables, NOW)
    report = load(written(tmp_path, changed(("days: 2", "days: 1"), *change)), tables, NOW)

    assert report.screenings.added == 0
    assert on_sale(tables) == {name: (film, start)}
    assert screenings(tables)[TODAY].cancelled_at is not None


def test_a_slot_that_was_cancelled_twice_is_sold_a_third_time(tables: Engine, tmp_path: Path) -> None:
    path = written(tmp_path, changed(("days: 2", "days: 1")))
    for name in (TODAY, f"{TODAY}-2"):
        load(path, tables, NOW)
        cancel(tables, name)

    load(path, tables, NOW)

    assert set(on_sale(tables)) == {f"{TODAY}-3"}


# --- a film's length ---


def test_a_new_screening_of_a_longer_film_clashes_with_one_on_sale(tables: Engine, tmp_path: Path) -> None:
    load(written(tmp_path, ONE), tables, NOW)
    text = changed(("running_minutes: 40", "running_minutes: 140"), ("20:00", "21:00"))

    [today, tomorrow] = refused(tables, tmp_path, text)

    assert today.line == tomorrow.line == line_of("21:00", text)
    assert f"`{TODAY}`, which is on sale already" in today.sentence


def test_screenings_on_sale_of_a_longer_film_clash_with_each_other(tables: Engine, tmp_path: Path) -> None:
    load(written(tmp_path, changed(('["20:00"]', '["20:00", "21:00"]'))), tables, NOW)
    text = changed(("running_minutes: 40", "running_minutes: 140"), ('at: ["20:00"]', 'at: ["23:45"]'))

    mistakes = refused(tables, tmp_path, text)

    assert {mistake.line for mistake in mistakes} == {line_of("tst-f", text)}
    assert any("tst-h-20261125-2000" in mistake.sentence and "tst-h-20261125-2100" in mistake.sentence
               for mistake in mistakes)
    shorter = written(tmp_path, changed(("running_minutes: 40", "running_minutes: 30")))
    assert load(shorter, tables, NOW).films.changed == 1


# --- owners ---


def test_a_hall_stays_with_its_cinema(tables: Engine, tmp_path: Path) -> None:
    load(written(tmp_path, ONE), tables, NOW)
    text = changed(("- id: tst-c", "- id: tst-c2"))

    assert refused(tables, tmp_path, text) == [Mistake(line_of("- id: tst-h", text), "`tst-h` belongs to `tst-c`")]


# --- a cinema's timezone and currency ---


@pytest.mark.parametrize(("old", "new"), [
    ("timezone: Europe/Berlin", "timezone: America/New_York"), ("currency: EUR", "currency: CHF")])
def test_timezone_and_currency_stay_while_screenings_are_on_sale(tables: Engine, tmp_path: Path, old: str,
                                                                 new: str) -> None:
    load(written(tmp_path, ONE), tables, NOW)
    text = changed((old, new))

    [mistake] = refused(tables, tmp_path, text)
    assert mistake.line == line_of(new, text)
    assert all(word in mistake.sentence for word in ("`tst-c`", old.split()[1], "on sale"))

    cancel(tables, *screenings(tables))
    assert load(written(tmp_path, text), tables, NOW).screenings.added == 2


def test_timezone_and_currency_may_change_when_all_screenings_are_over(tables: Engine, tmp_path: Path) -> None:
    load(written(tmp_path, ONE), tables, NOW)
    text = changed(("currency: EUR", "currency: CHF"), ("timezone: Europe/Berlin", "timezone: Europe/Zurich"))

    assert load(written(tmp_path, text), tables, NOW + dt.timedelta(days=3)).screenings.added == 2


# --- the night the clocks go forward ---


def test_a_start_that_the_clocks_skip_is_warned_of_with_its_line(tables: Engine, tmp_path: Path) -> None:
    path = written(tmp_path, changed(("20:00", "02:30")))
    before_the_night = dt.datetime(2027, 3, 27, 1, 0, tzinfo=dt.UTC)

    report = load(path, tables, before_the_night)

    assert report.screenings.added == 2
    [warning] = report.warnings
    assert warning.line == line_of("02:30", path.read_text())
    assert warning.sentence == ("on 2027-03-28 the clocks go forward, and there is no 02:30: "
                                "in `tst-h` the screening begins at 03:30")
    assert str(warning.line) in str(report)
    assert load(path, tables, before_the_night).warnings == ()


# --- both parts of the file ---


@pytest.fixture
def kitchen(servers: Mesh) -> Engine:
    with config.patch(servers.settings):
        migrate.upgrade("kitchen")
        return make_engine(servers.settings["DB_URIS"]["kitchen:Base"])


def test_a_failing_menu_import_rolls_the_whole_file_back(tables: Engine, kitchen: Engine, servers: Mesh, tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    sold = "    menu:\n      - {sku: cola, name: Cola, category: drink, price: 300, stock: 20}\n    halls:\n"
    path, before = written(tmp_path, changed(("    halls:\n", sold))), contents(tables)

    def fails(rows: Any, database: Any) -> str:
        raise RuntimeError("the kitchen's schema is away")

    with config.patch(servers.settings):
        with monkeypatch.context() as patched:
            patched.setattr(menu_import, "load", fails)
            with pytest.raises(RuntimeError):
                programme_loading.load(path)
        assert contents(tables) == before

        assert "snacks: 1 new" in programme_loading.load(path)
        wrong = written(tmp_path, changed(("    halls:\n", sold.replace("Cola", "Kola")),
                                          ("- id: tst-h", "- id: tst-i"), ("currency: EUR", "currency: CHF")))
        with pytest.raises(InvalidFile):
            programme_loading.load(wrong)
    with kitchen.connect() as tx:
        named = tx.execute(select(stock.snacks.c.name).where(stock.snacks.c.cinema_id == "tst-c")).scalars()
        assert list(named) == ["Cola"]
    assert {row.hall_id for row in screenings(tables).values()} == {"tst-h"}
