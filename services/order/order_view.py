"""An order as it stands: its row and its tickets."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Row

from services.order import rules
from services.order.refunding import refund_policy

Rows = Sequence[Any]  # of sqlalchemy.Row


@dataclass(frozen=True)
class OrderView:
    """The row of `orders`, the rows of `ticket`, and what is kept in them as JSON."""

    row: Row[Any]
    tickets: Rows
    seats: list[dict[str, Any]] = field(default_factory=list)

    @property
    def valid_seats(self) -> dict[str, dict[str, Any]]:
        """Seat id -> {seat_id, kind, price, goes_with}, for the tickets still good."""
        facts = {seat["seat_id"]: seat for seat in self.seats}
        return {ticket.seat_id: facts[ticket.seat_id] for ticket in self.tickets if ticket.status == "valid"}

    @property
    def valid_prices(self) -> dict[str, int]:
        """Seat id -> price, for the tickets still good."""
        return {seat_id: seat["price"] for seat_id, seat in self.valid_seats.items()}

    @property
    def tiers(self) -> list[refund_policy.Tier]:
        """The refund policy stamped on the order."""
        return [refund_policy.Tier(dt.datetime.fromisoformat(tier["until"]), tier["percent"], tier["fee"])
                for tier in json.loads(self.row.refund_tiers)]

    @property
    def seat_ids(self) -> list[str]:
        return [seat["seat_id"] for seat in self.seats]

    @cached_property
    def snacks(self) -> list[dict[str, Any]]:
        """What was bought besides: {sku, name, name_zh, quantity, price}."""
        return list(json.loads(self.row.snacks))

    @property
    def snacks_worth(self) -> int:
        return rules.worth(self.snacks)
