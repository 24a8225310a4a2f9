"""Which events call for a message, what it is about, and when a failed try is repeated. Pure: no I/O."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

# Every kind of message about an order, those with a link about an account, and those that only tell its holder of a
# change; each has sentences in language/.
KINDS = ("paid", "revived", "part_refunded", "refunded", "cancelled", "screening_cancelled", "paid_late", "reversed")
CONFIRM_EMAIL = "confirm_email"
NEW_PASSWORD = "new_password"  # noqa: S105 - the kind of a message
PASSWORD_CHANGED = "password_changed"  # noqa: S105 - likewise
EMAIL_CHANGED = "email_changed"
ORDER_LINK = "order_link"
WITH_TICKETS = ("paid", "revived")    # a guest gets these before the address is confirmed: their link confirms it
SECOND_FACTOR_SET = "second_factor_set"
SECOND_FACTOR_REMOVED = "second_factor_removed"
TO_THE_HOLDER = (PASSWORD_CHANGED, SECOND_FACTOR_SET, SECOND_FACTOR_REMOVED)
MAIL_WINDOW = dt.timedelta(hours=1)
PICK_UP_WAIT = dt.timedelta(minutes=1)    # the kitchen gives its code seconds after the payment, or is away


def kind_of(event: str, facts: dict[str, Any]) -> str | None:
    """The kind of message that an event of this type calls for, if any. `facts`: schemas.order.OrderEvent.

    A buyer gets one message about a whole refund, when the money has gone back. A cancelled screening is announced at
    once, before anyone sets out for it; its refund gets no further message.
    """
    screening_cancelled = facts["reason"] == "screening_cancelled"
    match event:
        case "order.paid":
            return "revived" if facts["revived"] else "paid"
        case "order.part_refunded" | "order.paid_late":
            return event.removeprefix("order.")
        case "order.refunding":
            return "screening_cancelled" if screening_cancelled else None
        case "order.refunded":
            if facts["reason"] == "reversed":
                return "reversed"
            return None if screening_cancelled else "refunded"
        case "order.cancelled":
            return "screening_cancelled" if screening_cancelled else "cancelled"
    return None


def amount(kind: str, facts: dict[str, Any]) -> int:
    """The amount that this message is about, in minor units."""
    if kind == "refunded" and facts["last_refund"]:
        return int(facts["last_refund"]["amount"])
    if kind in ("refunded", "reversed"):
        return int(facts["refunded"])
    if not facts["refund"]:
        return int(facts["total"])
    # If the house cancels, the snacks are refunded in any case.
    snacks = facts["snacks"] if kind == "screening_cancelled" else ()
    return int(facts["refund"]["amount"]) + sum(snack["quantity"] * snack["price"] for snack in snacks)


def money_label(kind: str, facts: dict[str, Any]) -> str:
    """The label of the amount: `paid`, `unpaid` (the price of an unpaid order), or `back`."""
    if kind in ("paid", "revived"):
        return "paid"
    return "unpaid" if kind == "cancelled" or (kind == "screening_cancelled" and not facts["refund"]) else "back"


def seats(kind: str, facts: dict[str, Any]) -> list[str]:
    """The seats that this message is about."""
    if kind in ("part_refunded", "screening_cancelled") and facts["refund"]:
        return list(facts["refund"]["seats"])
    if kind == "refunded" and facts["last_refund"]:
        return list(facts["last_refund"]["seats"])
    return [seat["seat_id"] for seat in facts["seats"]]


def has_snacks(kind: str, facts: dict[str, Any]) -> bool:
    """Whether this message is about snacks, too: of a last refund, those that were paid back."""
    about = kind in ("paid", "revived", "screening_cancelled") or (kind == "refunded" and facts["snacks_refunded"])
    return bool(about and facts["snacks"])


def follows_others(kind: str, facts: dict[str, Any]) -> bool:
    """Whether earlier messages were about other seats of this order that were given back."""
    return kind == "refunded" and len(seats(kind, facts)) < len(facts["seats"])


def seats_left(facts: dict[str, Any]) -> list[str]:
    """The seats that the buyer still has."""
    return [seat["seat_id"] for seat in facts["seats"] if seat["seat_id"] not in facts["returned_seats"]]


def next_try(tries: int, pauses: Sequence[float], now: dt.datetime) -> dt.datetime:
    """When to try again after that many failed tries; the last of the pauses (in seconds) is repeated."""
    return now + dt.timedelta(seconds=pauses[min(tries, len(pauses)) - 1])


def next_mail_at(sent_at: dt.datetime | None, now: dt.datetime) -> dt.datetime | None:
    """When an account may get the next mail; None: now.

    `sent_at`: when it got the first of the last mails, as many as it may get in MAIL_WINDOW; None: it got fewer.
    """
    return sent_at + MAIL_WINDOW if sent_at and sent_at > now - MAIL_WINDOW else None


def waits_for_pick_up(occurred_at: dt.datetime, now: dt.datetime, facts: dict[str, Any], code: str | None) -> bool:
    """Whether a message with tickets still waits for the kitchen's code."""
    return bool(facts["snacks"]) and code is None and now < occurred_at + PICK_UP_WAIT


def waits_for_address(occurred_at: dt.datetime, now: dt.datetime, lifetime: dt.timedelta) -> bool:
    """Whether a message about an event still waits for its address to be confirmed."""
    return now < occurred_at + lifetime
