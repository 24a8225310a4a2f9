"""Reservations of snacks, and what is left."""

import datetime as dt
from typing import Any

from services.foundation.database import Transactions, utc_now
from services.kitchen import stock


def wanted(order_id: str, **quantities: int) -> dict[str, Any]:
    return {"order_id": order_id, "cinema_id": "kanal", "currency": "EUR", "purchase": order_id,
            "until": utc_now() + dt.timedelta(minutes=8),
            "snacks": [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]}


def snacks_left(kitchen: Transactions) -> dict[str, int]:
    return {snack["sku"]: snack["left"] for snack in kitchen.read(lambda tx: stock.menu(tx, "kanal"))}
