"""What a refund gives back, by the terms stamped on the order. Pure: no I/O, `now` is an argument."""

import datetime as dt
from dataclasses import dataclass, replace

from schemas.errors import FieldsInvalid
from schemas.order.refusals import OrderNotRefundable, RefundChanged, RefundClosed, SeatsNotInOrder

REFUNDABLE = frozenset({"paid", "part_refunded"})
# By then an order.paid has long been heard, or been laid aside.
KITCHEN_HEARS_WITHIN = dt.timedelta(days=1)
BEGUN = frozenset({"preparing", "ready", "collected", "uncollected"})  # in the kitchen: such snacks are not paid back


@dataclass(frozen=True)
class TierRule:
    """From config.yml: so long before the start, so much goes back."""

    before: dt.timedelta
    percent: int
    fee: int  # minor units, kept from each seat


@dataclass(frozen=True)
class Tier:
    """Until `until`, `percent` of a seat's price goes back, less `fee` minor units."""

    until: dt.datetime
    percent: int
    fee: int

    def of(self, price: int) -> int:
        return max(0, price * self.percent // 100 - self.fee)


def stamped(policy: tuple[TierRule, ...], starts_at: dt.datetime) -> list[Tier]:
    """The policy as it will hold for one order, the tier that ends first at the head."""
    tiers = [Tier(starts_at - rule.before, rule.percent, rule.fee) for rule in policy]
    return sorted(tiers, key=lambda tier: tier.until)


def tier_at(tiers: list[Tier], now: dt.datetime) -> Tier:
    """The tier in force, or RefundClosed when all are over."""
    for tier in tiers:
        if now <= tier.until:
            return tier
    full_until = in_full_until(tiers)
    raise RefundClosed(full_until=full_until.isoformat() if full_until else None)


def in_full_until(tiers: list[Tier]) -> dt.datetime | None:
    """Until when everything is given back; None: never."""
    return max((tier.until for tier in tiers if tier.percent == 100 and not tier.fee), default=None)


@dataclass(frozen=True)
class RefundPlan:
    """What is given back for which seat, in minor units, and until when that offer stands."""

    prices: dict[str, int]  # what each seat cost
    back: dict[str, int]    # what of it goes back
    whole: bool
    until: dt.datetime | None = None
    snacks: int = 0         # what those cost that are concerned ...
    snacks_back: int = 0    # ... and what of it goes back, as the kitchen stands now

    @property
    def seats(self) -> list[str]:
        return list(self.back)

    @property
    def amount(self) -> int:
        return sum(self.back.values())

    @property
    def kept(self) -> int:
        return sum(self.prices.values()) - self.amount

    @property
    def amount_with_snacks(self) -> int:
        return self.amount + self.snacks_back


def plan_refund(status: str, valid: dict[str, int], wanted: list[str] | None, tiers: list[Tier],
                now: dt.datetime) -> RefundPlan:
    """What is given back by the order's own terms; `valid` is {seat_id: price} of the tickets still good."""
    if status not in REFUNDABLE:
        raise OrderNotRefundable(order_status=status)
    tier = tier_at(tiers, now)
    seats = list(valid) if wanted is None else wanted
    if len(set(seats)) != len(seats):
        raise FieldsInvalid(fields={"seats": ["The same seat is named twice."]})
    if strangers := [seat for seat in seats if seat not in valid]:
        raise SeatsNotInOrder(seats=strangers)
    prices = {seat: valid[seat] for seat in seats}
    return RefundPlan(prices, {seat: tier.of(price) for seat, price in prices.items()}, len(seats) == len(valid),
                      tier.until)


def with_snacks(plan: RefundPlan, worth: int, kitchen_status: str | None) -> RefundPlan:
    """With the last seats the snacks are given back too, whatever the tier, unless the kitchen has begun."""
    if not plan.whole:
        return plan
    return replace(plan, snacks=worth, snacks_back=0 if kitchen_status in BEGUN else worth)


def snacks_back(worth: int, reason: str, in_time: bool) -> int:
    """What of their money goes back: what the kitchen has begun can be picked up, but at no cancelled screening."""
    return worth if in_time or reason == "screening_cancelled" else 0


def kitchen_lost_it(refunded_at: dt.datetime, now: dt.datetime) -> bool:
    """A kitchen that has no ticket for an order may be about to hear of it; after a day it has lost it."""
    return now - refunded_at >= KITCHEN_HEARS_WITHIN


def full_refund(valid: dict[str, int]) -> RefundPlan:
    """Everything, whatever the terms: it is the house that can't keep its word."""
    return RefundPlan(valid, valid, whole=True)


def check_amount(plan: RefundPlan, shown: int | None) -> None:
    """Raise RefundChanged when the buyer has agreed to another amount than they would get now."""
    if shown is not None and shown != plan.amount_with_snacks:
        raise RefundChanged(amount=plan.amount_with_snacks)
