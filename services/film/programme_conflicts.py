"""What in a programme file contradicts what is on sale already, or was sold, each with its line."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.engine import Connection

from services.film import rules
from services.film.models import Cinema, Hall, Screening
from services.film.programme_reader import Programme
from services.foundation.marked_yaml import Mistake


@dataclass(frozen=True)
class OnSale:
    """A screening that takes place."""

    showing: rules.Showing
    cinema_id: str
    currency: str


def find(tx: Connection, programme: Programme, on_sale: list[OnSale], fresh: list[rules.Showing],
         cleaning: dt.timedelta, now: dt.datetime) -> list[Mistake]:
    """Every contradiction; `fresh` is what would be added to what is `on_sale`."""
    return [*_redrawn(tx, programme), *_moved(tx, programme), *_other_clock_or_money(tx, programme, on_sale, now),
            *_in_the_way(programme, [each.showing for each in on_sale], fresh, cleaning)]


def _redrawn(tx: Connection, programme: Programme) -> Iterator[Mistake]:
    """A ticket names a seat, so a hall that has had screenings keeps its plan."""
    used = select(Hall.hall_id, Hall.drawing).where(Hall.hall_id.in_(select(Screening.hall_id)))
    plans = {row.hall_id: row.drawing for row in tx.execute(used)}
    for hall in programme.halls:
        if plans.get(hall["hall_id"], hall["drawing"]) != hall["drawing"]:
            yield Mistake(programme.lines[hall["hall_id"],], (
                f"the plan of `{hall['hall_id']}` has changed, but there are screenings in it; "
                "give the new hall an id of its own"
            ))


def _moved(tx: Connection, programme: Programme) -> Iterator[Mistake]:
    owners = {row.hall_id: row.cinema_id for row in tx.execute(select(Hall.hall_id, Hall.cinema_id))}
    for hall in programme.halls:
        owner = owners.get(hall["hall_id"], hall["cinema_id"])
        if owner != hall["cinema_id"]:
            yield Mistake(programme.lines[hall["hall_id"],], f"`{hall['hall_id']}` belongs to `{owner}`")


def _other_clock_or_money(tx: Connection, programme: Programme, on_sale: Iterable[OnSale],
                          now: dt.datetime) -> Iterator[Mistake]:
    """Tickets name a local time, and snacks are paid with the seats."""
    clocks = {row.cinema_id: row.timezone for row in tx.execute(select(Cinema.cinema_id, Cinema.timezone))}
    money = {each.cinema_id: each.currency for each in on_sale if each.showing.ends_at > now}
    for cinema in programme.cinemas:
        if (cinema_id := cinema["cinema_id"]) not in money:
            continue
        for name, old, new in (("timezone", clocks[cinema_id], cinema["timezone"]),
                               ("currency", money[cinema_id], programme.currencies[cinema_id])):
            if old != new:
                yield Mistake(programme.lines[cinema_id, name], (
                    f"the {name} of `{cinema_id}` is {old} as long as screenings are on sale there"))


def _in_the_way(programme: Programme, on_sale: list[rules.Showing], fresh: list[rules.Showing],
                cleaning: dt.timedelta) -> Iterator[Mistake]:
    """A film's new length counts for what is on sale as well; that stays until its old end at least."""
    minutes = {film["film_id"]: film["running_minutes"] for film in programme.films}
    ends = {each.screening_id: each.ends_at for each in on_sale}
    longer = [replace(each, ends_at=max(each.ends_at, each.starts_at + dt.timedelta(
        minutes=minutes.get(each.film_id, 0)))) for each in on_sale]
    for first, second in rules.clashes([*longer, *fresh], cleaning):
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
