"""An order as the database has it: its row and its tickets."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Row

from services.order.order_items import Seat, Snack, snacks_total

Rows = Sequence[Any]  # of sqlalchemy.Row


@dataclass(frozen=True)
class OrderView:
    """The row of `orders`, the rows of `ticket` in the sequence of the seats, and the items kept as JSON."""

    row: Row[Any]
    tickets: Rows
    seats: list[Seat] = field(default_factory=list)

    @property
    def valid_seats(self) -> dict[str, Seat]:
        """The seats whose tickets are valid, by seat id."""
        seats = {seat["seat_id"]: seat for seat in self.seats}
        return {ticket.seat_id: seats[ticket.seat_id] for ticket in self.tickets if ticket.status == "valid"}

    @property
    def valid_prices(self) -> dict[str, int]:
        """The prices of the seats whose tickets are valid, by seat id."""
        return {seat_id: seat["price"] for seat_id, seat in self.valid_seats.items()}

    @property
    def admitted_seats(self) -> set[str]:
        """The seats whose guests are in."""
        return {ticket.seat_id for ticket in self.tickets if ticket.admitted_at is not None}

    @property
    def seat_ids(self) -> list[str]:
        return [seat["seat_id"] for seat in self.seats]

    @cached_property
    def snacks(self) -> list[Snack]:
        return list(json.loads(self.row.snacks))

    @property
    def snacks_total(self) -> int:
        return snacks_total(self.snacks)
