"""What may be bought, paid, refunded, cancelled, and when. Pure: no I/O, `now` is an argument."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from schemas.errors import FieldsInvalid
from schemas.order import (
    OrderExpired,
    OrderNotCancellable,
    OrderNotPayable,
    OrderNotRefundable,
    RefundClosed,
    SalesClosed,
    SeatsNotInOrder,
    SeatsUnknownInHall,
)

# Every change of state there is; whatever is not here can't happen. `store.move` asks this table.
TRANSITIONS: dict[str, frozenset[str]] = {
    "created": frozenset({"paying", "cancelled", "expired"}),
    "paying": frozenset({"paid", "cancelled", "expired", "review"}),
    "paid": frozenset({"part_refunded", "refunding"}),
    "part_refunded": frozenset({"part_refunded", "refunding"}),
    "refunding": frozenset({"refunded"}),
    "expired": frozenset({"paid"}),  # only when a late payment finds all its seats still free
    "review": frozenset({"paid", "cancelled", "refunding"}),
    "refunded": frozenset(),
    "cancelled": frozenset(),
}
UNPAID = frozenset({"created", "paying"})
HOLDS_SEATS = UNPAID | {"review"}           # its claims are PENDING
ENDED_UNPAID = frozenset({"expired", "cancelled"})
OWNS_SEATS = frozenset({"paid", "part_refunded"})  # its claims are SOLD


@dataclass(frozen=True)
class Limits:
    """From config.yml."""

    hold: dt.timedelta
    pay: dt.timedelta
    refund_until: dt.timedelta
    seats_per_order: int
    unpaid_orders: int


@dataclass(frozen=True)
class Quote:
    """Seats with the prices they have for this order, in the order they were asked for."""

    seats: list[dict[str, Any]]  # {seat_id, kind, price}
    total: int

    @property
    def seat_ids(self) -> list[str]:
        return [seat["seat_id"] for seat in self.seats]


def may_become(status: str, target: str) -> bool:
    return target in TRANSITIONS[status]


def quote(prices: dict[str, dict[str, Any]], starts_at: dt.datetime, wanted: list[str], now: dt.datetime,
          limits: Limits) -> Quote:
    """Price the seats wanted; `prices` is {seat_id: {seat_id, kind, price}} of the whole hall."""
    if len(set(wanted)) != len(wanted):
        raise FieldsInvalid(fields={"seats": ["The same seat is named twice."]})
    if len(wanted) > limits.seats_per_order:
        raise FieldsInvalid(fields={"seats": [f"At most {limits.seats_per_order} seats an order."]})
    if unknown := [seat for seat in wanted if seat not in prices]:
        raise SeatsUnknownInHall(seats=unknown)
    if now >= starts_at:
        raise SalesClosed()
    seats = [prices[seat] for seat in wanted]
    return Quote(seats, sum(seat["price"] for seat in seats))


def is_dead(status: str, expires_at: dt.datetime, now: dt.datetime) -> bool:
    """An unpaid order past its deadline: its seats are for the next buyer."""
    return status in UNPAID and expires_at <= now


def may_pay(status: str, expires_at: dt.datetime, now: dt.datetime) -> None:
    if status == "expired" or is_dead(status, expires_at, now):
        raise OrderExpired(status="expired")
    if status not in UNPAID:
        raise OrderNotPayable(status=status)


def pay_deadline(created_at: dt.datetime, expires_at: dt.datetime, limits: Limits) -> dt.datetime:
    """Starting to pay extends the deadline, counted from the order's creation; so once and not again."""
    return max(expires_at, created_at + limits.pay)


def may_cancel(status: str) -> None:
    if status not in UNPAID:
        raise OrderNotCancellable(status=status)


@dataclass(frozen=True)
class RefundPlan:
    seats: list[str]
    amount: int
    whole: bool


def plan_refund(status: str, valid: dict[str, int], wanted: list[str] | None, refund_until: dt.datetime,
                now: dt.datetime) -> RefundPlan:
    """What is given back; `valid` is {seat_id: price} of the tickets still good. All or nothing by the clock."""
    if status not in OWNS_SEATS:
        raise OrderNotRefundable(status=status)
    if now > refund_until:
        raise RefundClosed(full_until=refund_until.isoformat())
    seats = list(valid) if wanted is None else wanted
    if len(set(seats)) != len(seats):
        raise FieldsInvalid(fields={"seats": ["The same seat is named twice."]})
    if strangers := [seat for seat in seats if seat not in valid]:
        raise SeatsNotInOrder(seats=strangers)
    return RefundPlan(seats, sum(valid[seat] for seat in seats), whole=len(seats) == len(valid))
