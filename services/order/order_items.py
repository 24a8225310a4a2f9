"""The items of an order: seats and snacks, at the prices they were sold for, in minor units of the order's currency."""

from collections.abc import Iterable, Mapping
from typing import NotRequired, TypedDict


class Seat(TypedDict):
    """A seat of a hall or an order, with its price."""

    seat_id: str
    kind: str
    price: int
    goes_with: NotRequired[str]  # the other half of a couple seat


class Snack(TypedDict):
    """Some of one snack, as the kitchen has priced it."""

    sku: str
    name: str
    name_zh: str | None
    quantity: int
    price: int  # of one


class RequestedSnack(TypedDict):
    """Some of one snack, as a buyer asks for it."""

    sku: str
    quantity: int


Seats = Mapping[str, Seat]  # by seat id


def snacks_total(snacks: Iterable[Snack]) -> int:
    """The price of all these snacks together."""
    return sum(snack["quantity"] * snack["price"] for snack in snacks)
