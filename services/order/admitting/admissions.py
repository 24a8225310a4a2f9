"""Admitting guests. What a ticket is good for is decided by its row, so two doors never admit two guests with one."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from schemas.errors import Forbidden
from schemas.order import ADMIT, OPERATED, UNDO_ADMISSION
from schemas.order.refusals import NotAdmitted, UnknownTicket
from schemas.roles import includes_at
from services.foundation.database import Transactions
from services.foundation.events.operations import write_operation
from services.foundation.rpc.calls import Principal
from services.foundation.rpc.idempotency import IdempotencyKey
from services.order.admitting import rules, store
from services.order.admitting.film_facts import FilmFacts
from services.order.admitting.rules import Scan
from services.order.models import OUTBOX
from services.order.order_events import screening_of
from services.order.screenings.store import is_cancelled
from services.order.tickets import codes

Fields = dict[str, Any]
NO_TICKET: Mapping[str, Any] = dict.fromkeys(
    ("ticket", "seat", "film", "starts_at", "note", "admission", "screening", "doors_open_at", "age_rating",
     "directions"))


@dataclass(frozen=True)
class Admissions:
    """What an usher does at a door; `doors_open`: so long before the start guests are admitted."""

    database: Transactions
    keys: Mapping[str, bytes]
    film_facts: FilmFacts
    doors_open: dt.timedelta

    def admit(self, key: IdempotencyKey, usher: Principal, scan: Scan) -> Fields:
        """Admit the guest with this ticket, or say why not; the reply, a schemas.order.admissions.AdmitReply."""
        try:
            ticket = codes.read(scan.code, self.keys)
        except codes.UnknownKey:
            return {**NO_TICKET, "result": "unknown_key"}
        except codes.FalseCode:
            return {**NO_TICKET, "result": "forged"}
        facts = self.film_facts.of(ticket.screening_id)
        return key.run_once(self.database, lambda tx: self._reply(*self._admit(tx, usher, scan), facts))

    def _admit(self, tx: Connection, usher: Principal, scan: Scan) -> tuple[str, Row[Any] | None]:
        """The result, and the ticket as it is then."""
        for is_locked in (False, True):  # the second time, what another door has done is seen and stays as it is
            ticket = store.find(tx, scan.code, for_update=is_locked)
            if ticket is None:
                return "forged", None  # our keys have signed what we have not sold
            result = rules.judge(ticket, scan, includes_at(usher.roles, "usher", ticket.cinema_id or ""),
                                 is_cancelled(tx, ticket.screening_id), self.doors_open)
            if result != "admitted" or ticket.admitted_at is not None:
                return result, ticket
            if store.mark_admitted(tx, ticket.ticket_id, scan, str(usher.user_id)):
                after = {"admitted_at": scan.at.isoformat(), "door": scan.door}
                write_operation(tx, OUTBOX, OPERATED, usher, ADMIT, about=ticket.ticket_id,
                                cinema_id=ticket.cinema_id, before={"admitted_at": None, "door": None}, after=after)
                return result, store.find(tx, scan.code, for_update=False)
        raise AssertionError("a ticket was not locked")

    def _reply(self, result: str, ticket: Row[Any] | None, about_film: Fields) -> Fields:
        if ticket is None:
            return {**NO_TICKET, "result": result}
        screening = screening_of(ticket._mapping)
        opens_at = rules.doors_open_at(screening["starts_at"], self.doors_open)
        is_in = ticket.admitted_at is not None
        facts = {**_scanned(ticket), **about_film, "screening": screening, "doors_open_at": opens_at,
                 "admission": {"admitted_at": ticket.admitted_at, "door": ticket.door} if is_in else None}
        return {**facts, "result": result, "note": rules.note(result, facts)}

    def undo(self, key: IdempotencyKey, usher: Principal, code: str, scan: str | None) -> Fields:
        """Take back the admission by this scan, or whichever there is; a schemas.order.admissions.ScannedTicket.

        Raises UnknownTicket, Forbidden at another cinema, and NotAdmitted.
        """
        def take_back(tx: Connection) -> Fields:
            ticket = store.find(tx, code, for_update=True)
            if ticket is None:
                raise UnknownTicket()
            if not includes_at(usher.roles, "usher", ticket.cinema_id or ""):
                raise Forbidden()
            if not ticket.scan or scan not in (None, ticket.scan):
                raise NotAdmitted()
            store.unmark_admitted(tx, ticket.ticket_id, ticket.scan)
            before = {"admitted_at": ticket.admitted_at.isoformat(), "door": ticket.door}
            write_operation(tx, OUTBOX, OPERATED, usher, UNDO_ADMISSION, about=ticket.ticket_id,
                            cinema_id=ticket.cinema_id, before=before, after={"admitted_at": None, "door": None})
            return _scanned(ticket)

        return key.run_once(self.database, take_back)


def _scanned(ticket: Row[Any]) -> Fields:
    return {"ticket": ticket.ticket_id, "seat": ticket.seat_id, "film": ticket.film_title,
            "starts_at": screening_of(ticket._mapping)["starts_at"]}
