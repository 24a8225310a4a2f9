"""The house's limits and policies, from config.yml. A room with a wrong one does not start, and says why."""

import datetime as dt
from itertools import pairwise
from typing import Any

from marshmallow import EXCLUDE, fields, validate
from nameko import config
from nameko.extensions import DependencyProvider

from schemas.base import Schema
from schemas.fields import Money, Whole
from services.foundation.settings import SettingsError, read_section
from services.order import rules
from services.order.refunding import refund_policy


class TierSettings(Schema):
    hours = fields.Float(required=True, validate=validate.Range(min=0, max=24 * 365))
    percent = Whole(required=True, validate=validate.Range(min=0, max=100))
    fee = Money(required=True)


class OrderSettings(Schema):
    class Meta:
        unknown = EXCLUDE

    hold_minutes = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False))
    pay_minutes = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False))
    refund_tiers = fields.List(fields.Nested(TierSettings), required=True)
    seats_per_order = Whole(required=True, validate=validate.Range(min=1))
    unpaid_orders = Whole(required=True, validate=validate.Range(min=1))
    snacks_per_order = Whole(required=True, validate=validate.Range(min=0))
    snacks_of_a_kind = Whole(required=True, validate=validate.Range(min=0))


class HouseLimits(DependencyProvider):
    """Injects rules.Limits."""

    def setup(self) -> None:
        self._limits = load(config)

    def get_dependency(self, worker_ctx: Any) -> rules.Limits:
        return self._limits


def load(settings: Any) -> rules.Limits:
    """The limits in config.yml. Raises SettingsError with what is wrong."""
    found = read_section(settings, "order", OrderSettings())
    tiers = sorted((refund_policy.TierRule(dt.timedelta(hours=tier["hours"]), tier["percent"], tier["fee"])
                    for tier in found.pop("refund_tiers")), key=lambda tier: tier.before)
    for later, earlier in pairwise(tiers):
        if later.before == earlier.before or later.percent > earlier.percent:
            raise SettingsError(
                f"config.yml, order.refund_tiers: {later.percent} percent until {later.before} before the start, and "
                f"{earlier.percent} percent until {earlier.before}, can't both be meant.")
    hold, pay = (dt.timedelta(minutes=found.pop(name)) for name in ("hold_minutes", "pay_minutes"))
    return rules.Limits(hold=hold, pay=pay, refund_tiers=tuple(tiers), **found)

