"""A new order before it is written, and before it is known whether its seats can be had."""

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any

from services.foundation.rpc.idempotency import IdempotencyKey
from services.foundation.tracing.trace_context import traceparent
from services.order.order_items import Seat, Snack, snacks_total
from services.order.screenings.refund_policy import Tier, dump_tiers
from services.order.screenings.screening_snapshot import ScreeningSnapshot


@dataclass(frozen=True)
class NewOrder:
    """An order with the screening, prices and refund policy of this moment."""

    order_id: str
    board_owner: str  # the name its seats are held under on the board
    buyer_id: str
    screening: ScreeningSnapshot
    seats: list[Seat]
    refund_tiers: list[Tier]
    created_at: dt.datetime
    expires_at: dt.datetime
    snacks: list[Snack] = field(default_factory=list)
    unpaid_slot: int = 1
    buyer_number: int | None = None  # for the limits on what one buyer holds; None: there are none
    guest: bool = False  # the buyer has no account

    @property
    def seat_ids(self) -> list[str]:
        return [seat["seat_id"] for seat in self.seats]

    @property
    def total(self) -> int:
        """The price of seats and snacks, in minor units."""
        return sum(seat["price"] for seat in self.seats) + snacks_total(self.snacks)

    def row(self) -> dict[str, Any]:
        """The columns of `orders`."""
        screening = self.screening
        return {
            "order_id": self.order_id, "board_owner": self.board_owner, "buyer_id": self.buyer_id, "guest": self.guest,
            "screening_id": screening.screening_id, "status": "created", "version": 1,
            "unpaid_slot": self.unpaid_slot, "buyer_number": self.buyer_number, "total": self.total, "refunded": 0,
            "revived": False, "currency": screening.currency, "film_title": screening.film_title,
            "cinema_id": screening.cinema_id, "cinema_name": screening.cinema_name,
            "hall_name": screening.hall_name, "starts_at": screening.starts_at,
            "ends_at": screening.ends_at, "starts_offset": screening.minutes_east_of_utc,
            "time_zone": screening.time_zone, "ask_again_at": None,
            "seats": json.dumps(self.seats), "snacks": json.dumps(self.snacks),
            "kitchen_status": "reserved" if self.snacks else None, "kitchen_sequence": 0,
            "refund_tiers": dump_tiers(self.refund_tiers), "created_at": self.created_at,
            "expires_at": self.expires_at, "changed_at": self.created_at, "traceparent": traceparent(),
        }


def board_owner(key: IdempotencyKey, order_id: str) -> str:
    """The name under which the board holds an order's seats. Copies of one keyed request share it: no rivals."""
    return (key.fingerprint or order_id)[:32]
