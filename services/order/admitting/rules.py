"""Whom a door admits. Pure: no I/O, `now` is an argument.

Without a network `web/door/judge.js` decides; `tests/door_cases.json` holds both to one set of answers.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.order.rules import has_begun


@dataclass(frozen=True)
class Scan:
    """A code that was scanned. `screening_id`: that the door leads to, None for any. `at`: when it was scanned."""

    code: str
    nonce: str
    screening_id: str | None
    at: dt.datetime
    door: str


def moment_of(scanned_at: dt.datetime | None, now: dt.datetime) -> dt.datetime:
    """When a code was scanned: never later than now, whatever the clock of the door says."""
    return now if scanned_at is None else min(scanned_at, now)


def doors_open_at(starts_at: dt.datetime, doors_open: dt.timedelta) -> dt.datetime:
    """From when guests of a screening are admitted; `doors_open`: so long before it starts."""
    return starts_at - doors_open


def judge(ticket: Any, scan: Scan, works_here: bool, is_cancelled: bool, doors_open: dt.timedelta) -> str:
    """One of schemas.order.ADMISSION_RESULTS for a ticket of ours, a row with the screening of its order.

    `works_here`: whether the caller admits guests at the cinema of the ticket.
    """
    if is_cancelled:
        return "cancelled"
    if ticket.status != "valid":
        return "refunded"
    elsewhere = not works_here or scan.screening_id not in (None, ticket.screening_id)
    if elsewhere or has_begun(ticket.ends_at, scan.at):  # the film is over
        return "wrong_screening"
    if ticket.admitted_at is not None:
        return "admitted" if ticket.scan == scan.nonce else "already_admitted"
    return "too_early" if scan.at < doors_open_at(ticket.starts_at, doors_open) else "admitted"


def note(result: str, facts: Mapping[str, Any]) -> str | None:
    """What staff should know besides the result; `facts`: the fields of schemas.order.admissions.AdmitReply."""
    screening = facts["screening"]
    match result:
        case "admitted" if facts["age_rating"]:
            return f"Age rating: {facts['age_rating']}."
        case "already_admitted":
            return f"Admitted at {_clock(facts['admission']['admitted_at'], screening)}, {facts['admission']['door']}."
        case "wrong_screening":
            way = f"{facts['film']}, {screening['starts_at']:%Y-%m-%d %H:%M}, {screening['hall_name']}, " \
                  f"{screening['cinema_name']}."
            return f"{way} {facts['directions']}" if facts["directions"] else way
        case "too_early":
            return f"Doors open at {facts['doors_open_at']:%Y-%m-%d %H:%M}."
    return None


def _clock(moment: dt.datetime, screening: Mapping[str, Any]) -> str:
    return f"{moment.astimezone(screening['starts_at'].tzinfo):%H:%M}"
