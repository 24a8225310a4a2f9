"""Whom a door admits, and what it tells staff."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from marshmallow.validate import Range

from schemas.order.refusals import TicketsUsed
from services.film.programme_format import FilmEntry
from services.order import rules as order_rules
from services.order.admitting.rules import Scan, doors_open_at, judge, moment_of, note
from services.order.admitting.store import LONGEST_SCREENING
from tests.unit.order.samples import LATER, MINUTE, NOW

HOUR = 60 * MINUTE
CASES: dict[str, Any] = json.loads((Path(__file__).parents[2] / "door_cases.json").read_text())
SHOWN = {name: dt.datetime.fromisoformat(CASES["screening"][name])
         for name in ("doors_open_at", "starts_at", "ends_at")}
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


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["which"])
def test_the_order_room_decides_as_the_page_does_without_a_network(case: dict[str, Any]) -> None:
    used = {"admitted_at": SHOWN["doors_open_at"], "scan": "n0"} if case["used"] else {}
    row = SimpleNamespace(**{**TICKET, **SHOWN, **used, "status": "void" if case["refunded"] else "valid"})
    scan = Scan("a code", "n1", case["door"], dt.datetime.fromisoformat(case["now"]), "left")
    doors_open = SHOWN["starts_at"] - SHOWN["doors_open_at"]

    assert judge(row, scan, case["works_here"], case["cancelled"], doors_open) == case["result"]


def test_doors_know_the_longest_film_that_a_programme_may_have_until_it_is_over() -> None:
    [most] = [limit.max for limit in FilmEntry().fields["running_minutes"].validators if isinstance(limit, Range)]

    assert dt.timedelta(minutes=most) == LONGEST_SCREENING


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
