"""Conflicts of a programme file with what is on sale already, or was sold, each with its line."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace

from sqlalchemy.engine import Connection

from services.film import programme_store, rules
from services.film.programme_reader import Programme
from services.film.rules import ScreeningOnSale
from services.foundation.marked_yaml import Mistake


def find(tx: Connection, programme: Programme, on_sale: list[ScreeningOnSale], added: list[rules.PlannedScreening],
         cleaning: dt.timedelta, now: dt.datetime) -> list[Mistake]:
    """Every conflict. `added`: the screenings that the file would add to those `on_sale`."""
    return [*_redrawn_halls(tx, programme), *_moved_halls(tx, programme),
            *_changed_timezones_and_currencies(tx, programme, on_sale, now),
            *_clashes_with_sold(programme, [each.screening for each in on_sale], added, cleaning)]


def _redrawn_halls(tx: Connection, programme: Programme) -> Iterator[Mistake]:
    """A ticket names a seat, so a hall that has had screenings keeps its plan."""
    drawings = programme_store.drawings_in_use(tx)
    for hall in programme.halls:
        if drawings.get(hall["hall_id"], hall["drawing"]) != hall["drawing"]:
            yield Mistake(programme.lines[hall["hall_id"],], (
                f"the plan of `{hall['hall_id']}` has changed, but there are screenings in it; "
                "give the new hall an id of its own"
            ))


def _moved_halls(tx: Connection, programme: Programme) -> Iterator[Mistake]:
    owners = programme_store.cinemas_of_halls(tx)
    for hall in programme.halls:
        owner = owners.get(hall["hall_id"], hall["cinema_id"])
        if owner != hall["cinema_id"]:
            yield Mistake(programme.lines[hall["hall_id"],], f"`{hall['hall_id']}` belongs to `{owner}`")


def _changed_timezones_and_currencies(tx: Connection, programme: Programme, on_sale: Iterable[ScreeningOnSale],
                                      now: dt.datetime) -> Iterator[Mistake]:
    """A cinema with screenings on sale keeps both: tickets name a local time, and one payment covers seats and snacks.
    """
    timezones = programme_store.timezones(tx)
    currencies = {each.cinema_id: each.currency for each in on_sale if each.screening.ends_at > now}
    for cinema in programme.cinemas:
        if (cinema_id := cinema["cinema_id"]) not in currencies:
            continue
        for name, old, new in (("timezone", timezones[cinema_id], cinema["timezone"]),
                               ("currency", currencies[cinema_id], programme.currencies[cinema_id])):
            if old != new:
                yield Mistake(programme.lines[cinema_id, name], (
                    f"the {name} of `{cinema_id}` is {old} as long as screenings are on sale there"))


def _clashes_with_sold(programme: Programme, on_sale: list[rules.PlannedScreening], added: list[rules.PlannedScreening],
                       cleaning: dt.timedelta) -> Iterator[Mistake]:
    """A film's new length counts for screenings on sale, too; they last until their old end at least."""
    minutes = {film["film_id"]: film["running_minutes"] for film in programme.films}
    ends = {each.screening_id: each.ends_at for each in on_sale}
    longer = [replace(each, ends_at=max(each.ends_at, each.starts_at + dt.timedelta(
        minutes=minutes.get(each.film_id, 0)))) for each in on_sale]
    for first, second in rules.clashes([*longer, *added], cleaning):
        if not first.slot and not second.slot and ends[first.screening_id] + cleaning <= second.starts_at:
            yield Mistake(programme.lines[first.film_id, "running_minutes"], (
                f"with {minutes[first.film_id]} minutes `{first.screening_id}` would not be over and its hall cleaned "
                f"when `{second.screening_id}` begins; both are on sale"))
        for new, old in ((first, second), (second, first)):
            if new.slot is not None and old.slot is None:
                yield Mistake(new.slot.line, (
                    f"in `{new.hall_id}` the screening on {new.local_date} at {new.slot.at:%H:%M} would clash "
                    f"with `{old.screening_id}`, which is on sale already"
                ))
