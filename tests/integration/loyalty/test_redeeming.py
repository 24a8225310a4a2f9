"""Points become money all or nothing: they leave with the event that the wallet books."""

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from schemas.loyalty import NotEnoughPoints, PointsNotRedeemable
from services.foundation.database import Transactions, utc_now
from services.foundation.events import outbox
from services.foundation.rpc.calls import Principal
from services.loyalty import ledger, store
from services.loyalty.models import OUTBOX
from services.loyalty.service import Loyalty
from services.loyalty.settings import LoyaltySettings
from tests.integration.loyalty.conftest import balances, entries


@pytest.fixture
def ada(loyalty: Transactions) -> Transactions:
    """A member with 1050 points."""
    loyalty.run(lambda tx: ledger.book(tx, "ada", "earned", "o", 1050, occurred_at=utc_now()))
    return loyalty


def redeem(loyalty: Transactions, settings: LoyaltySettings, points: int, currency: str | None = None) -> Any:
    return loyalty.run(lambda tx: ledger.redeem(tx, settings, "ada", points, currency))


def told(loyalty: Transactions) -> int:
    return len(loyalty.read(lambda tx: tx.execute(select(OUTBOX.c.event_id)).all()))


def test_points_become_money_at_the_rate_of_the_currency(ada: Transactions, settings: LoyaltySettings) -> None:
    done = redeem(ada, settings, 300)
    assert (done["points"], done["amount"], done["currency"], done["balance"]) == (300, 150, "EUR", 750)
    assert redeem(ada, settings, 700, "CNY")["amount"] == 2800
    assert balances(ada) == {"ada": (50, 1050)}
    assert entries(ada)[1:] == [("redeemed", -300, "redeemed"), ("redeemed", -700, "redeemed")]
    assert told(ada) == 2


def test_more_points_than_there_are_stay_where_they_are(ada: Transactions, settings: LoyaltySettings) -> None:
    with pytest.raises(NotEnoughPoints) as refusal:
        redeem(ada, settings, 1100)
    assert refusal.value.about == {"balance": 1050}
    for points, currency in ((150, None), (100, "USD")):
        with pytest.raises(PointsNotRedeemable):
            redeem(ada, settings, points, currency)
    assert balances(ada) == {"ada": (1050, 1050)}
    assert told(ada) == 0


def test_points_redeemed_without_a_key_by_a_message_that_comes_twice_go_once(room: Loyalty, ada: Transactions) -> None:
    for call_id in ("gateway.call_room.1", "gateway.call_room.1", "gateway.call_room.2"):
        room.principal = Principal(user_id="ada", call_id=call_id)  # type: ignore[assignment]
        room.redeem(points=300)
    assert balances(ada) == {"ada": (450, 1050)}
    assert told(ada) == 2


def test_points_stay_when_the_room_dies_before_its_event_is_written(
        ada: Transactions, settings: LoyaltySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "write", die)
    with pytest.raises(KeyboardInterrupt):
        redeem(ada, settings, 1000)
    assert balances(ada) == {"ada": (1050, 1050)}
    assert len(entries(ada)) == 1


def rush(ada: Transactions, settings: LoyaltySettings) -> int:
    """Many requests at once to redeem points that are enough for ten; how many were granted."""
    def ask(_: int) -> bool:
        try:
            return bool(redeem(ada, settings, 100))
        except NotEnoughPoints:
            return False

    with ThreadPoolExecutor(12) as callers:
        return sum(callers.map(ask, range(30)))


def test_points_are_redeemed_once(ada: Transactions, settings: LoyaltySettings) -> None:
    assert rush(ada, settings) == told(ada) == 10
    assert balances(ada) == {"ada": (50, 1050)}
    assert ada.read(store.differences) == []


def test_points_are_redeemed_twice_without_the_lock(ada: Transactions, settings: LoyaltySettings,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: nobody waits for the member's row."""
    monkeypatch.setattr(store, "lock_member", store.member)
    assert rush(ada, settings) > 10


def test_a_balance_that_differs_from_its_entries_is_an_error_line(
        ada: Transactions, room: Loyalty, caplog: pytest.LogCaptureFixture) -> None:
    room.compare()
    assert caplog.records == []
    ada.run(lambda tx: store.change_member(tx, "ada", balance=7))
    room.compare()
    [line] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (line.user_id, line.balance, line.entries_balance) == ("ada", 7, 1050)  # type: ignore[attr-defined]
