"""The negative controls of the model: each guard is removed in turn, and the ledger has to notice."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import true
from sqlalchemy.engine import Connection

from schemas import payment
from services.foundation.database import Transactions
from services.foundation.events import outbox
from services.foundation.rpc.idempotency import IdempotencyKey
from services.kitchen import stock
from services.loyalty import rules as loyalty_rules
from services.order.cancelling import cancelled_screenings
from services.order.replies import replayed_answers
from services.order.screenings import seat_groups
from services.order.seat_boards import SeatBoards
from services.payment import rules
from services.payment.cards import store as card_store
from services.payment.cards.kept_cards import KeptCards
from services.payment.sandbox import webhooks
from services.wallet import store as wallet_store
from tests.integration.model import settlement
from tests.integration.model.cinema import Cinema
from tests.integration.model.ledger import Divergence
from tests.integration.model.play import MemberPlay, OrderPlay, play_until
from tests.sizes import SIZES, Size

Removal = Callable[[Cinema, pytest.MonkeyPatch], Any]


@contextmanager
def without_the_key_of_claims(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """And without the invariant that looks for the key: the ledger has to notice."""
    patch.setattr(settlement, "INVARIANTS", [each for each in settlement.INVARIANTS if each.name != "I1"])

    def alter(*changes: str) -> None:
        with cinema.world.engines["order"].begin() as tx:
            for change in changes:
                tx.exec_driver_sql(change)

    alter("ALTER TABLE seat_claim DROP PRIMARY KEY, ADD KEY plain (screening_id, seat_id)")
    yield
    alter("DELETE FROM seat_claim", "ALTER TABLE seat_claim DROP KEY plain, ADD PRIMARY KEY (screening_id, seat_id)")


@contextmanager
def without_counting_the_stock(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    constraint = "CONSTRAINT nothing_sold_that_is_not_there"
    with cinema.world.engines["kitchen"].begin() as tx:
        tx.exec_driver_sql(f"ALTER TABLE snack DROP {constraint}")
    patch.setattr(stock, "enough", lambda quantity: true())
    yield
    with cinema.world.engines["kitchen"].begin() as tx:
        tx.exec_driver_sql("UPDATE snack SET left_over = 0")
        tx.exec_driver_sql(f"ALTER TABLE snack ADD {constraint} CHECK (left_over >= 0)")


@contextmanager
def without_asking_the_payment_room(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Orders end by their deadline alone."""
    call = cinema.world.line.call
    patch.setattr(cinema.world.line, "call", lambda method, fields, **context: (
        {"captured": 0} if method is payment.CLOSE else call(method, fields, **context)))
    yield


@contextmanager
def without_looking_at_signatures(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    patch.setattr(webhooks, "is_genuine", lambda *said: True)
    yield


@contextmanager
def without_comparing_amounts(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    patch.setattr(rules, "mismatch", lambda *told: None)
    yield


@contextmanager
def without_remembering_keys(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    patch.setattr(IdempotencyKey, "given", False)
    yield


@contextmanager
def without_looking_at_tickets_again(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """What was answered is told again as it was, codes and all."""
    patch.setattr(replayed_answers, "_without_codes", lambda reply: reply)
    patch.setattr(replayed_answers, "_with_present_tickets", lambda tx, reply: reply)
    yield


@contextmanager
def without_the_event_in_the_decision(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The film room is told of a cancelled screening in a transaction of its own, after the decision's."""
    decide, untold = cancelled_screenings.decide, list[Callable[[Connection], None]]()

    def decide_and_tell(database: Transactions, *request: Any) -> dict[str, Any]:
        untold.clear()
        summary = decide(database, *request)
        for tell in untold:
            database.run(tell)
        return summary

    patch.setattr(cancelled_screenings, "decide", decide_and_tell)
    patch.setattr(cancelled_screenings, "outbox", SimpleNamespace(write=lambda tx, *event, **about: untold.append(
        lambda later: outbox.write(later, *event, **about))))
    yield


@contextmanager
def without_watching_boards(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """After a write that Redis has not answered."""
    patch.setattr(SeatBoards, "_watch", lambda *board: None)
    yield


@contextmanager
def without_keeping_couples_together(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    patch.setattr(seat_groups, "_check_couples", lambda *seats: None)
    yield


@contextmanager
def without_keeping_companions_together(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    patch.setattr(seat_groups, "_check_companions", lambda *seats: None)
    yield


@contextmanager
def altered(cinema: Cinema, room: str, without: str, again: str, *tables: str) -> Iterator[None]:
    """A room's tables without a key or a constraint."""
    with cinema.world.engines[room].begin() as tx:
        tx.exec_driver_sql(f"ALTER TABLE {tables[0]} {without}")
    yield
    with cinema.world.engines[room].begin() as tx:
        for table in tables:
            tx.exec_driver_sql(f"DELETE FROM {table}")
        tx.exec_driver_sql(f"ALTER TABLE {tables[0]} {again}")


@contextmanager
def without_counting_the_wallet(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    constraint = "CONSTRAINT nothing_spent_that_is_not_there"
    patch.setattr(wallet_store, "enough", lambda more: true())
    with altered(cinema, "wallet", f"DROP {constraint}", f"ADD {constraint} CHECK (posted - reserved >= 0)",
                 "account"):
        yield


@contextmanager
def without_the_key_of_points(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    with altered(cinema, "loyalty", "DROP INDEX booked_once", "ADD UNIQUE KEY booked_once (source_id, kind)", "entry"):
        yield


@contextmanager
def without_looking_for_todays_check_in(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    key = "one_check_in_a_day"
    patch.setattr(loyalty_rules, "is_done", lambda *day: False)
    with altered(cinema, "loyalty", f"DROP INDEX {key}", f"ADD UNIQUE KEY {key} (user_id, local_date)", "check_in"):
        yield


@contextmanager
def without_asking_whose_card_it_is(cinema: Cinema, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nor whether it is kept still."""
    patch.setattr(KeptCards, "token", lambda cards, user_id, card_id: cards.database.read(
        lambda tx: card_store.find(tx, card_id)).token)
    yield


# Seeds with which each is noticed soon; with `fresh_controls` the run's own is taken.
SEEDS = {
    without_the_key_of_claims: 5, without_counting_the_stock: 1, without_asking_the_payment_room: 1,
    without_looking_at_signatures: 1, without_comparing_amounts: 3, without_remembering_keys: 0,
    without_looking_at_tickets_again: 14, without_the_event_in_the_decision: 4, without_watching_boards: 34,
    without_keeping_couples_together: 7, without_keeping_companions_together: 10}
# These are sought with the steps of members, by which the others would become rarer.
SEEDS_WITH_MEMBERS = {
    without_counting_the_wallet: 0, without_the_key_of_points: 3, without_looking_for_todays_check_in: 0,
    without_asking_whose_card_it_is: 2}


STEPS = 50   # of a play: short ones begin anew more often, and most guards are missed soon or never


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """All the guards; or some of them, others with each seed."""
    option, guards = metafunc.config.option, [*SEEDS, *SEEDS_WITH_MEMBERS]
    size = SIZES[option.size]
    metafunc.parametrize("removal", random.Random(option.seed).sample(guards, min(size.missing_guards, len(guards))))


def test_a_missing_guard_is_noticed(cinema: Cinema, monkeypatch: pytest.MonkeyPatch, removal: Removal, size: Size,
                                    seed: int) -> None:
    known, kind = (SEEDS[removal], OrderPlay) if removal in SEEDS else (SEEDS_WITH_MEMBERS[removal], MemberPlay)
    with removal(cinema, monkeypatch), pytest.raises(Divergence):
        play_until(lambda: cinema.steps >= size.control_steps, cinema, seed if size.fresh_controls else known,
                   shrink=False, kind=kind, steps=STEPS)
