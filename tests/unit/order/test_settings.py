"""The order room's section of config.yml: each mistake is one sentence at the start."""

import datetime as dt
from typing import Any

import pytest

from services.foundation.settings import SettingsError
from services.order.screenings import refund_policy
from services.order.settings import load

FULL, HALF = {"hours": 24, "percent": 100, "fee": 0}, {"hours": 0.5, "percent": 50, "fee": 100}

LIMITS = {"orders": 4, "seats": 16, "dead_holds": 4, "pause_seconds": 60, "longest_pause_minutes": 60,
          "memory_hours": 6}
QUEUE = {"rate": 20, "draw_seconds": 30, "per_second": 5, "at_once": 50, "pass_minutes": 3, "absent_seconds": 90}
SELLER = {"name": "Marquee GmbH", "street": "Kanal 1", "city": "Berlin", "country": "DE"}


def settings(**changes: Any) -> dict[str, Any]:
    house = {"hold_minutes": 8, "pay_minutes": 15, "refund_tiers": [HALF, FULL], "seats_per_order": 8,
             "doors_open_minutes": 60, "unpaid_orders": 2, "hold_limits": LIMITS, "snacks_per_order": 10,
             "snacks_of_a_kind": 10, "sweep_seconds": 5, "queue": QUEUE}
    return {"order": {**house, **changes}}


def test_good_settings_are_read() -> None:
    loaded = load(settings())

    assert (loaded.hold, loaded.pay) == (dt.timedelta(minutes=8), dt.timedelta(minutes=15))
    assert loaded.doors_open == dt.timedelta(hours=1)
    assert set(loaded.refund_tiers) == {refund_policy.TierRule(dt.timedelta(hours=24), 100, 0),
                                        refund_policy.TierRule(dt.timedelta(minutes=30), 50, 100)}
    assert load(settings(refund_tiers=[])).refund_tiers == ()
    assert loaded.hold_limits
    assert (loaded.hold_limits.orders, loaded.hold_limits.memory) == (4, dt.timedelta(hours=6))
    assert load(settings(hold_limits={**LIMITS, "orders": 0})).hold_limits is None


def test_a_seller_may_be_named() -> None:
    named = {"postal_code": None, "region": None, "tax_id": None, **SELLER}
    assert load(settings(seller=SELLER)).seller == named
    assert load(settings(seller={**SELLER, "tax_id": "DE123456789"})).seller == {**named, "tax_id": "DE123456789"}
    assert load(settings(seller=None)).seller is load(settings()).seller is None


def test_a_tier_may_give_back_as_much_as_the_one_before_less_a_fee() -> None:
    tiers = [{**FULL, "hours": 24}, {**FULL, "hours": 2, "fee": 100}]
    assert [tier.fee for tier in load(settings(refund_tiers=tiers)).refund_tiers] == [100, 0]


@pytest.mark.parametrize(("wrong", "told"), [
    ({"refund_tiers": [{**FULL, "percent": 150}]}, r"order\.refund_tiers\.0\.percent: .*100"),
    ({"refund_tiers": [{**FULL, "percent": -1}]}, "percent"),
    ({"refund_tiers": [{**FULL, "percent": 33.3}]}, "whole"),
    ({"refund_tiers": [FULL, {**HALF, "fee": -1}]}, r"refund_tiers\.1\.fee"),
    ({"refund_tiers": [{**FULL, "hours": -1}]}, "hours"),
    ({"refund_tiers": [{**FULL, "hours": "nan"}]}, "hours"),
    ({"refund_tiers": [{"hours": 1, "percent": 100}]}, "fee"),
    ({"refund_tiers": [{**FULL, "percents": 100}]}, "percents"),
    ({"refund_tiers": {"hours": 1}}, "refund_tiers"),
    ({"refund_tiers": None}, "refund_tiers"),
    ({"refund_tiers": [FULL, {**FULL, "percent": 50}]}, r"config.yml, order\.refund_tiers: .*can't both be meant"),
    ({"refund_tiers": [{**FULL, "percent": 50}, {**HALF, "percent": 100}]},
     "100 percent until 0:30:00 .* 50 percent until 1 day"),
    ({"hold_minutes": 0}, "hold_minutes"),
    ({"pay_minutes": "soon"}, "pay_minutes"),
    ({"extend_minutes": 0}, "extend_minutes"),
    ({"extend_minutes": 61}, "extend_minutes"),
    ({"seats_per_order": 0}, "seats_per_order"),
    ({"doors_open_minutes": -1}, "doors_open_minutes"),
    ({"hold_limits": {**LIMITS, "dead_holds": 41}}, r"order\.hold_limits\.dead_holds"),
    ({"hold_limits": {**LIMITS, "seats": 0}}, r"order\.hold_limits\.seats"),
    ({"seller": {**SELLER, "country": "France"}}, r"order\.seller\.country: Not a country"),
    ({"seller": {**SELLER, "vat": "DE1"}}, r"order\.seller\.vat"),
    ({"seller": {"name": "Marquee"}}, r"order\.seller\.street"),
])
def test_a_mistake_is_named_in_one_line(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refused:
        load(settings(**wrong))
    assert "\n" not in str(refused.value)
