"""Cards kept at a server that answers like Stripe's."""

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from schemas.errors import RoomSilent
from services.foundation.database import Transactions, utc_now
from services.foundation.ids import new_id
from services.foundation.rpc.calls import Principal
from tests.drivers.checkout_page import begin_to_pay
from tests.drivers.stripe_server import Stripe


@pytest.fixture
def room(server: Stripe, open_room: Callable[[], Any]) -> Any:
    """The payment room with Stripe, called by a member."""
    room = open_room()
    room.principal = Principal(user_id=new_id())
    return room


@pytest.fixture
def card_id(room: Any, server: Stripe) -> str:
    """The card that the member has kept while paying at Stripe's page."""
    begun = begin_to_pay(room, new_id(), user_id=room.principal.user_id, save_card=True)
    server.pay(server.session_of(begun["payment_id"]))
    room.payments.sync_with_provider(begun["payment_id"])
    room.finish_cards()
    [card] = room.get_cards()
    assert (card["brand"], card["last4"], card["exp_month"], card["exp_year"]) == ("visa", "4242", 12, 2031)
    return str(card["card_id"])


@pytest.fixture
def pay(room: Any, order_id: str, card_id: str) -> Callable[[], dict[str, Any]]:
    """The member pays the order with the kept card."""
    return lambda: begin_to_pay(room, order_id, user_id=room.principal.user_id, card_id=card_id)


def received(server: Stripe) -> list[int]:
    """What came from kept cards."""
    return [each["amount_received"] for each in server.intents.values() if "way" in each["metadata"]]


def test_a_kept_card_pays_at_stripe_without_a_session(server: Stripe, pay: Callable[[], Any]) -> None:
    sessions = len(server.sessions)

    assert pay()["status"] == "captured"
    assert pay()["status"] == "captured"
    assert (received(server), len(server.sessions)) == ([1200], sessions)


def test_a_lost_answer_is_asked_for_again_and_nothing_is_charged_twice(
        room: Any, server: Stripe, order_id: str, pay: Callable[[], Any]) -> None:
    server.lost_answers = 1
    with pytest.raises(RoomSilent):
        pay()
    assert room.get_status(order_id=order_id)["status"] == "submitted"

    assert pay()["status"] == "captured"
    assert received(server) == [1200]


@pytest.mark.parametrize(("why", "reason"), [
    ("insufficient_funds", "insufficient_funds"), ("expired_card", "expired_card"), ("stolen_card", "declined")])
def test_a_declined_card_says_why_and_the_next_payment_may_pass(
        room: Any, server: Stripe, order_id: str, pay: Callable[[], Any], why: str, reason: str) -> None:
    server.card_declines = why
    assert pay()["status"] == "failed"
    assert room.get_status(order_id=order_id)["reason"] == reason

    server.card_declines = ""
    assert pay()["status"] == "captured"
    assert sorted(received(server)) == [0, 1200]


def test_a_decline_whose_answer_was_lost_is_found(
        room: Any, server: Stripe, order_id: str, pay: Callable[[], Any]) -> None:
    server.card_declines, server.lost_answers = "insufficient_funds", 1
    with pytest.raises(RoomSilent):
        pay()
    room.payments.finish(room.payments.state(order_id))

    status = room.get_status(order_id=order_id)
    assert (status["status"], status["reason"], received(server)) == ("failed", "insufficient_funds", [0])


def test_a_bank_that_wants_a_step_is_visited_and_the_money_captured_afterwards(
        room: Any, server: Stripe, order_id: str, pay: Callable[[], Any]) -> None:
    server.bank_asks = True
    begun = pay()
    assert (begun["status"], begun["redirect_url"]) == ("pending", f"{server.url}/step")
    assert pay() == begun

    server.take_the_step(begun["payment_id"])
    room.payments.sync_with_provider(begun["payment_id"])
    assert room.get_status(order_id=order_id)["captured"] == 1200
    assert received(server) == [1200]


def test_a_step_that_nobody_takes_ends_with_the_order(
        room: Any, server: Stripe, order_id: str, pay: Callable[[], Any]) -> None:
    server.bank_asks = True
    pay()

    assert room.close(order_id=order_id)["captured"] == 0
    assert [each["status"] for each in server.intents.values() if "way" in each["metadata"]] == ["canceled"]


def test_a_payment_is_not_made_once_stripe_may_have_forgotten_its_key(
        room: Any, database: Transactions, server: Stripe, order_id: str, pay: Callable[[], Any]) -> None:
    server.forbidden.add("payment_intents")   # the request has no effect there
    with pytest.raises(RoomSilent):
        pay()
    server.forbidden.clear()
    old = {"order": order_id, "then": utc_now() - dt.timedelta(hours=2)}
    database.run(lambda tx: tx.execute(text("UPDATE payment SET created_at = :then WHERE order_id = :order"), old))

    room.payments.finish(room.payments.state(order_id))
    assert room.get_status(order_id=order_id)["status"] == "cancelled"
    assert received(server) == []
    assert pay()["status"] == "captured"


def test_a_removed_card_is_detached_at_stripe_though_answers_are_lost(
        room: Any, database: Transactions, server: Stripe, card_id: str) -> None:
    room.remove_card(card_id=card_id)
    for lost in (1, 0, 0):
        server.lost_answers = lost
        database.run(lambda tx: tx.execute(text("UPDATE card SET tried_at = '2001-01-01'")))
        room.finish_cards()

    assert [method["customer"] for method in server.methods.values()] == [None]
    assert room.get_cards() == []


def test_no_token_of_a_card_is_logged_or_shown(
        room: Any, server: Stripe, pay: Callable[[], Any], card_id: str, caplog: pytest.LogCaptureFixture) -> None:
    server.card_declines = "stolen_card"
    with caplog.at_level(logging.INFO):
        pay()
        room.remove_card(card_id=card_id)
        server.lost_answers = 1
        room.finish_cards()

    told = caplog.text + str([vars(record) for record in caplog.records]) + str(room.get_cards())
    assert "pm_" not in told
    assert "cus_" not in told
