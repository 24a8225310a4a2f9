"""The cooks' queue: tickets in the order in which they are needed, without those that nobody will collect."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text

from operations.checks.stock import stock_adds_up
from schemas import order
from schemas.errors import FieldsInvalid, Forbidden
from schemas.kitchen import START, KitchenStepTaken
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.calls import Principal
from services.kitchen import rules, staff, store, tickets
from tests.integration.kitchen.conftest import SAM, paid, put_on_the_menu, room_of

EVENING = utc_now() + dt.timedelta(hours=3)
LONG_AGO = EVENING - dt.timedelta(days=2)


def take_up(kitchen: Transactions, order_id: str, starts_at: dt.datetime, ends_at: dt.datetime | None = None) -> None:
    body = order.PAID.load(paid(order_id, starts_at))["body"]
    body["screening"]["ends_at"] = ends_at
    kitchen.run(lambda tx: tickets.take_up(tx, body, rules.needed_at(starts_at, dt.timedelta(minutes=10))))


def queue(kitchen: Transactions, cinema_id: str | None = "kanal", statuses: Sequence[str] = rules.WAITING,
          **page: Any) -> list[str]:
    """The orders in the queue."""
    since = utc_now() - rules.STALE_AFTER
    found = kitchen.read(lambda tx: tickets.with_snacks(tx, store.queue(
        tx, {cinema_id} if cinema_id else None, statuses, since, **page)))
    return [ticket["order_id"] for ticket in found]


def statuses(kitchen: Transactions) -> dict[str, str]:
    with kitchen.engine.connect() as tx:
        return {row.order_id: row.status for row in tx.execute(text("SELECT order_id, status FROM ticket"))}


def events(kitchen: Transactions, order_id: str) -> list[str]:
    """The statuses in the events about the order's snacks, in turn."""
    with kitchen.engine.connect() as tx:
        bodies = tx.execute(text("SELECT body FROM outbox WHERE about = :o ORDER BY sequence"), {"o": order_id})
        return [str(json.loads(body)["status"]) for body in bodies.scalars()]


def operations(kitchen: Transactions) -> list[dict[str, Any]]:
    """What staff did, in turn."""
    with kitchen.engine.connect() as tx:
        bodies = tx.exec_driver_sql("SELECT body FROM outbox WHERE type = 'kitchen.operated' ORDER BY event_id")
        return [json.loads(body) for body in bodies.scalars()]


def end_of_the_film(kitchen: Transactions, now: dt.datetime | None = None) -> None:
    """The part of the room's sweep that closes tickets."""
    for order_id in kitchen.read(lambda tx: store.uncollected(tx, now or utc_now())):
        kitchen.run(lambda tx, o=order_id: tickets.end_waiting(tx, o, now or utc_now()))  # type: ignore[misc]


def codes(kitchen: Transactions) -> set[str]:
    """The pick-up codes in use."""
    with kitchen.engine.connect() as tx:
        return set(tx.exec_driver_sql("SELECT waiting_code FROM ticket WHERE waiting_code IS NOT NULL").scalars())


def test_the_ticket_needed_first_is_at_the_head(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, popcorn=9)
    for order_id, hours in (("late", 2), ("first", 0), ("middle", 1)):
        take_up(kitchen, order_id, EVENING + dt.timedelta(hours=hours))

    assert queue(kitchen) == ["first", "middle", "late"]


def test_an_uncollected_ticket_does_not_stand_before_tonights(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, popcorn=999)
    for number in range(store.QUEUE_AT_MOST):
        take_up(kitchen, f"forgotten{number}", LONG_AGO)
    take_up(kitchen, "tonight", EVENING)

    assert queue(kitchen) == ["tonight"]


def test_a_long_queue_is_read_page_by_page(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, popcorn=9)
    for order_id in ("e", "d", "c", "b"):  # needed at the same moment
        take_up(kitchen, order_id, EVENING)
    take_up(kitchen, "first", EVENING - dt.timedelta(hours=1))

    assert queue(kitchen, limit=2) == ["first", "b"]
    assert queue(kitchen, limit=2, after="b") == ["c", "d"]
    assert queue(kitchen, limit=2, after="d") == ["e"]
    with pytest.raises(FieldsInvalid):
        queue(kitchen, after="unknown")


def test_each_cinema_has_a_queue_of_its_own(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, popcorn=9)
    take_up(kitchen, "here", EVENING)

    assert (queue(kitchen), queue(kitchen, None), queue(kitchen, "elsewhere")) == (["here"], ["here"], [])
    assert queue(kitchen, statuses=["ready"]) == []


def test_a_cook_takes_no_step_in_another_cinema(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, popcorn=9)
    take_up(kitchen, "here", EVENING)

    for roles in (("cook@elsewhere",), ("usher",), ()):
        stranger = Principal(user_id="eve", username="Eve", roles=roles)
        with pytest.raises(Forbidden):
            kitchen.run(lambda tx, who=stranger: staff.step(tx, who, START, "here", "new", "preparing"))  # type: ignore[misc]
    assert (statuses(kitchen), operations(kitchen)) == ({"here": "new"}, [])


@pytest.mark.parametrize(("roles", "asked", "expected"), [
    (["cook@kanal"], None, ["here"]), (["cook@elsewhere"], None, []), (["cook"], None, ["here"]),
    (["cook@kanal"], "kanal", ["here"]), (["manager@kanal"], "kanal", ["here"]), (["cook@elsewhere"], "kanal", None),
    (["usher@kanal"], None, None)])
def test_a_cook_sees_the_queue_of_their_own_cinema(kitchen: Transactions, roles: list[str], asked: str | None,
                                                   expected: list[str] | None) -> None:
    put_on_the_menu(kitchen, popcorn=9)
    take_up(kitchen, "here", EVENING)
    room = room_of(kitchen, cook=Principal("mo", "Mo", tuple(roles)))

    def seen() -> list[str]:
        return [ticket["order_id"] for ticket in room.get_queue(**{"cinema_id": asked} if asked else {})["tickets"]]

    if expected is None:
        with pytest.raises(Forbidden):
            seen()
    else:
        assert seen() == expected


def test_a_step_leaves_an_operation_and_a_refused_one_does_not(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, popcorn=9)
    take_up(kitchen, "here", EVENING)

    kitchen.run(lambda tx: staff.step(tx, SAM, START, "here", "new", "preparing"))
    with pytest.raises(KitchenStepTaken):
        kitchen.run(lambda tx: staff.step(tx, SAM, START, "here", "new", "preparing"))

    [operation] = operations(kitchen)
    assert (operation["actor"], operation["method"], operation["about"], operation["cinema_id"]) == (
        "Sam", "kitchen.start", "here", "kanal")
    assert (operation["before"], operation["after"]) == ({"status": "new"}, {"status": "preparing"})


def test_an_uncollected_ticket_is_closed_after_the_film_with_an_event(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, popcorn=9)
    after = EVENING + dt.timedelta(hours=2)
    for order_id, steps in (("untouched", 0), ("begun", 1), ("cooked", 2), ("fetched", 3)):
        take_up(kitchen, order_id, EVENING, ends_at=after)
        for before, step in (("new", "preparing"), ("preparing", "ready"), ("ready", "collected"))[:steps]:
            kitchen.run(lambda tx, o=order_id, b=before, s=step: staff.step(tx, SAM, START, o, b, s))  # type: ignore[misc]
    take_up(kitchen, "later", EVENING, ends_at=after + dt.timedelta(hours=1))

    end_of_the_film(kitchen, after - dt.timedelta(seconds=1))
    assert set(statuses(kitchen).values()) == {"new", "preparing", "ready", "collected"}
    for _ in range(2):
        end_of_the_film(kitchen, after)

    assert statuses(kitchen) == {"untouched": "expired", "begun": "uncollected", "cooked": "uncollected",
                                 "fetched": "collected", "later": "new"}
    assert (events(kitchen, "untouched"), events(kitchen, "begun")) == (
        ["new", "expired"], ["new", "preparing", "uncollected"])
    assert queue(kitchen) == ["later"]
    assert kitchen.read(stock_adds_up) == []


def test_many_uncollected_tickets_are_closed_in_portions(kitchen: Transactions,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "AT_A_TIME", 2)
    put_on_the_menu(kitchen, popcorn=9)
    for order_id in "abc":
        take_up(kitchen, order_id, LONG_AGO)

    end_of_the_film(kitchen)
    assert Counter(statuses(kitchen).values()) == {"expired": 2, "new": 1}
    end_of_the_film(kitchen)
    assert Counter(statuses(kitchen).values()) == {"expired": 3}


def test_a_refund_of_an_untouched_ticket_is_in_time_even_after_the_film(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, popcorn=9)
    for order_id in ("untouched", "begun"):
        take_up(kitchen, order_id, LONG_AGO)
    kitchen.run(lambda tx: staff.step(tx, SAM, START, "begun", "new", "preparing"))
    end_of_the_film(kitchen)

    assert kitchen.run(lambda tx: tickets.give_up(tx, "untouched")) is True
    assert kitchen.run(lambda tx: tickets.give_up(tx, "begun")) is False
    assert statuses(kitchen) == {"untouched": "given_up", "begun": "uncollected"}
    assert kitchen.read(stock_adds_up) == []


def test_the_code_of_an_uncollected_ticket_is_used_again(kitchen: Transactions,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_the_menu(kitchen, popcorn=9)
    monkeypatch.setattr(rules, "new_pick_up_code", lambda: "K472")
    take_up(kitchen, "forgotten", LONG_AGO)
    with pytest.raises(AssertionError, match="run out of pick-up codes"):
        take_up(kitchen, "tonight", EVENING)

    end_of_the_film(kitchen)
    take_up(kitchen, "tonight", EVENING)

    assert codes(kitchen) == {"K472"}
    end_of_the_film(kitchen)
    assert codes(kitchen) == {"K472"}  # of the guest who is still to come
