"""What a load changes, told to the operation log: an operation for each film and each cinema with a change."""

from collections import defaultdict
from typing import Any

from sqlalchemy.engine import Connection

from schemas.film import OPERATED
from services.film.models import OUTBOX
from services.film.programme_store import Change
from services.foundation.events.operations import operator, write_operation

Fields = dict[str, Any]


def write(tx: Connection, films: list[Change], cinemas: list[Change], halls: list[Change],
          screenings: list[Fields], cinema_of: dict[str, str]) -> None:
    """Write the operations of a load. `screenings`: the new ones. `cinema_of`: the cinema_id of each hall."""
    for film in films:
        _write(tx, film.key, film.before, film.after)
    before, after = defaultdict[str, Fields](dict), defaultdict[str, Fields](dict)
    for cinema in cinemas:
        before[cinema.key] |= cinema.before or {}
        after[cinema.key] |= cinema.after
    for hall in halls:
        before[cinema_of[hall.key]].setdefault("halls", {})[hall.key] = hall.before
        after[cinema_of[hall.key]].setdefault("halls", {})[hall.key] = hall.after
    for screening in screenings:
        after[cinema_of[screening["hall_id"]]].setdefault("screenings", []).append(screening["screening_id"])
    for cinema_id in sorted(after):
        _write(tx, cinema_id, before.get(cinema_id), after[cinema_id], cinema_id)


def _write(tx: Connection, about: str, before: Fields | None, after: Fields, cinema_id: str | None = None) -> None:
    write_operation(tx, OUTBOX, OPERATED, operator("load"), "load", about=about, cinema_id=cinema_id, before=before,
                    after=after)
