"""Check-ins in MariaDB: one a day, however many requests there are, and each is rewarded once."""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from schemas.errors import FieldsInvalid
from schemas.loyalty import CHECKED_IN
from services.foundation.database import Transactions
from services.foundation.events.consumers import Delivery
from services.loyalty import check_ins, members, store
from services.loyalty.models import OUTBOX
from services.loyalty.service import Loyalty
from services.loyalty.settings import LoyaltySettings
from tests.integration.loyalty.conftest import MIDDAY, balances, entries

REQUESTS = 50
DAY = dt.timedelta(days=1)


def check_in(loyalty: Transactions, settings: LoyaltySettings, now: dt.datetime, user_id: str = "ada") -> Any:
    return loyalty.run(lambda tx: check_ins.check_in(tx, settings, user_id, now))


def count(loyalty: Transactions) -> int:
    return int(loyalty.read(lambda tx: tx.exec_driver_sql("SELECT COUNT(*) FROM check_in").scalar_one()))


def rush(loyalty: Transactions, settings: LoyaltySettings) -> list[Any]:
    """Many requests of one member at once; the answers, None for those that failed."""
    def ask(_: int) -> Any:
        try:
            return check_in(loyalty, settings, MIDDAY)
        except IntegrityError:
            return None

    with ThreadPoolExecutor(20) as callers:
        return list(callers.map(ask, range(REQUESTS)))


def test_many_requests_at_once_are_one_check_in(loyalty: Transactions, settings: LoyaltySettings) -> None:
    answers = rush(loyalty, settings)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["day"] == 1
    assert count(loyalty) == len(events(loyalty)) == 1


@pytest.fixture
def no_lock(monkeypatch: pytest.MonkeyPatch, loyalty: Transactions) -> None:
    """Nobody waits for the member's row: two at a time have read it before either goes on."""
    loyalty.run(lambda tx: store.lock_member(tx, "ada"))
    pair = threading.Barrier(2)

    def member(tx: Any, user_id: str) -> Any:
        found = store.member(tx, user_id)
        pair.wait(30)
        return found

    monkeypatch.setattr(store, "lock_member", member)
    monkeypatch.setattr(store, "change_member", lambda tx, user_id, **changes: None)


@pytest.mark.usefixtures("no_lock")
def test_the_key_alone_lets_one_of_them_through(loyalty: Transactions, settings: LoyaltySettings) -> None:
    rush(loyalty, settings)
    assert count(loyalty) == len(events(loyalty)) == 1


@pytest.fixture
def no_key(loyalty: Transactions) -> Iterator[None]:
    """A day may have two check-ins."""
    with loyalty.engine.begin() as tx:
        tx.exec_driver_sql("ALTER TABLE check_in DROP INDEX one_check_in_a_day")
    yield
    with loyalty.engine.begin() as tx:
        tx.exec_driver_sql("DELETE FROM check_in")
        tx.exec_driver_sql("ALTER TABLE check_in ADD UNIQUE KEY one_check_in_a_day (user_id, local_date)")


@pytest.mark.usefixtures("no_lock", "no_key")
def test_a_day_is_done_more_than_once_without_the_guards(loyalty: Transactions, settings: LoyaltySettings) -> None:
    """The negative control."""
    rush(loyalty, settings)
    assert count(loyalty) > 1


def events(loyalty: Transactions) -> list[Delivery]:
    """What the room has to tell, as a consumer gets it."""
    rows = loyalty.read(lambda tx: tx.execute(select(OUTBOX).order_by(OUTBOX.c.event_id)).all())
    return [Delivery("loyalty", row.event_id, row.about, row.sequence, row.occurred_at,
                     dict(CHECKED_IN._loader.load(json.loads(row.body))), tries=0) for row in rows]


def test_each_reward_in_points_is_booked_once(loyalty: Transactions, settings: LoyaltySettings, room: Loyalty) -> None:
    for number in range(8):
        check_in(loyalty, settings, MIDDAY + DAY * number)
    told = events(loyalty)
    assert [(each.body["day"], each.body["cycle"], each.body["reward"]) for each in told] == [
        *((day, 1, {"kind": "points", "points": 5}) for day in range(1, 7)),
        (7, 1, {"kind": "wallet", "amount": 100, "currency": "EUR"}), (1, 2, {"kind": "points", "points": 5})]
    with ThreadPoolExecutor(8) as consumers:
        list(consumers.map(room.book_reward, told * 3))
    assert balances(loyalty) == {"ada": (35, 35)}
    assert entries(loyalty) == [("check_in", 5, "checked_in")] * 7


def test_a_second_check_in_gets_the_first_answer_until_midnight_of_the_zone(
        loyalty: Transactions, settings: LoyaltySettings) -> None:
    first = check_in(loyalty, settings, MIDDAY)
    assert first["next_at"] == dt.datetime(2026, 11, 21, 23, tzinfo=dt.UTC)
    assert check_in(loyalty, settings, MIDDAY + dt.timedelta(hours=10)) == first
    assert check_in(loyalty, settings, first["next_at"])["day"] == 2


def test_the_state_shows_what_is_to_be_done_and_what_is(loyalty: Transactions, settings: LoyaltySettings) -> None:
    def state(now: dt.datetime) -> Any:
        return loyalty.read(lambda tx: check_ins.state(tx, settings, "ada", now))

    assert {name: state(MIDDAY)[name] for name in ("done", "day", "cycle", "streak", "checked_in_at")} == {
        "done": False, "day": 1, "cycle": 1, "streak": 0, "checked_in_at": None}
    check_in(loyalty, settings, MIDDAY)
    done, next_day, too_late = state(MIDDAY), state(MIDDAY + DAY), state(MIDDAY + 2 * DAY)
    assert (done["done"], done["day"], done["streak"], done["checked_in_at"]) == (True, 1, 1, MIDDAY)
    assert (next_day["done"], next_day["day"], next_day["cycle"], next_day["streak"]) == (False, 2, 1, 1)
    assert (too_late["done"], too_late["day"], too_late["cycle"], too_late["streak"]) == (False, 1, 2, 0)
    assert (done["time_zone"], len(done["rewards"])) == ("Europe/Berlin", 7)


def test_a_member_who_flies_west_checks_in_once(loyalty: Transactions, settings: LoyaltySettings) -> None:
    loyalty.run(lambda tx: members.note_profile(tx, "ada", "Asia/Tokyo", 1))
    evening = dt.datetime(2026, 11, 20, 16, tzinfo=dt.UTC)      # the 21st in Tokyo, the 20th in Honolulu
    first = check_in(loyalty, settings, evening)
    loyalty.run(lambda tx: members.note_profile(tx, "ada", "Pacific/Honolulu", 2))
    again = check_in(loyalty, settings, evening + dt.timedelta(hours=20))
    assert (again["day"], again["checked_in_at"]) == (1, first["checked_in_at"])
    assert again["next_at"] == dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC)
    assert check_in(loyalty, settings, again["next_at"])["day"] == 2
    assert count(loyalty) == 2


def test_an_older_change_of_the_zone_is_ignored(loyalty: Transactions, settings: LoyaltySettings) -> None:
    for zone, version in (("Asia/Tokyo", 2), ("Europe/Paris", 1), ("Mars/Olympus", 3), ("Asia/Tokyo", 2)):
        loyalty.run(partial(members.note_profile, user_id="ada", zone=zone, version=version))
    for zone, hours in (("Asia/Shanghai", 2), ("Europe/Paris", 1), ("Mars/Olympus", 3)):
        bought_at = MIDDAY + dt.timedelta(hours=hours)
        loyalty.run(partial(members.note_purchase, user_id="eva", zone=zone, bought_at=bought_at))
    states = [loyalty.read(partial(check_ins.state, settings=settings, user_id=user_id, now=MIDDAY))
              for user_id in ("ada", "eva", "bob")]
    assert [state["time_zone"] for state in states] == ["Asia/Tokyo", "Asia/Shanghai", "Europe/Berlin"]


def test_staff_see_the_days_done_and_missed(loyalty: Transactions, settings: LoyaltySettings) -> None:
    for number in (0, 1, 3):
        check_in(loyalty, settings, MIDDAY + DAY * number)

    def days(first: dt.date, last: dt.date) -> Any:
        request = {"user_id": "ada", "from": first, "to": last}
        return loyalty.read(lambda tx: check_ins.days(tx, settings, request, MIDDAY + DAY * 4))

    today = (MIDDAY + DAY * 4).date()
    found = days(MIDDAY.date(), today + DAY)
    assert [day["status"] for day in found["days"]] == ["done", "done", "missed", "done", "open", "open"]
    assert [(day["day"], day["cycle"]) for day in found["days"]][:4] == [(1, 1), (2, 1), (None, None), (1, 2)]
    assert (found["done"], found["missed"]) == (3, 1)
    assert len(days(today - 365 * DAY, today)["days"]) == 366
    for first, last in ((today - 366 * DAY, today), (today, today - DAY)):
        with pytest.raises(FieldsInvalid):
            days(first, last)
