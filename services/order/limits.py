"""The house's limits and policies, from config.yml."""

import datetime as dt
from functools import cache

from nameko import config

from services.order import rules


@cache
def limits() -> rules.Limits:
    settings = config["order"]
    return rules.Limits(
        hold=dt.timedelta(minutes=settings["hold_minutes"]),
        pay=dt.timedelta(minutes=settings["pay_minutes"]),
        refund_tiers=tuple(rules.TierRule(dt.timedelta(hours=tier["hours"]), tier["percent"], tier["fee"])
                           for tier in settings["refund_tiers"]),
        seats_per_order=settings["seats_per_order"],
        unpaid_orders=settings["unpaid_orders"],
        snacks_per_order=settings["snacks_per_order"],
        snacks_of_a_kind=settings["snacks_of_a_kind"],
    )
