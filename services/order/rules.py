"""The states of an order, and when it may be paid, revived or cancelled. Pure: no I/O, `now` is an argument."""

import datetime as dt
from collections.abc import Collection, Set

from schemas.errors import FieldsInvalid
from schemas.order.refusals import (
    MembersOnly,
    OrderExpired,
    OrderNotCancellable,
    OrderNotExtendable,
    OrderNotPaid,
    OrderNotPayable,
    TicketsUsed,
)

# Every change of state there is. `store.move` refuses all others.
TRANSITIONS: dict[str, frozenset[str]] = {
    "created": frozenset({"paying", "cancelled", "expired"}),
    "paying": frozenset({"paid", "cancelled", "expired", "review"}),
    "paid": frozenset({"part_refunded", "refunding", "completed"}),
    "part_refunded": frozenset({"part_refunded", "refunding", "completed"}),
    "completed": frozenset({"refunding"}),  # only when the cinema cancels the screening after all
    "refunding": frozenset({"refunded"}),
    "expired": frozenset({"paid"}),  # only when a late payment finds all its seats still free
    "review": frozenset({"paid", "expired"}),  # when a person has decided whether its payment counts
    "refunded": frozenset(),
    "cancelled": frozenset(),
}
UNPAID = frozenset({"created", "paying"})
HOLDS_SEATS = UNPAID | {"review"}           # its claims are PENDING
ENDED_UNPAID = frozenset({"expired", "cancelled"})
REFUNDABLE = frozenset({"paid", "part_refunded"})
OWNS_SEATS = REFUNDABLE | {"completed"}     # its claims are SOLD
WAS_PAID = OWNS_SEATS | {"refunding", "refunded"}
CLOCKS_DIFFER = dt.timedelta(seconds=5)     # at most, between the machines of the mesh
SHORTEST_PAUSE, LONGEST_PAUSE = dt.timedelta(seconds=5), dt.timedelta(minutes=10)
SNACKS_OVER = frozenset({"collected", "uncollected", "expired"})  # the kitchen has finished with them
PAGELESS = frozenset({"sandbox", "wallet"})  # methods that need no page: schemas.payment.payments.PAGELESS_METHODS
SNACK_REFUND_PREFIX = "snacks-"


def may_become(status: str, target: str) -> bool:
    """Whether an order may go from one state to another."""
    return target in TRANSITIONS[status]


def has_begun(starts_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether the film has begun. Nothing is sold any more, no order becomes paid, and money found now goes back."""
    return now >= starts_at


def is_complete(status: str, ends_at: dt.datetime, kitchen_status: str | None, now: dt.datetime) -> bool:
    """Whether nothing of the order is left to happen: its screening is over, and so are its snacks."""
    return status in REFUNDABLE and ends_at <= now and (kitchen_status is None or kitchen_status in SNACKS_OVER)


def is_dead(status: str, expires_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether this is an unpaid order past its deadline, whose seats are for the next buyer."""
    return status in UNPAID and expires_at <= now


def is_live_unpaid(status: str, expires_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether this is an unpaid order that still has time."""
    return status in UNPAID and expires_at > now


def retry_at(since: dt.datetime, now: dt.datetime) -> dt.datetime:
    """When to try again what has failed since then: the pauses double, from five seconds to ten minutes."""
    return now + min(max(now - since, SHORTEST_PAUSE), LONGEST_PAUSE)


def check_payable(status: str, expires_at: dt.datetime, now: dt.datetime) -> None:
    """Raise OrderExpired or OrderNotPayable unless the order may be paid now."""
    if status == "expired" or is_dead(status, expires_at, now):
        raise OrderExpired(order_status="expired")
    if status not in UNPAID:
        raise OrderNotPayable(order_status=status)


def hold_deadline(starts_at: dt.datetime, now: dt.datetime, hold: dt.timedelta) -> dt.datetime:
    """Until when a new order holds its seats: no longer than until its film begins."""
    return min(now + hold, starts_at)


def pay_deadline(created_at: dt.datetime, expires_at: dt.datetime, starts_at: dt.datetime,
                 pay: dt.timedelta) -> dt.datetime:
    """The deadline of an order that is being paid. It counts from the order's creation, so it moves only once."""
    return min(max(expires_at, created_at + pay), starts_at)


def extended_deadline(expires_at: dt.datetime, starts_at: dt.datetime, extension: dt.timedelta) -> dt.datetime:
    """The deadline of an order whose buyer has asked for more time, which is given once."""
    return min(expires_at + extension, starts_at)


def is_extendable(status: str, extended: bool, expires_at: dt.datetime, starts_at: dt.datetime,
                  now: dt.datetime) -> bool:
    """Whether the buyer may still have more time: once, for a living unpaid order, and not beyond the film's start.

    Not in the last seconds: by another machine's clock the order may be dead, and its payment is being closed for good.
    """
    return is_live_unpaid(status, expires_at - CLOCKS_DIFFER, now) and not extended and expires_at < starts_at


def check_extendable(status: str, extended: bool, expires_at: dt.datetime, starts_at: dt.datetime,
                     now: dt.datetime) -> None:
    """Raise OrderExpired or OrderNotExtendable unless the buyer may have more time."""
    if status == "expired" or is_dead(status, expires_at, now):
        raise OrderExpired(order_status="expired")
    if not is_extendable(status, extended, expires_at, starts_at, now):
        raise OrderNotExtendable(order_status=status, extended=extended)


def check_return_url(method: str, return_url: str | None) -> None:
    """Raise FieldsInvalid when a buyer has to pay at a page but can't come back."""
    if method not in PAGELESS and return_url is None:
        raise FieldsInvalid(fields={"return_url": ["Required for this payment method."]})


def check_card(method: str, return_url: str | None, card_id: str | None, save_card: bool) -> None:
    """Raise FieldsInvalid when a card is named or to be kept where none pays, or where its bank can't be visited."""
    named = [name for name, given in (("card_id", card_id), ("save_card", save_card)) if given]
    if named and (method == "wallet" or return_url is None):
        raise FieldsInvalid(fields={named[0]: ["Only for a payment by card, with a return_url."]})
    if len(named) > 1:
        raise FieldsInvalid(fields={"save_card": ["This card is kept already."]})


def check_payment_of_guest(method: str, card_id: str | None, save_card: bool) -> None:
    """Raise MembersOnly when a guest would pay with what only an account has."""
    if method == "wallet" or card_id or save_card:
        raise MembersOnly()


def check_refund_of_guest(to: str | None) -> None:
    """Raise MembersOnly when a guest's money would go into a wallet."""
    if to == "wallet":
        raise MembersOnly()


def may_revive(status: str, starts_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether a late payment may still get the order its seats, if all of them are free."""
    return status == "expired" and not has_begun(starts_at, now)


def check_cancellable(status: str) -> None:
    """Raise OrderNotCancellable unless the order is unpaid."""
    if status not in UNPAID:
        raise OrderNotCancellable(order_status=status)


def check_unused(seats: Collection[str], admitted: Set[str]) -> None:
    """Raise TicketsUsed when guests have been admitted to some of the seats."""
    if used := [seat for seat in seats if seat in admitted]:
        raise TicketsUsed(seats=used)


def check_was_paid(status: str) -> None:
    """Raise OrderNotPaid unless the order is paid, or was before its money went back."""
    if status not in WAS_PAID:
        raise OrderNotPaid(order_status=status)


def snack_refund_id(order_id: str) -> str:
    """The id of the refund that books an order's snacks."""
    return SNACK_REFUND_PREFIX + order_id
