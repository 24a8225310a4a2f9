"""Whom a door admits, and what it tells staff."""

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from schemas.order.refusals import TicketsUsed
from services.order import rules as order_rules
from services.order.admitting.rules import Scan, doors_open_at, judge, moment_of, note
from tests.unit.order.samples import LATER, MINUTE, NOW

HOUR = 60 * MINUTE
AT_EIGHT = Scan("a code", "n1", None, LATER - 30 * MINUTE, "left")
TICKET = {"status": "valid", "screening_id": "s1", "starts_at": LATER, "ends_at": LATER + 2 * HOUR, "admitted_at": None,
          "scan": None}
USED = {"admitted_at": NOW, "scan": "n0"}


@pytest.mark.parametrize(("ticket", "scan", "result"), [
    ({}, {}, "admitted"),
    ({}, {"screening_id": "s1"}, "admitted"),
    ({}, {"screening_id": "s2"}, "wrong_screening"),
    ({}, {"at": LATER - HOUR}, "admitted"),
    ({}, {"at": LATER - 61 * MINUTE}, "too_early"),
    ({}, {"at": LATER + HOUR}, "admitted"),
    ({}, {"at": LATER + 2 * HOUR}, "wrong_screening"),
    (USED, {}, "already_admitted"),
    (USED, {"nonce": "n0"}, "admitted"),
    (USED, {"screening_id": "s2"}, "wrong_screening"),
    ({"status": "void"}, {}, "refunded"),
    ({"status": "void", **USED}, {"nonce": "n0"}, "refunded"),
])
def test_a_ticket_has_one_result(ticket: dict[str, Any], scan: dict[str, Any], result: str) -> None:
    row = SimpleNamespace(**{**TICKET, **ticket})
    assert judge(row, replace(AT_EIGHT, **scan), True, False, HOUR) == result
    assert judge(row, replace(AT_EIGHT, **scan), True, True, HOUR) == "cancelled"
    if row.status == "valid":
        assert judge(row, replace(AT_EIGHT, **scan), False, False, HOUR) == "wrong_screening"


def test_a_scan_is_never_of_the_future() -> None:
    assert moment_of(None, NOW) == NOW
    assert moment_of(NOW - MINUTE, NOW) == NOW - MINUTE
    assert moment_of(NOW + MINUTE, NOW) == NOW


def test_staff_are_told_what_they_need_to_know() -> None:
    paris = dt.timezone(HOUR)
    starts_at = LATER.astimezone(paris)
    screening = {"starts_at": starts_at, "hall_name": "Saal 1", "cinema_name": "Kino am Kanal"}
    facts: dict[str, Any] = {"screening": screening, "film": "Arrival", "doors_open_at": doors_open_at(starts_at, HOUR),
                             "age_rating": None, "directions": None, "admission": {"admitted_at": NOW, "door": "left"}}
    assert note("admitted", facts) is None
    assert note("admitted", {**facts, "age_rating": "16"}) == "Age rating: 16."
    assert note("already_admitted", facts) == "Admitted at 19:00, left."
    assert note("too_early", facts) == "Doors open at 2026-11-21 20:00."
    way = "Arrival, 2026-11-21 21:00, Saal 1, Kino am Kanal."
    assert note("wrong_screening", facts) == way
    assert note("wrong_screening", {**facts, "directions": "Tram 12"}) == f"{way} Tram 12"
    assert note("refunded", facts) is None


def test_used_seats_are_named() -> None:
    order_rules.check_unused(["F7"], {"F8"})
    with pytest.raises(TicketsUsed) as refusal:
        order_rules.check_unused(["F7", "F8"], {"F8", "F9"})
    assert refusal.value.about == {"seats": ["F8"]}
