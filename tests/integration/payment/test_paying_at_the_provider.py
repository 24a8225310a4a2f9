"""A buyer pays at the provider's page; the room believes nobody but the provider about how that ended."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from nameko import config
from sqlalchemy import text

from schemas.errors import FieldsInvalid, RoomSilent
from schemas.payment import (
    AmountMismatch,
    PaymentClosed,
    PaymentInReview,
    PaymentMethodUnknown,
    ReturnUrlRefused,
    UnknownPayment,
)
from services.foundation.database import Transactions, utc_now
from services.payment import roster
from services.payment.rules import Attempt, Record
from services.payment.sandbox import Sandbox
from tests.integration.payment.bank import Bank, WatchedSandbox

Start = Callable[..., dict[str, Any]]
Choose = Callable[..., dict[str, Any]]


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def start(room: Any, order_id: str) -> Start:
    """Begin to pay the order."""
    def begin(**other: Any) -> dict[str, Any]:
        later = (utc_now() + dt.timedelta(minutes=15)).isoformat()
        fields = {"amount": 1200, "currency": "EUR", "method": "card", "return_url": "/order/1", "expires_at": later}
        return dict(room.start(order_id=order_id, **{**fields, **other}))

    return begin


@pytest.fixture
def choose(room: Any) -> Choose:
    """What the buyer does at the sandbox's page."""
    def answer(begun: dict[str, Any], choice: str, code: str = "") -> dict[str, Any]:
        return dict(room.answer_page(payment_id=begun["payment_id"], language="en", choice=choice, code=code))

    return answer


@pytest.fixture
def told(room: Any, database: Transactions, bank: Bank) -> Callable[[], None]:
    """The room has heard and looked into all the provider has to say."""
    def hear() -> None:
        for message in bank.webhooks():
            room.receive_webhook(**message)
        room.look_into_webhooks()

    return hear


def events(database: Transactions, order_id: str) -> list[str]:
    """What the others are told of the order's payments."""
    query = text("SELECT o.type FROM outbox o JOIN payment p ON p.payment_id = o.about WHERE p.order_id = :order "
                 "ORDER BY p.attempt")
    return list(database.read(lambda tx: tx.execute(query, {"order": order_id}).scalars().all()))


def test_a_buyer_is_sent_to_the_provider_and_nothing_is_taken_yet(start: Start, room: Any, order_id: str,
                                                                 bank: Bank) -> None:
    begun = start()

    assert begun == {"payment_id": begun["payment_id"], "status": "pending",
                     "redirect_url": f"/payment/sandbox/{begun['payment_id']}"}
    assert room.get_status(order_id=order_id)["status"] == "pending"
    assert (bank.taken, bank.charges) == (0, 1)


def test_who_pays_there_has_paid(start: Start, choose: Choose, told: Callable[[], None], room: Any, order_id: str,
                                 bank: Bank, database: Transactions) -> None:
    answer = choose(start(), "pay")
    told()

    assert answer["location"] == "/order/1"
    assert room.get_status(order_id=order_id)["status"] == "captured"
    assert (bank.taken, events(database, order_id)) == (1200, ["payment.captured"])


def test_starting_again_leads_to_the_same_page(start: Start, bank: Bank) -> None:
    assert start() == start()
    assert bank.charges == 1


@pytest.mark.parametrize("choice", ["decline", "insufficient_funds"])
def test_after_a_decline_another_attempt_may_succeed(start: Start, choose: Choose, told: Callable[[], None], room: Any,
                                                    order_id: str, bank: Bank, database: Transactions,
                                                    choice: str) -> None:
    first = start()
    choose(first, choice)
    told()
    assert room.get_status(order_id=order_id)["status"] == "failed"

    second = start()
    choose(second, "pay")
    told()

    assert second["payment_id"] != first["payment_id"]
    assert (bank.taken, bank.charges) == (1200, 2)
    assert events(database, order_id) == ["payment.failed", "payment.captured"]


def test_who_was_declined_may_try_again_before_the_message_is_here(start: Start, choose: Choose,
                                                                  told: Callable[[], None], database: Transactions,
                                                                  order_id: str, bank: Bank) -> None:
    first = start()
    choose(first, "decline")
    second = start()
    choose(second, "pay")
    told()

    assert second["payment_id"] != first["payment_id"]
    assert (bank.taken, bank.charges) == (1200, 2)
    assert events(database, order_id) == ["payment.failed", "payment.captured"]


def test_while_nobody_knows_of_the_decline_there_is_no_second_attempt(start: Start, choose: Choose, bank: Bank) -> None:
    choose(start(), "decline")
    bank.will("lose_fetch")

    with pytest.raises(RoomSilent):
        start()
    assert bank.charges == 1


def test_who_starts_again_after_paying_has_paid(start: Start, choose: Choose, bank: Bank) -> None:
    choose(start(), "pay")

    assert start()["status"] == "captured"
    assert start()["redirect_url"] is None
    assert (bank.taken, bank.charges) == (1200, 1)


@pytest.mark.parametrize("moment", ["before authorize", "after authorize", "before capture", "after capture"])
def test_after_a_crash_the_same_payment_goes_on(start: Start, choose: Choose, told: Callable[[], None], room: Any,
                                                order_id: str, database: Transactions, bank: Bank, moment: str,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    def die() -> None:
        raise Crash

    def pay() -> None:
        choose(start(), "pay")
        told()

    with monkeypatch.context() as patch:
        watched = WatchedSandbox(database, moment, die)
        patch.setitem(roster.PROVIDERS, "sandbox", lambda _: watched)
        with pytest.raises(Crash):
            pay()
    if "authorize" in moment:
        choose(start(), "pay")
    bank.let_time_pass()
    told()
    room.finish_what_was_left()

    assert room.get_status(order_id=order_id)["status"] == "captured"
    assert (bank.taken, bank.charges, events(database, order_id)) == (1200, 1, ["payment.captured"])


def test_twenty_who_start_at_once_meet_at_one_page(start: Start, bank: Bank) -> None:
    with ThreadPoolExecutor(10) as buyers:
        begun = list(buyers.map(lambda _: start(), range(20)))

    assert len({answer["redirect_url"] for answer in begun}) == 1
    assert bank.charges == 1


def test_a_bank_that_asks_for_a_code_gets_it_before_there_is_money(start: Start, choose: Choose,
                                                                  told: Callable[[], None], bank: Bank) -> None:
    begun = start()
    asked = choose(begun, "challenge")
    told()
    assert "1234" in asked["html"]
    assert bank.taken == 0

    assert "not the code" in choose(begun, "confirm", "9999")["html"]
    assert choose(begun, "confirm", "1234")["location"] == "/order/1"
    told()
    assert bank.taken == 1200


def test_three_wrong_codes_are_a_decline(start: Start, choose: Choose, told: Callable[[], None], room: Any,
                                         order_id: str) -> None:
    begun = start()
    choose(begun, "challenge")
    for _ in range(3):
        choose(begun, "confirm", "0000")
    choose(begun, "confirm", "1234")  # too late
    told()

    assert room.get_status(order_id=order_id)["status"] == "failed"


def test_who_leaves_the_page_may_come_back_to_it(start: Start, choose: Choose, room: Any, order_id: str) -> None:
    begun = start()

    assert choose(begun, "abandon")["location"] == "/order/1"
    assert room.get_status(order_id=order_id)["status"] == "pending"
    assert start() == begun
    assert "Test money" in room.show_page(payment_id=begun["payment_id"], language="en")["html"]


def test_a_payment_that_has_ended_shows_no_page_any_more(start: Start, choose: Choose, room: Any) -> None:
    begun = start()
    choose(begun, "decline")

    assert room.show_page(payment_id=begun["payment_id"], language="zh")["location"] == "/order/1"
    choose(begun, "pay")
    assert room.show_page(payment_id=begun["payment_id"], language="zh")["location"] == "/order/1"


def test_there_is_no_page_for_what_is_no_payment(room: Any, order_id: str) -> None:
    with pytest.raises(UnknownPayment):
        room.show_page(payment_id=order_id, language="en")


def test_after_its_time_the_page_takes_no_money(start: Start, choose: Choose, room: Any, order_id: str,
                                                bank: Bank) -> None:
    begun = start(expires_at=(utc_now() - dt.timedelta(seconds=1)).isoformat())

    assert choose(begun, "pay")["location"] == "/order/1"
    bank.let_time_pass()
    room.finish_what_was_left()
    assert (room.get_status(order_id=order_id)["status"], bank.taken) == ("cancelled", 0)


# --- closing ---


def test_closing_ends_the_page_too(start: Start, choose: Choose, told: Callable[[], None], room: Any, order_id: str,
                                   bank: Bank) -> None:
    begun = start()

    assert room.close(order_id=order_id)["status"] == "closed"
    assert choose(begun, "pay")["location"] == "/order/1"
    told()
    with pytest.raises(PaymentClosed):
        start()
    assert (room.get_status(order_id=order_id)["captured"], bank.taken) == (0, 0)


@pytest.mark.parametrize("heard", [True, False])
def test_who_has_paid_before_closing_has_paid_in_time(start: Start, choose: Choose, told: Callable[[], None], room: Any,
                                                      order_id: str, bank: Bank, heard: bool) -> None:
    choose(start(), "pay")
    if heard:
        told()

    assert room.close(order_id=order_id)["captured"] == bank.taken == 1200


def test_while_the_provider_says_nothing_closing_says_nothing(start: Start, choose: Choose, room: Any, order_id: str,
                                                             bank: Bank) -> None:
    choose(start(), "pay")
    bank.will("lose_fetch")
    with pytest.raises(RoomSilent):
        room.close(order_id=order_id)

    assert room.close(order_id=order_id)["captured"] == bank.taken == 1200


# --- lost answers ---


@pytest.mark.parametrize("trouble", ["lose_authorize", "time_out"])
def test_when_the_answer_is_lost_the_provider_is_asked_before_anything_is_repeated(
        start: Start, room: Any, order_id: str, bank: Bank, trouble: Any) -> None:
    bank.will(trouble)
    with pytest.raises(RoomSilent):
        start()
    assert room.get_status(order_id=order_id)["status"] == "submitted"

    assert start()["status"] == "pending"
    assert bank.charges == 1


@pytest.mark.parametrize("trouble", ["lose_capture", "lose_fetch"])
def test_a_lost_answer_while_looking_into_it_is_found_later(start: Start, choose: Choose, told: Callable[[], None],
                                                           room: Any, order_id: str, bank: Bank, trouble: Any) -> None:
    choose(start(), "pay")
    bank.will(trouble)
    told()
    assert room.get_status(order_id=order_id)["status"] == "pending"

    bank.let_time_pass()
    room.finish_what_was_left()
    assert (room.get_status(order_id=order_id)["status"], bank.taken) == ("captured", 1200)


def test_a_payment_nobody_told_us_of_is_found_after_a_while(start: Start, choose: Choose, room: Any, order_id: str,
                                                           bank: Bank) -> None:
    bank.will("drop_webhook")
    choose(start(), "pay")
    room.finish_what_was_left()
    assert room.get_status(order_id=order_id)["status"] == "pending"  # the buyer may still be there

    bank.let_time_pass()
    room.finish_what_was_left()
    assert room.get_status(order_id=order_id)["status"] == "captured"


def test_a_page_that_comes_into_being_after_closing_is_closed_at_once(start: Start, choose: Choose, room: Any,
                                                                     order_id: str, bank: Bank,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(Sandbox):
        def authorize(self, attempt: Attempt) -> Record:
            room.close(order_id=order_id)
            return super().authorize(attempt)

    with monkeypatch.context() as patch:
        patch.setitem(roster.PROVIDERS, "sandbox", Late)
        with pytest.raises(PaymentClosed):
            start()

    payment_id = room.get_status(order_id=order_id)["payment_id"]
    choose({"payment_id": payment_id}, "pay")
    assert room.close(order_id=order_id)["captured"] == bank.taken == 0


def test_late_money_of_a_failed_attempt_goes_back_from_where_it_came(
        start: Start, choose: Choose, told: Callable[[], None], room: Any, order_id: str, bank: Bank,
        database: Transactions) -> None:
    """The first attempt failed, the second is under way; then the first has taken the money after all."""
    first = start()
    choose(first, "decline")
    second = start()
    database.run(lambda tx: tx.execute(text("UPDATE sandbox_charge SET status = 'captured' WHERE payment_id = :p"),
                                       {"p": first["payment_id"]}))
    room.collection.look_into(first["payment_id"])
    assert room.get_status(order_id=order_id) == {
        "order_id": order_id, "payment_id": first["payment_id"], "status": "captured", "captured": 1200, "refunded": 0,
        "currency": "EUR"}

    choose(second, "pay")
    told()
    room.close(order_id=order_id)
    room.refund(refund_id=order_id, order_id=order_id, amount=1200, currency="EUR")
    assert bank.taken == bank.given_back == 1200


# --- what the provider has is not what we asked for ---


@pytest.mark.parametrize(("wrong", "reason"), [
    ({"amount": 1100}, "wrong_amount"), ({"amount": 1300}, "wrong_amount"), ({"currency": "GBP"}, "wrong_currency"),
    ({"live": True}, "wrong_mode"), ({"order_id": "another"}, "foreign_reference"),
    ({"payment_id": "another"}, "foreign_reference"), ({"reference": "another"}, "foreign_reference")])
def test_money_that_is_not_what_we_asked_for_is_reviewed_and_never_taken(
        start: Start, choose: Choose, told: Callable[[], None], room: Any, order_id: str, bank: Bank,
        database: Transactions, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], reason: str) -> None:
    class Odd(Sandbox):
        def fetch(self, attempt: Attempt) -> Record:
            return replace(super().fetch(attempt), **wrong)

    choose(start(), "pay")
    with monkeypatch.context() as patch:
        patch.setitem(roster.PROVIDERS, "sandbox", Odd)
        told()
    told()

    assert room.get_status(order_id=order_id)["status"] == "review"
    assert (bank.taken, events(database, order_id)) == (0, ["payment.review"])
    with pytest.raises(PaymentInReview):
        start()
    with pytest.raises(RoomSilent):
        room.close(order_id=order_id)
    assert room.get_status(order_id=order_id)["status"] == "review"
    [stored] = database.read(lambda tx: tx.execute(
        text("SELECT reason FROM payment WHERE order_id = :o"), {"o": order_id}).scalars().all())
    assert stored == reason


@pytest.mark.parametrize("other", [{"amount": 1300}, {"currency": "GBP"}])
def test_an_order_is_paid_in_one_amount_only(start: Start, other: dict[str, Any]) -> None:
    start()
    with pytest.raises(AmountMismatch):
        start(**other)


# --- where buyers may be sent ---


@pytest.mark.parametrize("url", [
    "//evil.example", "/\\evil.example", "https://evil.example/", "http://cinema.example/", "javascript:alert(1)",
    "https://cinema.example.evil.example/", "https://cinema.example@evil.example/", "order/1", "", " /order/1",
    "/order/1\r\nSet-Cookie: a=b", "https://cinema.example\\@evil.example/", "https://[", "/order/\u00e9"])
def test_nobody_is_sent_to_a_stranger(start: Start, url: str, bank: Bank) -> None:
    with config.patch({"payment": {**config["payment"], "return_origins": ["https://cinema.example"]}}), \
            pytest.raises((ReturnUrlRefused, FieldsInvalid), match="return_url"):
        start(return_url=url)
    assert bank.charges == 0


def test_a_cinema_may_have_its_page_elsewhere(start: Start, choose: Choose, room: Any) -> None:
    with config.patch({"payment": {**config["payment"], "return_origins": ["https://cinema.example"]}}):
        begun = start(return_url="https://cinema.example/order/1?paid")

    shown = room.show_page(payment_id=begun["payment_id"], language="en")
    assert shown["return_origin"] == "https://cinema.example"
    assert choose(begun, "pay")["location"] == "https://cinema.example/order/1?paid"


def test_where_real_money_is_taken_test_money_is_not(start: Start, room: Any) -> None:
    begun = start()
    with config.patch({"payment": {**config["payment"], "provider": "stripe"}}):
        with pytest.raises(PaymentMethodUnknown):
            start(method="sandbox")
        with pytest.raises(PaymentMethodUnknown):
            room.charge(order_id="o", amount=1, currency="EUR", method="sandbox")
        with pytest.raises(UnknownPayment):
            room.show_page(payment_id=begun["payment_id"], language="en")
