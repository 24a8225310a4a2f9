"""Settings, and rows as the store returns them, with what a test does not care about filled in."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

ORDER = {"refunded_before": 0, "seats_amount": 0, "seats_refunded": 0, "seats_points": 1, "seats_per": 10,
         "snacks_amount": 0, "snacks_refunded": 0, "snacks_points": 1, "snacks_per": 20}
MEMBER = {"time_zone": None, "zone_since": None, "has_chosen": False, "profile_zone": None, "cinema_zone": None}

PER_TEN, PER_TWENTY = {"points": 1, "per": 10}, {"points": 1, "per": 20}
SECTION: dict[str, Any] = {
    "earning": [{"cinema": "kanal", "currency": "EUR", "seats": PER_TEN, "snacks": PER_TEN},
                {"currency": "EUR", "seats": PER_TWENTY}],
    "rates": [{"currency": "EUR", "points": 100, "amount": 50}, {"currency": "CNY", "points": 100, "amount": 400}],
    "tiers": [{"name": "silver", "points": 2000}],
    "rewards": [{"points": 5}] * 6 + [{"amount": 100, "currency": "EUR"}],
    "time_zone": "Europe/Berlin", "compare_seconds": 3600,
}


def order(**values: int) -> Any:
    return SimpleNamespace(**ORDER | values)


def member(**values: Any) -> Any:
    return SimpleNamespace(**MEMBER | values)


def check_in(at: dt.datetime, local_date: str, day: int = 1, cycle: int = 1, streak: int = 1) -> Any:
    return SimpleNamespace(checked_in_at=at, local_date=dt.date.fromisoformat(local_date), day=day, cycle=cycle,
                           streak=streak)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
