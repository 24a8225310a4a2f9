"""Which event is worth a message, and when a message that could not be sent is tried again. Pure."""

import datetime as dt
from typing import Any

# Every kind of message about an order, and the one that asks to confirm an address; each has sentences in language/.
KINDS = ("paid", "revived", "part_refunded", "refunded", "cancelled", "screening_cancelled", "paid_late")
CONFIRM_EMAIL = "confirm_email"


def kind_of(event: str, facts: dict[str, Any]) -> str | None:
    """The message that an event of this type calls for; None: none. `facts`: schemas.order.OrderEvent.

    A buyer hears of a whole refund once, when the money has gone back. A cancelled screening is told at once, before
    anyone sets out for it, and its money is not told of again.
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
            return None if screening_cancelled else "refunded"
        case "order.cancelled":
            return "screening_cancelled" if screening_cancelled else "cancelled"
    return None


def amount(kind: str, facts: dict[str, Any]) -> int:
    """The money that this message is about, in minor units."""
    if kind == "refunded":
        return int(facts["refunded"])
    if not facts["refund"]:
        return int(facts["total"])
    # When the house cancels, the snacks are paid back in any case, each in its own time.
    snacks = facts["snacks"] if kind == "screening_cancelled" else ()
    return int(facts["refund"]["amount"]) + sum(snack["quantity"] * snack["price"] for snack in snacks)


def money_word(kind: str, facts: dict[str, Any]) -> str:
    """What the amount is: `paid`, `unpaid` (the price of what was not paid for), or `back`."""
    if kind in ("paid", "revived"):
        return "paid"
    return "unpaid" if kind == "cancelled" or (kind == "screening_cancelled" and not facts["refund"]) else "back"


def seats(kind: str, facts: dict[str, Any]) -> list[str]:
    """The seats that this message is about."""
    if kind in ("part_refunded", "screening_cancelled") and facts["refund"]:
        return list(facts["refund"]["seats"])
    return [seat["seat_id"] for seat in facts["seats"]]


def seats_left(facts: dict[str, Any]) -> list[str]:
    """The seats that the buyer still has."""
    return [seat["seat_id"] for seat in facts["seats"] if seat["seat_id"] not in facts["returned_seats"]]


def next_try(tries: int, pauses: list[float], now: dt.datetime) -> dt.datetime:
    """When to try again after so many tries in vain; after the last pause it is waited that long each time."""
    return now + dt.timedelta(seconds=pauses[min(tries, len(pauses)) - 1])


def waits_for_address(occurred_at: dt.datetime, now: dt.datetime, hours: float) -> bool:
    """Whether a message to an address that is not confirmed may be sent yet, once it is."""
    return now < occurred_at + dt.timedelta(hours=hours)
