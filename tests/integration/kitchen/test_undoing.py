"""A step that was taken by mistake is taken back, and nothing that depends on it goes wrong."""

import datetime as dt

import pytest

from operations.checks.stock import stock_adds_up
from schemas import order
from schemas.kitchen import KitchenStepTaken, TooEarlyToBegin, UndoOver
from services.foundation.database import Transactions, utc_now
from services.kitchen import rules, tickets
from tests.integration.kitchen.conftest import MINUTE, paid, put_on_the_menu, room_of


def take_up(kitchen: Transactions, order_id: str, in_minutes: float = 60) -> None:
    """A paid order whose snacks are needed so soon."""
    body = order.PAID.load(paid(order_id, utc_now() + (in_minutes + 10) * MINUTE))["body"]
    kitchen.run(lambda tx: tickets.take_up(tx, body, rules.needed_at(body["screening"]["starts_at"], 10 * MINUTE)))


@pytest.fixture
def o1(kitchen: Transactions) -> str:
    put_on_the_menu(kitchen, popcorn=9)
    take_up(kitchen, "o1")
    return "o1"


def test_each_step_is_taken_back_one_by_one(kitchen: Transactions, o1: str) -> None:
    room = room_of(kitchen)
    code = room.start(order_id=o1)["pick_up_code"]
    room.finish(order_id=o1)
    room.hand_over(order_id=o1, pick_up_code=code)

    statuses = [room.undo(order_id=o1, status=status)["status"] for status in ("collected", "ready", "preparing")]

    assert statuses == ["ready", "preparing", "new"]
    assert room.get_queue()["tickets"][0]["pick_up_code"] == code
    assert kitchen.read(stock_adds_up) == []


def test_a_step_that_is_too_old_or_not_the_last_stays(kitchen: Transactions, o1: str) -> None:
    room = room_of(kitchen)
    room.start(order_id=o1)
    with pytest.raises(UndoOver):
        room_of(kitchen, undo=-rules.TRAVEL).undo(order_id=o1, status="preparing")
    room.finish(order_id=o1)
    with pytest.raises(KitchenStepTaken):
        room.undo(order_id=o1, status="preparing")


def test_what_a_refund_found_begun_stays_begun(kitchen: Transactions, o1: str) -> None:
    room = room_of(kitchen)
    room.start(order_id=o1)
    assert room.give_up(order_id=o1) == {"in_time": False}

    with pytest.raises(UndoOver):
        room.undo(order_id=o1, status="preparing")

    room.finish(order_id=o1)
    assert room.undo(order_id=o1, status="ready")["status"] == "preparing"


def test_snacks_whose_code_another_guest_has_by_now_stay_collected(kitchen: Transactions, o1: str,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    room = room_of(kitchen)
    code = room.start(order_id=o1)["pick_up_code"]
    room.finish(order_id=o1)
    room.hand_over(order_id=o1)
    monkeypatch.setattr(rules, "new_pick_up_code", lambda: code)
    take_up(kitchen, "o2")

    with pytest.raises(UndoOver):
        room.undo(order_id=o1, status="collected")


def test_a_cook_begins_two_hours_before_the_snacks_are_needed_and_no_earlier(kitchen: Transactions, o1: str) -> None:
    take_up(kitchen, "tomorrow", in_minutes=24 * 60)
    room = room_of(kitchen)
    with pytest.raises(TooEarlyToBegin) as refusal:
        room.start(order_id="tomorrow")
    told = {ticket["order_id"]: ticket for ticket in room.get_queue()["tickets"]}["tomorrow"]
    assert told["status"] == "new"
    assert dt.datetime.fromisoformat(refusal.value.about["begins_at"]) == dt.datetime.fromisoformat(told["begins_at"])
    assert room.start(order_id=o1)["status"] == "preparing"
