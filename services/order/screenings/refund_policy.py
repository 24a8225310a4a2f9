"""The amount of a refund, by the terms stamped on the order. Pure: no I/O, `now` is an argument."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from schemas.errors import FieldsInvalid
from schemas.order.refusals import OrderNotRefundable, RefundChanged, RefundClosed, SeatsNotInOrder
from services.order.rules import REFUNDABLE

# By then the kitchen has handled an order.paid long ago, or it is a dead letter.
KITCHEN_HEARS_WITHIN = dt.timedelta(days=1)
BEGUN = frozenset({"preparing", "ready", "collected", "uncollected"})  # the kitchen has: such snacks are not refunded


@dataclass(frozen=True)
class TierRule:
    """A tier of config.yml: up to `before` the start, `percent` of a seat's price goes back, less `fee`."""

    before: dt.timedelta
    percent: int
    fee: int  # minor units, kept from each seat


@dataclass(frozen=True)
class Tier:
    """Until `until`, `percent` of a seat's price goes back, less `fee` minor units."""

    until: dt.datetime
    percent: int
    fee: int

    def refund_of(self, price: int) -> int:
        """The part of a seat's price that goes back, in minor units: rounded down, and never negative."""
        return max(0, price * self.percent // 100 - self.fee)


def stamped(policy: tuple[TierRule, ...], starts_at: dt.datetime) -> list[Tier]:
    """The policy as it holds for one screening, the tier that ends first at the head."""
    tiers = [Tier(starts_at - rule.before, rule.percent, rule.fee) for rule in policy]
    return sorted(tiers, key=lambda tier: tier.until)


def terms(tiers: list[Tier], prices: Iterable[int], snacks: int) -> dict[str, Any]:
    """The policy, and what it gives back of these seats and snacks: fields of schemas.order.orders.RefundTerms."""
    prices = list(prices)
    return {"full_until": full_refund_until(tiers), "tiers": [
        {**asdict(tier), "amount": sum(map(tier.refund_of, prices)) + snacks} for tier in tiers]}


def dump_tiers(tiers: list[Tier]) -> str:
    """A refund policy as `orders.refund_tiers` keeps it."""
    return json.dumps([{**asdict(tier), "until": tier.until.isoformat()} for tier in tiers])


def load_tiers(text: str) -> list[Tier]:
    """The refund policy that `orders.refund_tiers` keeps."""
    return [Tier(dt.datetime.fromisoformat(tier["until"]), tier["percent"], tier["fee"]) for tier in json.loads(text)]


def tier_at(tiers: list[Tier], now: dt.datetime) -> Tier:
    """The tier in force. Raises RefundClosed when all are over."""
    for tier in tiers:
        if now <= tier.until:
            return tier
    full_until = full_refund_until(tiers)
    raise RefundClosed(full_until=full_until.isoformat() if full_until else None)


def full_refund_until(tiers: list[Tier]) -> dt.datetime | None:
    """Until when everything is refunded; None: never."""
    return max((tier.until for tier in tiers if tier.percent == 100 and not tier.fee), default=None)


@dataclass(frozen=True)
class RefundPlan:
    """The refund of each seat, in minor units, and until when it stands."""

    prices: dict[str, int]  # by seat id
    back: dict[str, int]    # the part of each price that goes back
    whole: bool             # nothing of the order is left
    until: dt.datetime | None = None
    snacks: int = 0         # the price of the snacks concerned ...
    snacks_back: int = 0    # ... and the part of it that goes back, as far as is known of the kitchen
    to_wallet: bool = False  # into the buyer's wallet, not back to where it came from

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


def plan_refund(status: str, valid: dict[str, int], wanted: Sequence[str] | None, tiers: list[Tier],
                now: dt.datetime) -> RefundPlan:
    """The refund by the order's own terms; `valid`: the prices of the seats with valid tickets, by seat id.

    `wanted`: ids of the seats to give back; None: all. Raises OrderNotRefundable, RefundClosed, FieldsInvalid or
    SeatsNotInOrder.
    """
    if status not in REFUNDABLE:
        raise OrderNotRefundable(order_status=status)
    tier = tier_at(tiers, now)
    seats = list(valid if wanted is None else wanted)
    if len(set(seats)) != len(seats):
        raise FieldsInvalid(fields={"seats": ["The same seat is named twice."]})
    if unknown := [seat for seat in seats if seat not in valid]:
        raise SeatsNotInOrder(seats=unknown)
    prices = {seat: valid[seat] for seat in seats}
    return RefundPlan(prices, {seat: tier.refund_of(price) for seat, price in prices.items()}, len(seats) == len(valid),
                      tier.until)


def with_snacks(plan: RefundPlan, price: int, kitchen_status: str | None) -> RefundPlan:
    """The plan with the order's snacks: they go back with its last seats, in full, unless the kitchen has begun."""
    if not plan.whole:
        return plan
    return replace(plan, snacks=price, snacks_back=0 if kitchen_status in BEGUN else price)


def snacks_back(price: int, reason: str, in_time: bool) -> int:
    """The refund of snacks: begun ones can be picked up instead, but not at a cancelled screening."""
    return price if in_time or reason == "screening_cancelled" else 0


def kitchen_lost_it(refunded_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether a kitchen that has no ticket for an order has lost it. Within a day it may still hear of the order."""
    return now - refunded_at >= KITCHEN_HEARS_WITHIN


def full_refund(valid: dict[str, int]) -> RefundPlan:
    """A refund of everything, whatever the terms: it is the cinema that can't keep its promise."""
    return RefundPlan(valid, valid, whole=True)


def check_amount(plan: RefundPlan, agreed: int | None) -> None:
    """Raise RefundChanged when the buyer agreed to another amount than they would get now; None: they named none."""
    if agreed is not None and agreed != plan.amount_with_snacks:
        raise RefundChanged(amount=plan.amount_with_snacks)
