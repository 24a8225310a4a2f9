import datetime as dt
from itertools import product

import pytest

from schemas.errors import FieldsInvalid
from schemas.kitchen import KITCHEN_STATES, STEPS, TooEarlyToBegin, UndoOver, WrongPickUpCode
from services.kitchen import rules

ALLOWED = {
    ("reserved", "released"), ("reserved", "new"), ("reserved", "given_up"),
    ("released", "new"), ("released", "given_up"),
    ("new", "preparing"), ("new", "given_up"), ("preparing", "ready"), ("ready", "collected"),
    ("preparing", "new"), ("ready", "preparing"), ("collected", "ready"),
    ("new", "expired"), ("preparing", "uncollected"), ("ready", "uncollected"), ("expired", "given_up"),
}


@pytest.mark.parametrize(("before", "after"), list(product(KITCHEN_STATES, KITCHEN_STATES)))
def test_a_ticket_takes_allowed_steps_only(before: str, after: str) -> None:
    assert rules.may_become(before, after) == ((before, after) in ALLOWED)


def test_snacks_are_ready_ten_minutes_before_the_film() -> None:
    start = dt.datetime(2026, 11, 21, 20, 0, tzinfo=dt.UTC)
    assert rules.needed_at(start, dt.timedelta(minutes=10)) == start.replace(hour=19, minute=50)


def test_a_cook_may_not_begin_too_early() -> None:
    from_then_on = dt.datetime(2026, 11, 21, 17, 50, tzinfo=dt.UTC)
    rules.check_begins(from_then_on, from_then_on)
    with pytest.raises(TooEarlyToBegin) as refusal:
        rules.check_begins(from_then_on, from_then_on - dt.timedelta(milliseconds=1))
    assert refusal.value.about == {"begins_at": "2026-11-21T17:50:00+00:00"}


@pytest.mark.parametrize("status", STEPS)
@pytest.mark.parametrize(("kept", "seconds", "may"), [
    (False, 0, True), (False, 12, True), (False, 12.001, False), (True, 0, None), (False, None, False)])
def test_a_step_is_taken_back_within_seconds_but_not_the_first_one_of_a_refunded_order(
        status: str, kept: bool, seconds: float | None, may: bool | None) -> None:
    now = dt.datetime(2026, 11, 21, 19, tzinfo=dt.UTC)
    stepped_at = None if seconds is None else now - dt.timedelta(seconds=seconds)
    if may or (may is None and status != "preparing"):
        rules.check_undo(status, kept, stepped_at, dt.timedelta(seconds=10), now)
    else:
        with pytest.raises(UndoOver):
            rules.check_undo(status, kept, stepped_at, dt.timedelta(seconds=10), now)


def test_every_step_can_be_taken_back_to_where_it_came_from() -> None:
    assert set(rules.BEFORE) == set(STEPS)
    assert all(rules.may_become(before, after) and rules.may_become(after, before)
               for after, before in rules.BEFORE.items())


def test_snacks_wait_until_the_film_ends_or_half_a_day_if_that_is_unknown() -> None:
    needed = dt.datetime(2026, 11, 21, 19, 50, tzinfo=dt.UTC)
    assert rules.waiting_ends_at(needed, needed.replace(hour=22)) == needed.replace(hour=22)
    assert rules.waiting_ends_at(needed, None) == needed.replace(day=22, hour=7)


@pytest.mark.parametrize("status", KITCHEN_STATES)
def test_a_waiting_status_has_an_end_that_it_may_take(status: str) -> None:
    assert (status in rules.WAITING) == (status in rules.AFTER_SCREENING)
    if status in rules.WAITING:
        assert rules.may_become(status, rules.AFTER_SCREENING[status])


def test_a_pick_up_code_is_short_and_has_no_letter_taken_for_another() -> None:
    codes = {rules.new_pick_up_code() for _ in range(500)}
    assert {len(code) for code in codes} == {4}
    assert not set("".join(codes)) & set("01IOQ")
    assert len(codes) > 400


@pytest.mark.parametrize("given", ["K472", "k472", " k 472 "])
def test_a_code_matches_in_any_case_and_spacing(given: str) -> None:
    rules.check_code("K472", given)


@pytest.mark.parametrize("given", ["K473", "", "K4722", "472"])
def test_a_wrong_code_is_refused(given: str) -> None:
    with pytest.raises(WrongPickUpCode):
        rules.check_code("K472", given)


def test_a_snack_named_twice_is_refused() -> None:
    rules.check_distinct(["cola", "nachos"])
    with pytest.raises(FieldsInvalid) as refusal:
        rules.check_distinct(["cola", "nachos", "cola"])
    assert refusal.value.about == {"fields": {"snacks": ["The same snack is named twice."]}}
