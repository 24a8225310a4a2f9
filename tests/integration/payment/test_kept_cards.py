"""Members keep cards at the provider, pay with them, and remove them."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from schemas.errors import RoomSilent
from schemas.payment import UnknownCard
from services.foundation.database import Transactions
from services.foundation.events.consumers import Delivery
from services.foundation.ids import new_id
from services.foundation.rpc.calls import Principal
from services.payment import provider_registry
from services.payment.cards import store
from services.payment.sandbox.provider import Sandbox
from tests.drivers.checkout_page import begin_to_pay
from tests.drivers.sandbox_bank import Bank, WatchedSandbox
from tests.integration.payment.conftest import Choose

MOMENTS = ["before authorize", "after authorize", "before capture", "after capture"]


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
def member(room: Any) -> str:
    """The member who calls the room."""
    room.principal = Principal(user_id=new_id())
    return str(room.principal.user_id)


@pytest.fixture
def pay_at_page(room: Any, choose: Choose, member: str) -> Callable[..., dict[str, Any]]:
    """The member pays an order at the provider's page and wants the card to be kept; what was begun."""
    def pay(choice: str = "pay", **other: Any) -> dict[str, Any]:
        begun = begin_to_pay(room, new_id(), user_id=member, save_card=True, **other)
        choose(begun, choice)
        if choice == "challenge":
            choose(begun, "confirm", "1234")
        room.payments.sync_with_provider(begun["payment_id"])
        return begun

    return pay


@pytest.fixture
def keep(room: Any, pay_at_page: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """The same, and the card is kept; its id."""
    def pay(choice: str = "pay", **other: Any) -> str:
        pay_at_page(choice, **other)
        room.finish_cards()
        return str(room.get_cards()[0]["card_id"])

    return pay


@pytest.fixture
def pay(room: Any, order_id: str, member: str) -> Callable[[str], dict[str, Any]]:
    """The member pays the order with a kept card."""
    return lambda card_id: begin_to_pay(room, order_id, user_id=member, card_id=card_id)


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch, database: Transactions) -> Callable[[str, Callable[[], object]], None]:
    """The work, in a process that dies at that moment."""
    def die() -> None:
        raise Crash

    def run(moment: str, work: Callable[[], object]) -> None:
        with monkeypatch.context() as patch:
            watched = WatchedSandbox(database, moment, die)
            patch.setitem(provider_registry.PROVIDERS, "sandbox", lambda *_: watched)
            with pytest.raises(Crash):
                work()

    return run


def tokens(database: Transactions, card_id: str) -> tuple[str, int]:
    """The status of a card, and whether the sandbox still has it."""
    query = text("SELECT c.status, COUNT(s.token) FROM card c LEFT JOIN sandbox_card s ON s.token = c.payment_id "
                 "WHERE c.card_id = :card GROUP BY c.status")
    status, there = database.read(lambda tx: tx.execute(query, {"card": card_id}).one())
    return str(status), int(there)


def test_a_card_that_paid_is_listed_by_brand_and_last_digits(room: Any, keep: Callable[[], str]) -> None:
    card_id = keep()

    [card] = room.get_cards()
    assert set(card) == {"card_id", "brand", "last4", "exp_month", "exp_year", "created_at"}
    assert (card["card_id"], card["brand"], card["last4"], card["exp_month"]) == (card_id, "visa", "4242", 12)


@pytest.mark.parametrize("choice", ["decline", "abandon"])
def test_a_card_that_did_not_pay_is_not_kept(room: Any, pay_at_page: Callable[..., Any], choice: str) -> None:
    pay_at_page(choice)
    room.finish_cards()
    assert room.get_cards() == []


def test_a_kept_card_pays_at_once_and_once(
        room: Any, keep: Callable[[], str], pay: Callable[[str], Any], order_id: str, bank: Bank) -> None:
    card_id = keep()

    first = pay(card_id)
    assert (first["status"], first["redirect_url"]) == ("captured", None)
    assert pay(card_id) == first
    assert (bank.taken, bank.charges) == (1200, 1)
    assert room.get_status(order_id=order_id)["captured"] == 1200


def test_a_declined_card_leaves_the_order_payable(
        room: Any, keep: Callable[[], str], pay: Callable[[str], Any], order_id: str, bank: Bank) -> None:
    card_id = keep()
    bank.will("decline")

    assert pay(card_id)["status"] == "failed"
    assert room.get_status(order_id=order_id)["reason"] == "declined"
    assert pay(card_id)["status"] == "captured"
    assert (bank.taken, bank.charges) == (1200, 2)


def test_a_card_whose_bank_wants_a_step_leads_to_its_page(
        room: Any, keep: Callable[[str], str], pay: Callable[[str], Any], order_id: str, choose: Choose,
        bank: Bank) -> None:
    card_id = keep("challenge")
    begun = pay(card_id)

    assert (begun["status"], begun["redirect_url"]) == ("pending", f"/payment/sandbox/{begun['payment_id']}")
    assert pay(card_id) == begun
    assert choose(begun, "confirm", "1234")["location"] == "/order/1"
    assert room.close(order_id=order_id)["captured"] == bank.taken == 1200


def test_choosing_a_kept_card_closes_the_page_and_the_other_way_round(
        room: Any, keep: Callable[[str], str], pay: Callable[[str], Any], order_id: str, member: str, choose: Choose,
        bank: Bank) -> None:
    card_id = keep("challenge")
    page = begin_to_pay(room, order_id, user_id=member)
    step = pay(card_id)
    keeping = begin_to_pay(room, order_id, user_id=member, save_card=True)

    assert begin_to_pay(room, order_id, user_id=member) == keeping  # which is a page as good as any
    assert len({begun["payment_id"] for begun in (page, step, keeping)}) == 3
    for closed in (page, step):
        assert choose(closed, "pay")["location"] == "/order/1"
    choose(keeping, "pay")
    assert room.close(order_id=order_id)["captured"] == bank.taken == 1200


def test_nobody_pays_with_or_removes_the_card_of_another_member(
        room: Any, keep: Callable[[], str], order_id: str, member: str) -> None:
    card_id = keep()
    stranger = new_id()
    for unknown, payer in ((card_id, stranger), (card_id, None), (new_id(), member)):
        with pytest.raises(UnknownCard):
            begin_to_pay(room, order_id, user_id=payer, card_id=unknown)
    assert room.get_status(order_id=order_id)["status"] == "none"

    room.principal = Principal(user_id=stranger)
    assert room.get_cards() == []
    with pytest.raises(UnknownCard):
        room.remove_card(card_id=card_id)
    room.principal = Principal(user_id=member)
    assert [card["card_id"] for card in room.get_cards()] == [card_id]


def test_a_removed_card_is_gone_at_once_and_detached_when_its_provider_answers(
        room: Any, database: Transactions, keep: Callable[[], str], pay: Callable[[str], Any],
        monkeypatch: pytest.MonkeyPatch) -> None:
    card_id = keep()

    def silence(self: object, token: str) -> None:
        raise RoomSilent(room="sandbox")

    with monkeypatch.context() as outage:
        outage.setattr(Sandbox, "detach", silence)
        assert room.remove_card(card_id=card_id) == room.remove_card(card_id=card_id) == {}
        assert room.get_cards() == []
        room.finish_cards()
    assert tokens(database, card_id) == ("removed", 1)
    with pytest.raises(UnknownCard):
        pay(card_id)

    long_ago = text("UPDATE card SET tried_at = '2001-01-01' WHERE card_id = :card")
    database.run(lambda tx: tx.execute(long_ago, {"card": card_id}))
    room.finish_cards()
    assert tokens(database, card_id) == ("detached", 0)
    kept = text("SELECT token, brand, last4, fingerprint, exp_year FROM card WHERE card_id = :card")
    assert set(database.read(lambda tx: tx.execute(kept, {"card": card_id}).one())) == {None}
    assert room.remove_card(card_id=card_id) == {}


def test_a_member_whose_account_ends_loses_the_cards_and_keeps_no_more(
        room: Any, database: Transactions, keep: Callable[..., str], pay_at_page: Callable[..., Any],
        member: str) -> None:
    card_id = keep()
    ended = Delivery("payment.remove_cards", new_id(), f"{member}-end", 1, None, {"user_id": member}, 0)  # type: ignore[arg-type]
    room.remove_cards(ended)
    room.remove_cards(ended)
    late = pay_at_page("challenge")

    for _ in range(2):
        room.finish_cards()
    assert room.get_cards() == []
    assert tokens(database, card_id) == ("detached", 0)
    there = text("SELECT COUNT(*) FROM sandbox_card WHERE token = :token")
    assert database.read(lambda tx: tx.execute(there, {"token": late["payment_id"]}).scalar()) == 0


def test_the_same_card_is_kept_once_and_ten_cards_at_most(
        room: Any, keep: Callable[..., str], pay_at_page: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    first, again = keep(), keep()
    assert first != again
    assert [card["card_id"] for card in room.get_cards()] == [again]

    monkeypatch.setattr(store, "CARDS_AT_MOST", 1)
    pay_at_page("challenge")
    room.finish_cards()
    assert [card["card_id"] for card in room.get_cards()] == [again]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_repeated_call_continues_the_payment_of_a_process_that_died(
        crash: Callable[..., None], keep: Callable[[], str], pay: Callable[[str], Any], bank: Bank,
        moment: str) -> None:
    card_id = keep()
    crash(moment, lambda: pay(card_id))

    assert pay(card_id)["status"] == "captured"
    assert (bank.taken, bank.charges) == (1200, 1)


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_timer_ends_the_payment_of_a_process_that_died(
        room: Any, crash: Callable[..., None], keep: Callable[[], str], pay: Callable[[str], Any], order_id: str,
        bank: Bank, moment: str) -> None:
    card_id = keep()
    crash(moment, lambda: pay(card_id))

    bank.let_time_pass()
    room.finish_stale_work()
    assert room.get_status(order_id=order_id)["captured"] == bank.taken == 1200


@pytest.mark.parametrize("moment", MOMENTS)
def test_closing_after_the_process_died_returns_what_was_taken(
        room: Any, crash: Callable[..., None], keep: Callable[[], str], pay: Callable[[str], Any], order_id: str,
        bank: Bank, moment: str) -> None:
    card_id = keep()
    crash(moment, lambda: pay(card_id))

    assert room.close(order_id=order_id)["captured"] == bank.taken == (1200 if moment == "after capture" else 0)


def test_another_way_to_pay_waits_for_what_became_of_the_kept_card(
        room: Any, crash: Callable[..., None], keep: Callable[[], str], pay: Callable[[str], Any], order_id: str,
        member: str, bank: Bank) -> None:
    card_id = keep()
    crash("before authorize", lambda: pay(card_id))

    assert begin_to_pay(room, order_id, user_id=member)["status"] == "captured"
    assert (bank.taken, bank.charges) == (1200, 1)


# --- two at the same time ---


def let_them_meet(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Two transactions both read the member's cards before either writes, unless a lock keeps one waiting so long."""
    barrier, read = threading.Barrier(2), store.kept

    def kept(*about: Any) -> list[Any]:
        found = read(*about)
        with suppress(threading.BrokenBarrierError):   # the other one waits for our lock
            barrier.wait(seconds)
        return found

    monkeypatch.setattr(store, "kept", kept)


@pytest.mark.parametrize("locked", [True, False])
def test_one_card_kept_by_two_processes_at_once_is_listed_once(
        room: Any, database: Transactions, pay_at_page: Callable[..., Any], member: str, locked: bool,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lock on the holder, both stay."""
    let_them_meet(monkeypatch, 0.5 if locked else 20)
    if not locked:
        monkeypatch.setattr(store, "lock_holder", lambda *_: False)
    paid = [pay_at_page()["payment_id"] for _ in range(2)]
    threads = [threading.Thread(target=room.kept_cards._keep, args=(payment_id,)) for payment_id in paid]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    kept = text("SELECT COUNT(*) FROM card WHERE user_id = :member AND status = 'kept'")
    assert database.read(lambda tx: tx.execute(kept, {"member": member}).scalar()) == (1 if locked else 2)
