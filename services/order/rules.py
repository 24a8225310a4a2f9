"""What may be bought, paid, cancelled, and when. Pure: no I/O, `now` is an argument."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from schemas.errors import FieldsInvalid
from schemas.order.refusals import (
    OrderExpired,
    OrderNotCancellable,
    OrderNotPayable,
    SalesClosed,
    SeatsUnknownInHall,
)
from services.order.buying import seat_groups
from services.order.refunding.refund_policy import REFUNDABLE, TierRule

# Every change of state there is; whatever is not here can't happen. `store.move` asks this table.
TRANSITIONS: dict[str, frozenset[str]] = {
    "created": frozenset({"paying", "cancelled", "expired"}),
    "paying": frozenset({"paid", "cancelled", "expired", "review"}),
    "paid": frozenset({"part_refunded", "refunding", "completed"}),
    "part_refunded": frozenset({"part_refunded", "refunding", "completed"}),
    "completed": frozenset({"refunding"}),  # only when the house cancels the screening after all
    "refunding": frozenset({"refunded"}),
    "expired": frozenset({"paid"}),  # only when a late payment finds all its seats still free
    "review": frozenset({"paid", "expired"}),  # when somebody has decided whether its payment counts
    "refunded": frozenset(),
    "cancelled": frozenset(),
}
UNPAID = frozenset({"created", "paying"})
HOLDS_SEATS = UNPAID | {"review"}           # its claims are PENDING
ENDED_UNPAID = frozenset({"expired", "cancelled"})
OWNS_SEATS = REFUNDABLE | {"completed"}     # its claims are SOLD
SHORTEST_PAUSE, LONGEST_PAUSE = dt.timedelta(seconds=5), dt.timedelta(minutes=10)
SNACKS_OVER = frozenset({"collected", "uncollected", "expired"})  # nothing is to come of these


@dataclass(frozen=True)
class Limits:
    """From config.yml."""

    hold: dt.timedelta
    pay: dt.timedelta
    refund_tiers: tuple[TierRule, ...]
    seats_per_order: int
    unpaid_orders: int
    snacks_per_order: int
    snacks_of_a_kind: int


@dataclass(frozen=True)
class Quote:
    """Seats with the prices they have for this order, in the order they were asked for."""

    seats: list[dict[str, Any]]  # {seat_id, kind, price}, and goes_with for half a couple seat
    total: int

    @property
    def seat_ids(self) -> list[str]:
        return [seat["seat_id"] for seat in self.seats]


def may_become(status: str, target: str) -> bool:
    return target in TRANSITIONS[status]


def quote(prices: seat_groups.Facts, starts_at: dt.datetime, wanted: list[str], now: dt.datetime,
          limits: Limits) -> Quote:
    """Price the seats wanted; `prices` has every seat of the hall. Raises Invalid kinds and SalesClosed."""
    if len(set(wanted)) != len(wanted):
        raise FieldsInvalid(fields={"seats": ["The same seat is named twice."]})
    if len(wanted) > limits.seats_per_order:
        raise FieldsInvalid(fields={"seats": [f"At most {limits.seats_per_order} seats an order."]})
    if unknown := [seat for seat in wanted if seat not in prices]:
        raise SeatsUnknownInHall(seats=unknown)
    if has_begun(starts_at, now):
        raise SalesClosed()
    seat_groups.check_buying(prices, wanted)
    seats = [prices[seat] for seat in wanted]
    return Quote(seats, sum(seat["price"] for seat in seats))


def has_begun(starts_at: dt.datetime, now: dt.datetime) -> bool:
    """From then on nothing is sold, and no order becomes paid: money that is found now goes back."""
    return now >= starts_at


def check_snacks(wanted: list[dict[str, Any]], limits: Limits) -> None:
    """Raise FieldsInvalid for more snacks than one order may have; `wanted` is [{sku, quantity}]."""
    if len({snack["sku"] for snack in wanted}) != len(wanted):
        raise FieldsInvalid(fields={"snacks": ["The same snack is named twice."]})
    if len(wanted) > limits.snacks_per_order:
        raise FieldsInvalid(fields={"snacks": [f"At most {limits.snacks_per_order} different snacks an order."]})
    if any(snack["quantity"] > limits.snacks_of_a_kind for snack in wanted):
        raise FieldsInvalid(fields={"snacks": [f"At most {limits.snacks_of_a_kind} of each."]})


def worth(snacks: list[dict[str, Any]]) -> int:
    """What these cost together."""
    return sum(snack["quantity"] * snack["price"] for snack in snacks)


def is_complete(status: str, ends_at: dt.datetime, kitchen_status: str | None, now: dt.datetime) -> bool:
    """Nothing of the order is to come."""
    return status in REFUNDABLE and ends_at <= now and (kitchen_status is None or kitchen_status in SNACKS_OVER)


def is_dead(status: str, expires_at: dt.datetime, now: dt.datetime) -> bool:
    """An unpaid order past its deadline: its seats are for the next buyer."""
    return status in UNPAID and expires_at <= now


def ask_again_at(since: dt.datetime, now: dt.datetime) -> dt.datetime:
    """When to ask again for what has been asked for in vain since then: the pauses double."""
    return now + min(max(now - since, SHORTEST_PAUSE), LONGEST_PAUSE)


def may_pay(status: str, expires_at: dt.datetime, now: dt.datetime) -> None:
    if status == "expired" or is_dead(status, expires_at, now):
        raise OrderExpired(order_status="expired")
    if status not in UNPAID:
        raise OrderNotPayable(order_status=status)


def first_deadline(starts_at: dt.datetime, now: dt.datetime, limits: Limits) -> dt.datetime:
    """Until when a new order waits for its buyer to pay: never longer than until its film begins."""
    return min(now + limits.hold, starts_at)


def pay_deadline(created_at: dt.datetime, expires_at: dt.datetime, starts_at: dt.datetime,
                 limits: Limits) -> dt.datetime:
    """Starting to pay extends the deadline, counted from the order's creation; so once and not again."""
    return min(max(expires_at, created_at + limits.pay), starts_at)


def check_way(method: str, return_url: str | None) -> None:
    """Only test money can be had without the buyer going to a page for it."""
    if method != "sandbox" and return_url is None:
        raise FieldsInvalid(fields={"return_url": ["Where should the buyer come back to?"]})


def may_revive(status: str, starts_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether a late payment may still bring the order its seats, should they all be free."""
    return status == "expired" and not has_begun(starts_at, now)


def may_cancel(status: str) -> None:
    if status not in UNPAID:
        raise OrderNotCancellable(order_status=status)
