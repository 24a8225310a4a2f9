"""The accounts of the house, and when two requests are about the same money. Pure: no I/O."""

from collections.abc import Mapping
from typing import Any

from schemas.errors import FieldsInvalid
from schemas.wallet import SourceMismatch

# The counter-account of the house for each type of source: what it sells, gives away, owes for points, or puts right.
HOUSE_ACCOUNTS = {"payment": "sales", "refund": "sales", "check_in": "rewards", "redemption": "points",
                  "adjustment": "adjustments"}


def member_account(user_id: str, currency: str) -> str:
    """The id of a member's account."""
    return f"member-{user_id}-{currency}"


def house_account(source_type: str, currency: str) -> str:
    """The id of the house's account on the other side of such a transfer."""
    return f"house-{HOUSE_ACCOUNTS[source_type]}-{currency}"


def check_same(known: Any, wanted: Mapping[str, Any]) -> None:
    """Raise SourceMismatch unless the row `known` is about the money that is `wanted`."""
    if (known.user_id, abs(known.amount), known.currency) != (wanted["user_id"], wanted["amount"], wanted["currency"]):
        raise SourceMismatch(source_type=known.source_type, source_id=known.source_id)


def check_adjustment(amount: int) -> None:
    """Raise FieldsInvalid for an adjustment by nothing."""
    if amount == 0:
        raise FieldsInvalid(fields={"amount": ["Must not be 0."]})
