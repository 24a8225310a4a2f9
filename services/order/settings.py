"""The order room's section of config.yml: how long seats are held, what one order may have, how refunds decline."""

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from marshmallow import EXCLUDE, ValidationError, fields, post_load, validate

from schemas.base import Schema
from schemas.fields import Money, Whole
from schemas.order.receipts import Seller
from services.foundation.settings import read_section
from services.order.holding.hold_limits import HoldLimits
from services.order.screenings.refund_policy import TierRule
from services.seating.sale_queue import PassRules


@dataclass(frozen=True)
class QueueSettings:
    """When a screening's queue opens (`rate`: attempts to buy per second; 0: never by itself), and how it moves."""

    rate: float
    drawing: dt.timedelta
    pass_rules: PassRules

RECENT = 40    # of a buyer's orders are looked at: see buying/store.recent_orders


@dataclass(frozen=True)
class OrderSettings:
    """`hold`: how long a new order keeps its seats; `pay`: how long one that is being paid does, from its creation.

    `extension`: how much longer a buyer who asks for it may take, once.
    """

    hold: dt.timedelta
    pay: dt.timedelta
    refund_tiers: tuple[TierRule, ...]
    seats_per_order: int
    unpaid_orders: int  # per buyer and screening
    snacks_per_order: int
    snacks_of_a_kind: int
    queue: QueueSettings
    extension: dt.timedelta = dt.timedelta(minutes=5)
    hold_limits: HoldLimits | None = None  # per buyer, in the whole house
    doors_open: dt.timedelta = dt.timedelta(hours=1)  # so long before the start guests are admitted
    seller: dict[str, Any] | None = None  # the fields of a schemas.order.receipts.Seller


class TierSchema(Schema):
    hours = fields.Float(required=True, validate=validate.Range(min=0, max=24 * 365))
    percent = Whole(required=True, validate=validate.Range(min=0, max=100))
    fee = Money(required=True)

    @post_load
    def make(self, tier: dict[str, Any], **options: Any) -> TierRule:
        return TierRule(dt.timedelta(hours=tier["hours"]), tier["percent"], tier["fee"])


class HoldLimitsSection(Schema):
    """Loads HoldLimits; None if no orders are allowed for, which means that there are no limits."""

    orders = Whole(required=True, validate=validate.Range(min=0))
    seats = Whole(required=True, validate=validate.Range(min=1))
    dead_holds = Whole(required=True, validate=validate.Range(min=1, max=RECENT))
    pause_seconds = fields.Float(required=True, validate=validate.Range(min=0))
    longest_pause_minutes = fields.Float(required=True, validate=validate.Range(min=0))
    memory_hours = fields.Float(required=True, validate=validate.Range(min=0))

    @post_load
    def make(self, found: dict[str, Any], **options: Any) -> HoldLimits | None:
        return None if found["orders"] == 0 else HoldLimits(
            found["orders"], found["seats"], found["dead_holds"], dt.timedelta(seconds=found["pause_seconds"]),
            dt.timedelta(minutes=found["longest_pause_minutes"]), dt.timedelta(hours=found["memory_hours"]))


class QueueSchema(Schema):
    rate = fields.Float(required=True, validate=validate.Range(min=0))
    draw_seconds = fields.Float(required=True, validate=validate.Range(min=0, max=3600))
    per_second = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False, max=1000))
    at_once = Whole(required=True, validate=validate.Range(min=1))
    pass_minutes = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False, max=60))
    absent_seconds = fields.Float(required=True, validate=validate.Range(min=60))  # pages ask every half minute

    @post_load
    def make(self, queue: dict[str, Any], **options: Any) -> QueueSettings:
        pass_rules = PassRules(queue["per_second"], queue["at_once"],
                               passes=dt.timedelta(minutes=queue["pass_minutes"]),
                               absent=dt.timedelta(seconds=queue["absent_seconds"]))
        return QueueSettings(queue["rate"], dt.timedelta(seconds=queue["draw_seconds"]), pass_rules)


class OrderSection(Schema):
    """What config.yml may say under `order`; loads OrderSettings."""

    class Meta:
        unknown = EXCLUDE

    hold_minutes = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False))
    pay_minutes = fields.Float(required=True, validate=validate.Range(min=0, min_inclusive=False))
    extend_minutes = fields.Float(load_default=5, validate=validate.Range(min=0, min_inclusive=False, max=60))
    refund_tiers = fields.List(fields.Nested(TierSchema), required=True)
    doors_open_minutes = fields.Float(required=True, validate=validate.Range(min=0, max=24 * 60))
    seats_per_order = Whole(required=True, validate=validate.Range(min=1))
    unpaid_orders = Whole(required=True, validate=validate.Range(min=1))
    hold_limits = fields.Nested(HoldLimitsSection, required=True)
    snacks_per_order = Whole(required=True, validate=validate.Range(min=0))
    snacks_of_a_kind = Whole(required=True, validate=validate.Range(min=0))
    queue = fields.Nested(QueueSchema, required=True)
    seller = fields.Nested(Seller, load_default=None, allow_none=True)

    @post_load
    def make(self, found: dict[str, Any], **options: Any) -> OrderSettings:
        hold, pay, extension, doors_open = (dt.timedelta(minutes=found.pop(f"{name}_minutes"))
                                            for name in ("hold", "pay", "extend", "doors_open"))
        tiers = sorted(found.pop("refund_tiers"), key=lambda tier: tier.before)
        _check_decline(tiers)
        return OrderSettings(hold=hold, pay=pay, extension=extension, doors_open=doors_open,
                             refund_tiers=tuple(tiers), **found)


def _check_decline(tiers: list[TierRule]) -> None:
    """Raise ValidationError if a refund nearer to the start gives back more than one before."""
    for later, earlier in pairwise(tiers):
        if later.before == earlier.before or later.percent > earlier.percent:
            raise ValidationError(
                f"{later.percent} percent until {later.before} before the start, and {earlier.percent} percent until "
                f"{earlier.before}, can't both be meant.", "refund_tiers")


def load(config: Any) -> OrderSettings:
    """The order room's settings. Raises SettingsError with one sentence for each mistake."""
    settings: OrderSettings = read_section(config, "order", OrderSection())
    return settings
