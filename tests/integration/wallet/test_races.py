"""Many move one wallet's money at the same time: it moves once per source, and never more of it than there is."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import true

from operations.checks.wallet import books_add_up
from schemas.wallet import InsufficientFunds
from services.foundation.database import Transactions, utc_now
from services.foundation.events.consumers import Delivery
from services.wallet import ledger, store
from tests.drivers.dying_consumers import Dying, bring
from tests.integration.wallet.conftest import has, transfer
from tests.sizes import Size

PAYMENTS, PAID, AT_ONCE, COPIES, PAIRS = 100, 10, 16, 40, 10
MEMBERS = ("ada", "bob", "eve")


@pytest.fixture
def rich(room: Any) -> Any:
    """The room, where Ada has 10 euros."""
    room.credit(**transfer("r1", 1000, "refund"))
    return room


# --- payments ---


def pay(database: Transactions, number: int) -> bool:
    """Whether this payment of one euro got its money."""
    wanted = transfer(f"p{number}", 100, order_id=None)
    try:
        database.run(lambda tx: ledger.reserve(tx, wanted))
    except InsufficientFunds:
        return False
    database.run(lambda tx: ledger.capture(tx, wanted))
    return True


def rush(database: Transactions) -> int:
    """A hundred payments at once from a balance for ten; how many got their money."""
    with ThreadPoolExecutor(AT_ONCE) as payers:
        return sum(payers.map(lambda number: pay(database, number), range(PAYMENTS)))


def test_of_a_hundred_payments_at_once_a_balance_for_ten_pays_ten(rich: Any, database: Transactions) -> None:
    assert rush(database) == PAID
    assert has(rich) == (0, 0, 0)
    assert database.read(books_add_up) == []


@pytest.fixture
def no_limit(monkeypatch: pytest.MonkeyPatch, database: Transactions) -> Iterator[None]:
    """Nothing checks whether there is enough, neither the room nor MariaDB."""
    constraint = "CONSTRAINT nothing_spent_that_is_not_there"
    alter(database, f"ALTER TABLE account DROP {constraint}")
    monkeypatch.setattr(store, "enough", lambda more: true())
    yield
    alter(database, "DELETE FROM account", f"ALTER TABLE account ADD {constraint} CHECK (posted - reserved >= 0)")


@pytest.mark.usefixtures("no_limit")
def test_more_is_paid_than_there_is_without_the_limit(rich: Any, database: Transactions) -> None:
    """The negative control."""
    assert rush(database) > PAID
    assert any("less than nothing" in breach for breach in database.read(books_add_up))


def alter(database: Transactions, *statements: str) -> None:
    with database.engine.begin() as tx:
        for statement in statements:
            tx.exec_driver_sql(statement)


# --- copies of one request ---


def send_copies(database: Transactions, move: Callable[..., Any]) -> None:
    """Many copies of one request about a euro, all at once."""
    wanted = {**transfer("c1", 100, "check_in"), "order_id": None}
    with ThreadPoolExecutor(AT_ONCE) as senders:
        list(senders.map(lambda _: database.run(lambda tx: move(tx, wanted)), range(COPIES)))


def test_copies_of_a_request_move_money_once(rich: Any, database: Transactions) -> None:
    send_copies(database, ledger.credit)
    assert has(rich) == (1100, 0, 1100)
    send_copies(database, ledger.reserve)
    assert has(rich) == (1100, 100, 1000)
    send_copies(database, ledger.capture)
    assert has(rich) == (1000, 0, 1000)
    assert database.read(books_add_up) == []


@pytest.fixture
def no_keys(database: Transactions) -> Iterator[None]:
    """A source may have several credits, and several reservations."""
    alter(database, "ALTER TABLE transfer DROP INDEX once_a_source", "ALTER TABLE reservation DROP PRIMARY KEY")
    yield
    alter(database, "DELETE FROM transfer", "DELETE FROM reservation",
          "ALTER TABLE transfer ADD UNIQUE KEY once_a_source (source_type, source_id, kind)",
          "ALTER TABLE reservation ADD PRIMARY KEY (source_type, source_id)")


@pytest.mark.usefixtures("no_keys")
def test_copies_of_a_request_move_money_more_than_once_without_the_keys(room: Any, database: Transactions) -> None:
    """The negative control."""
    send_copies(database, ledger.credit)
    posted, _, _ = has(room)
    assert posted > 100
    send_copies(database, ledger.reserve)
    assert has(room)[1] > 100


# --- both ends of a reservation ---


def end_in_both_ways(database: Transactions) -> list[str]:
    """Capture and release several reservations at once, beside one that stays; what is wrong with the books then."""
    kept = transfer("kept", 500, order_id=None)
    database.run(lambda tx: ledger.reserve(tx, kept))
    for number in range(PAIRS):
        wanted = transfer(f"p{number}", 10, order_id=None)
        database.run(lambda tx, w=wanted: ledger.reserve(tx, w))  # type: ignore[misc]
        with ThreadPoolExecutor(2) as both:
            ends = list(both.map(lambda end, w=wanted: database.run(lambda tx: end(tx, w)).status,
                                 (ledger.capture, ledger.release)))
        assert set(ends) <= {"captured", "released"}
    return database.read(books_add_up)


def test_a_reservation_that_is_captured_and_released_at_once_ends_in_one_way(rich: Any, database: Transactions) -> None:
    assert end_in_both_ways(database) == []
    posted, reserved, _ = has(rich)
    captured = database.read(lambda tx: tx.exec_driver_sql(
        "SELECT COUNT(*) FROM reservation WHERE status = 'captured'").scalar_one())
    assert (posted, reserved) == (1000 - 10 * captured, 500)


def test_a_reservation_ends_in_both_ways_without_the_lock(rich: Any, database: Transactions,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: both look before either has written."""
    look, both_have_looked = store.reservation, Barrier(2, timeout=10)

    def look_without_waiting(tx: Any, source: Any, lock: bool = False) -> Any:
        found = look(tx, source)
        if lock:
            both_have_looked.wait()
        return found

    monkeypatch.setattr(store, "reservation", look_without_waiting)
    assert end_in_both_ways(database)


# --- a crowd of messages ---


def crowd(room: Any, dice: random.Random, messages: int) -> tuple[list[Callable[[], object]], dict[str, int]]:
    """Payments, refunds, rewards and redeemed points of some members, and what each of them has in the end.

    Each message comes one to three times, in any order.
    """
    sent: list[Callable[[], object]] = []
    ledger_of_the_test = dict.fromkeys(MEMBERS, 0)
    for number in range(messages):
        user_id, amount = dice.choice(MEMBERS), dice.randint(1, 900)
        kind = dice.choice(("payment", "released", "refund", "check_in", "redemption"))
        message = _message(room, kind, f"{kind}{number}", user_id, amount)
        sent += [message] * dice.randint(1, 3)
        ledger_of_the_test[user_id] += {"payment": -amount, "released": 0}.get(kind, amount)
    dice.shuffle(sent)
    return sent, ledger_of_the_test


def _message(room: Any, kind: str, source_id: str, user_id: str, amount: int) -> Callable[[], object]:
    money = {"user_id": user_id, "amount": amount, "currency": "EUR"}

    def heard(**body: Any) -> Delivery:
        return Delivery("wallet", source_id, source_id, 1, utc_now(), body, 0)

    def pay_for_an_order(end: Callable[..., Any]) -> None:
        room.reserve(**transfer(source_id, amount, user_id=user_id))
        end(**transfer(source_id, amount, user_id=user_id))

    return {
        "payment": lambda: pay_for_an_order(room.capture), "released": lambda: pay_for_an_order(room.release),
        "refund": lambda: room.credit(**transfer(source_id, amount, "refund", user_id=user_id)),
        "check_in": lambda: room.credit_reward(heard(check_in_id=source_id, user_id=user_id,
                                                     reward={"kind": "wallet", **money})),
        "redemption": lambda: room.credit_redemption(heard(redemption_id=source_id, points=amount, **money)),
    }[kind]


def play(messages: list[Callable[[], object]]) -> int:
    """Bring the messages, each until its consumer survives it; how many have died."""
    with ThreadPoolExecutor(8) as consumers:
        return sum(consumers.map(bring, messages))


def test_a_crowd_of_messages_leaves_the_wallets_as_the_ledger_of_the_test_has_them(
        room: Any, database: Transactions, seed: int, size: Size) -> None:
    messages, expected = crowd(room, random.Random(seed), size.messages)
    for user_id in MEMBERS:
        room.credit(**transfer(f"first-{user_id}", 10**6, "refund", user_id=user_id))
    room.database = Dying(database.engine)

    assert play(messages) > 0

    room.database = database
    assert {user_id: has(room, user_id) for user_id in MEMBERS} == {
        user_id: (10**6 + amount, 0, 10**6 + amount) for user_id, amount in expected.items()}
    assert database.read(books_add_up) == []
