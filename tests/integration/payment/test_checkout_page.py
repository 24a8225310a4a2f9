"""A buyer pays at the provider's page and comes back."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from nameko import config

from schemas.errors import FieldsInvalid, RoomSilent
from schemas.payment import PaymentClosed, PaymentMethodUnknown, ReturnUrlRefused, UnknownPayment
from services.foundation.database import Transactions, utc_now
from tests.drivers.checkout_page import begin_to_pay, events
from tests.drivers.sandbox_bank import Bank
from tests.integration.payment.conftest import Choose, Start


def test_a_buyer_is_sent_to_the_provider_before_money_is_taken(
        start: Start, room: Any, order_id: str, bank: Bank) -> None:
    begun = start()

    assert begun == {"payment_id": begun["payment_id"], "status": "pending",
                     "redirect_url": f"/payment/sandbox/{begun['payment_id']}"}
    assert room.get_status(order_id=order_id)["status"] == "pending"
    assert (bank.taken, bank.charges) == (0, 1)


def test_a_buyer_pays_at_the_page(
        start: Start, choose: Choose, told: Callable[[], None], room: Any, order_id: str, bank: Bank,
        database: Transactions) -> None:
    answer = choose(start(), "pay")
    told()

    assert answer["location"] == "/order/1"
    assert room.get_status(order_id=order_id)["status"] == "captured"
    assert (bank.taken, events(database, order_id)) == (1200, ["payment.captured"])


def test_a_repeated_start_returns_the_same_page(start: Start, bank: Bank) -> None:
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


def test_a_declined_buyer_may_try_again_before_the_webhook_arrives(
        start: Start, choose: Choose, told: Callable[[], None], database: Transactions, order_id: str,
        bank: Bank) -> None:
    first = start()
    choose(first, "decline")
    second = start()
    choose(second, "pay")
    told()

    assert second["payment_id"] != first["payment_id"]
    assert (bank.taken, bank.charges) == (1200, 2)
    assert events(database, order_id) == ["payment.failed", "payment.captured"]


def test_a_second_attempt_waits_until_the_decline_is_known(start: Start, choose: Choose, bank: Bank) -> None:
    choose(start(), "decline")
    bank.will("lose_fetch")

    with pytest.raises(RoomSilent):
        start()
    assert bank.charges == 1


def test_a_repeated_start_after_paying_finds_the_payment(start: Start, choose: Choose, bank: Bank) -> None:
    choose(start(), "pay")

    assert start()["status"] == "captured"
    assert start()["redirect_url"] is None
    assert (bank.taken, bank.charges) == (1200, 1)


def test_twenty_simultaneous_starts_share_one_page(start: Start, bank: Bank) -> None:
    with ThreadPoolExecutor(10) as buyers:
        begun = list(buyers.map(lambda _: start(), range(20)))

    assert len({answer["redirect_url"] for answer in begun}) == 1
    assert bank.charges == 1


def test_a_challenged_payment_is_authorized_by_the_right_code(
        start: Start, choose: Choose, told: Callable[[], None], bank: Bank) -> None:
    begun = start()
    asked = choose(begun, "challenge")
    told()
    assert "1234" in asked["html"]
    assert bank.taken == 0

    assert "not the code" in choose(begun, "confirm", "9999")["html"]
    assert choose(begun, "confirm", "1234")["location"] == "/order/1"
    told()
    assert bank.taken == 1200


def test_three_wrong_codes_decline_a_payment(
        start: Start, choose: Choose, told: Callable[[], None], room: Any, order_id: str) -> None:
    begun = start()
    choose(begun, "challenge")
    for _ in range(3):
        choose(begun, "confirm", "0000")
    choose(begun, "confirm", "1234")  # too late
    told()

    assert room.get_status(order_id=order_id)["status"] == "failed"


def test_a_buyer_may_return_to_an_abandoned_page(start: Start, choose: Choose, room: Any, order_id: str) -> None:
    begun = start()

    assert choose(begun, "abandon")["location"] == "/order/1?payment=abandoned"
    assert room.get_status(order_id=order_id)["status"] == "pending"
    assert start() == begun
    assert "Test money" in room.show_page(payment_id=begun["payment_id"], language="en")["html"]


def test_an_ended_payment_has_no_page(start: Start, choose: Choose, room: Any) -> None:
    begun = start()
    choose(begun, "decline")

    assert room.show_page(payment_id=begun["payment_id"], language="zh")["location"] == "/order/1"
    choose(begun, "pay")
    assert room.show_page(payment_id=begun["payment_id"], language="zh")["location"] == "/order/1"


def test_an_unknown_payment_has_no_page(room: Any, order_id: str) -> None:
    with pytest.raises(UnknownPayment):
        room.show_page(payment_id=order_id, language="en")


def test_an_expired_page_takes_no_money(start: Start, choose: Choose, room: Any, order_id: str, bank: Bank) -> None:
    begun = start(expires_at=(utc_now() - dt.timedelta(seconds=1)).isoformat())

    assert choose(begun, "pay")["location"] == "/order/1"
    bank.let_time_pass()
    room.finish_stale_work()
    assert (room.get_status(order_id=order_id)["status"], bank.taken) == ("cancelled", 0)


# --- closing ---


def test_closing_an_order_closes_its_page(
        start: Start, choose: Choose, told: Callable[[], None], room: Any, order_id: str, bank: Bank) -> None:
    begun = start()

    assert room.close(order_id=order_id)["status"] == "closed"
    assert choose(begun, "pay")["location"] == "/order/1"
    told()
    with pytest.raises(PaymentClosed):
        start()
    assert (room.get_status(order_id=order_id)["captured"], bank.taken) == (0, 0)


@pytest.mark.parametrize("heard", [True, False])
def test_a_payment_before_closing_is_in_time(
        start: Start, choose: Choose, told: Callable[[], None], room: Any, order_id: str, bank: Bank,
        heard: bool) -> None:
    choose(start(), "pay")
    if heard:
        told()

    assert room.close(order_id=order_id)["captured"] == bank.taken == 1200


def test_closing_is_refused_while_the_provider_is_silent(
        start: Start, choose: Choose, room: Any, order_id: str, bank: Bank) -> None:
    choose(start(), "pay")
    bank.will("lose_fetch")
    with pytest.raises(RoomSilent):
        room.close(order_id=order_id)

    assert room.close(order_id=order_id)["captured"] == bank.taken == 1200


# --- where buyers may be sent ---

RETURN_ORIGINS = {"payment": {"return_origins": ["https://cinema.example"]}}
StartWith = Callable[..., dict[str, Any]]


@pytest.fixture
def start_with(open_room: Callable[[], Any], order_id: str) -> StartWith:
    """Begin to pay the order in a room with other settings."""
    def begin(changes: dict[str, Any], **other: Any) -> dict[str, Any]:
        with config.patch({**changes, "payment": {**config["payment"], **changes.get("payment", {})}}):
            return begin_to_pay(open_room(), order_id, **other)

    return begin


@pytest.mark.parametrize("url", [
    "//evil.example", "/\\evil.example", "https://evil.example/", "http://cinema.example/", "javascript:alert(1)",
    "https://cinema.example.evil.example/", "https://cinema.example@evil.example/", "order/1", "", " /order/1",
    "/order/1\r\nSet-Cookie: a=b", "https://cinema.example\\@evil.example/", "https://[", "/order/\u00e9",
    "http://127.0.0.1.evil.example/", "http://localhost@evil.example/", "http://127.0.0.1:80@evil.example/",
    "ftp://127.0.0.1/", "http://127.0.0.1:8000\r\nSet-Cookie: a=b"])
def test_a_buyer_is_never_sent_to_a_foreign_address(start_with: StartWith, url: str, bank: Bank) -> None:
    with pytest.raises((ReturnUrlRefused, FieldsInvalid), match="return_url"):
        start_with(RETURN_ORIGINS, return_url=url)
    assert bank.charges == 0


def test_a_buyer_may_be_sent_back_to_a_configured_origin(start_with: StartWith, choose: Choose, room: Any) -> None:
    begun = start_with(RETURN_ORIGINS, return_url="https://cinema.example/order/1?paid")

    shown = room.show_page(payment_id=begun["payment_id"], language="en")
    assert shown["return_origin"] == "https://cinema.example"
    assert choose(begun, "pay")["location"] == "https://cinema.example/order/1?paid"


@pytest.mark.parametrize("url", ["http://127.0.0.1:3000/order/1", "http://localhost/order/1", "http://[::1]:8080/"])
def test_a_buyer_may_be_sent_back_to_a_loopback_address_only_in_local_use(start_with: StartWith, url: str) -> None:
    assert start_with({}, return_url=url)["redirect_url"]
    with pytest.raises(ReturnUrlRefused):
        start_with({"environment": "production"}, return_url=url)


def test_a_buyer_may_be_sent_back_to_the_public_url(start_with: StartWith) -> None:
    production = {"environment": "production", "public_url": "https://cinema.example/"}
    assert start_with(production, return_url="https://cinema.example/order/1")["redirect_url"]


def test_a_direct_charge_closes_the_page(start: Start, choose: Choose, room: Any, order_id: str, bank: Bank) -> None:
    begun = start()

    charged = room.charge(order_id=order_id, amount=1200, currency="EUR", method="sandbox")

    assert (charged["status"], charged["captured"]) == ("captured", 1200)
    assert charged["payment_id"] != begun["payment_id"]
    assert choose(begun, "pay")["location"] == "/order/1"  # that page takes nothing any more
    assert bank.taken == 1200


def test_a_buyer_who_paid_at_the_page_is_not_charged_again(
        start: Start, choose: Choose, room: Any, order_id: str, told: Callable[[], None], bank: Bank) -> None:
    choose(start(), "pay")
    told()

    room.charge(order_id=order_id, amount=1200, currency="EUR", method="sandbox")
    assert bank.taken == 1200


def test_a_direct_charge_finds_the_money_just_paid_at_the_page(
        start: Start, choose: Choose, room: Any, order_id: str, bank: Bank) -> None:
    """No webhook has come yet. To cancel that money and charge another method, which may be declined, would lose it."""
    begun = start()
    choose(begun, "pay")
    bank.will("decline")

    charged = room.charge(order_id=order_id, amount=1200, currency="EUR", method="sandbox")

    assert (charged["payment_id"], charged["status"]) == (begun["payment_id"], "captured")
    assert (bank.taken, bank.charges) == (1200, 1)


def test_a_page_that_never_opened_does_not_stop_a_direct_charge(
        start: Start, room: Any, order_id: str, bank: Bank) -> None:
    bank.will("time_out")
    with pytest.raises(RoomSilent):
        start()

    assert room.charge(order_id=order_id, amount=1200, currency="EUR", method="sandbox")["status"] == "captured"
    assert bank.taken == 1200


def test_where_real_money_is_taken_test_money_is_refused(start: Start, open_room: Callable[[], Any],
                                                         order_id: str) -> None:
    begun, keys = start(), {"secret_key": "sk_live_1", "webhook_secrets": "whsec_1"}
    with config.patch({"payment": {**config["payment"], "provider": "stripe", "stripe": keys}}):
        room = open_room()
    with pytest.raises(PaymentMethodUnknown):
        begin_to_pay(room, order_id, method="sandbox")
    with pytest.raises(PaymentMethodUnknown):
        room.charge(order_id="o", amount=1, currency="EUR", method="sandbox")
    with pytest.raises(UnknownPayment):
        room.show_page(payment_id=begun["payment_id"], language="en")
