"""What doors know of today's screenings: how many guests are in, and which tickets admit nobody any more."""

import datetime as dt
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row

from schemas.order.admissions import DoorList
from services.foundation.database import Transactions
from services.order.admitting import rules, store
from services.order.admitting.film_facts import NO_FACTS, FilmFacts
from services.order.order_events import screening_of
from services.order.screenings.store import cancelled_of
from services.order.tickets.codes import TicketKeys
from services.order.tickets.keys import public_keys

Fields = dict[str, Any]
PREFIX = b"D1."  # no ticket code begins like that
DUMPER = DoorList()


@dataclass(frozen=True)
class DoorLists:
    """The lists of today's screenings; `doors_open`: so long before the start guests are admitted."""

    database: Transactions
    keys: TicketKeys
    film_facts: FilmFacts
    doors_open: dt.timedelta

    def attendance(self, screening_id: str | None, cinemas: Set[str] | None, now: dt.datetime) -> Fields:
        """The counts of one screening, or of today's at these cinemas: a schemas.order.admissions.AttendanceReply."""
        which = store.today(now, cinemas) if screening_id is None else store.of_screening(screening_id)
        rows = self.database.read(lambda tx: store.attendance(tx, which))
        here = [row for row in rows if cinemas is None or row.cinema_id in cinemas]
        return {"screenings": [self._screening(row) for row in here], "server_time": now}

    def signed_list(self, cinemas: Set[str] | None, now: dt.datetime) -> Fields:
        """Today's door list of these cinemas, signed: a schemas.order.admissions.DoorListReply."""
        which = store.today(now, cinemas)

        def find(tx: Any) -> tuple[Any, Any, Set[str]]:
            rows = store.attendance(tx, which)
            return rows, store.void_and_used(tx, which), cancelled_of(tx, {row.screening_id for row in rows})

        rows, tickets, cancelled = self.database.read(find)
        films = self.film_facts.of_all(row.screening_id for row in rows)
        body: Fields = DUMPER.dump({
            "made_at": now, "keys": public_keys(self.keys),
            "screenings": [{**self._screening(row), "cancelled": row.screening_id in cancelled,
                            "age_rating": films.get(row.screening_id, NO_FACTS)["age_rating"]} for row in rows],
            "void": [{"ticket": row.ticket_id, "reason": "cancelled" if row.screening_id in cancelled else "refunded"}
                     for row in tickets if row.status != "valid"],
            "used": [{"ticket": row.ticket_id, "admitted_at": row.admitted_at, "door": row.door}
                     for row in tickets if row.status == "valid"]})
        return {**body, **self.keys.sign_text(PREFIX + orjson.dumps(body, option=orjson.OPT_SORT_KEYS))}

    def _screening(self, row: Row[Any]) -> Fields:
        screening = screening_of(row._mapping)
        return {**screening, "film": row.film_title, "admitted": int(row.admitted), "expected": int(row.expected),
                "doors_open_at": rules.doors_open_at(screening["starts_at"], self.doors_open)}
