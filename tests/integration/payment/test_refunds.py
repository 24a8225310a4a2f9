"""Money goes back once per refund, and never more than was taken."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from schemas.errors import RoomSilent
from schemas.payment import AmountMismatch
from services.foundation.ids import new_id
from tests.drivers.sandbox_bank import Bank


@pytest.fixture
def paid(room: Any, order_id: str) -> str:
    room.charge(order_id=order_id, amount=1000, currency="EUR", method="sandbox")
    return order_id


def give_back(room: Any, order_id: str, amount: int, refund_id: str | None = None, currency: str = "EUR") -> Any:
    return room.refund(refund_id=refund_id or new_id(), order_id=order_id, amount=amount, currency=currency)


def test_a_refund_is_done_once_however_often_the_call_is_repeated(room: Any, paid: str, bank: Bank) -> None:
    refund_id = new_id()

    first, again = (give_back(room, paid, 300, refund_id) for _ in range(2))

    assert first == again == {"refund_id": refund_id, "status": "done", "amount": 300}
    assert bank.given_back == room.get_status(order_id=paid)["refunded"] == 300


@pytest.mark.parametrize("other", [{"amount": 301}, {"amount": 300, "currency": "GBP"}])
def test_a_refund_keeps_its_amount(room: Any, paid: str, bank: Bank, other: dict[str, Any]) -> None:
    refund_id = new_id()
    give_back(room, paid, 300, refund_id)

    with pytest.raises(AmountMismatch):
        give_back(room, paid, refund_id=refund_id, **other)
    assert bank.given_back == 300


def test_a_paid_order_can_be_refunded_in_parts(room: Any, paid: str, bank: Bank) -> None:
    for amount in (300, 700, 0):
        give_back(room, paid, amount)

    with pytest.raises(AmountMismatch) as refused:
        give_back(room, paid, 1)
    assert refused.value.about == {"left": 0, "currency": "EUR"}
    assert bank.given_back == 1000


def test_an_unpaid_order_can_not_be_refunded(room: Any, order_id: str) -> None:
    with pytest.raises(AmountMismatch):
        give_back(room, order_id, 1)
    room.close(order_id=order_id)
    with pytest.raises(AmountMismatch):
        give_back(room, order_id, 1)


def test_simultaneous_refunds_never_exceed_the_payment(room: Any, paid: str, bank: Bank) -> None:
    def one(_: int) -> int:
        try:
            return int(give_back(room, paid, 300)["amount"])
        except AmountMismatch:
            return 0

    with ThreadPoolExecutor(10) as tellers:
        amounts = list(tellers.map(one, range(10)))

    assert sum(amounts) == bank.given_back == room.get_status(order_id=paid)["refunded"] == 900


def test_simultaneous_requests_for_one_refund_are_one_refund(room: Any, paid: str, bank: Bank) -> None:
    refund_id = new_id()

    with ThreadPoolExecutor(10) as tellers:
        answers = list(tellers.map(lambda _: give_back(room, paid, 300, refund_id), range(10)))

    assert all(answer["status"] == "done" for answer in answers)
    assert bank.given_back == room.get_status(order_id=paid)["refunded"] == 300


def test_a_refund_with_a_lost_answer_is_not_sent_twice(room: Any, paid: str, bank: Bank) -> None:
    refund_id = new_id()
    bank.will("lose_refund")

    with pytest.raises(RoomSilent):
        give_back(room, paid, 300, refund_id)
    assert give_back(room, paid, 300, refund_id)["status"] == "done"

    assert bank.given_back == 300


def test_a_requested_refund_counts_as_refunded(room: Any, paid: str, bank: Bank) -> None:
    bank.will("lose_refund")
    with pytest.raises(RoomSilent):
        give_back(room, paid, 800)

    with pytest.raises(AmountMismatch):
        give_back(room, paid, 201)


def test_the_timer_finishes_an_unfinished_refund(room: Any, paid: str, bank: Bank) -> None:
    refund_id = new_id()
    bank.will("lose_refund")
    with pytest.raises(RoomSilent):
        give_back(room, paid, 300, refund_id)

    bank.let_time_pass()
    room.finish_stale_work()

    bank.will("lose_refund")  # which nobody asks for any more
    assert give_back(room, paid, 300, refund_id)["status"] == "done"
    assert bank.given_back == 300
