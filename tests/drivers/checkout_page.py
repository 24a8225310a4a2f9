"""Buyers at the provider's page."""

import datetime as dt
import logging
import random
from typing import Any

from sqlalchemy import insert, text

from services.foundation.database import Transactions, utc_now
from services.foundation.ids import new_id
from services.payment.models import Account, Payment, SandboxCharge

PRICE = 1200


def begin_to_pay(room: Any, order_id: str, **other: Any) -> dict[str, Any]:
    """Begin to pay EUR 12.00 for the order at the provider's page."""
    later = (utc_now() + dt.timedelta(minutes=15)).isoformat()
    fields = {"amount": PRICE, "currency": "EUR", "method": "card", "return_url": "/order/1", "expires_at": later}
    return dict(room.start(order_id=order_id, **{**fields, **other}))


def dice() -> random.Random:
    """Random numbers; the seed is in the log of a failed test."""
    seed = random.randrange(10**6)
    logging.getLogger("marquee.test").warning("seed %s", seed)
    return random.Random(seed)


def paid_at_the_provider(database: Transactions, count: int, status: str = "authorized") -> list[str]:
    """Payments of `count` orders that ended at the provider's page, which the room does not know yet."""
    now = utc_now()
    later, known = now + dt.timedelta(minutes=15), {"amount": PRICE, "currency": "EUR"}
    rows = [{"payment_id": new_id(), "order_id": new_id(), **known} for _ in range(count)]
    hosted = {"return_url": "/order/1", "expires_at": later, "created_at": now}

    def write(tx: Any) -> None:
        tx.execute(insert(Account), [{"order_id": row["order_id"], "status": "open", "refunded": 0, "changed_at": now,
                                      **known} for row in rows])
        tx.execute(insert(Payment), [{**row, **hosted, "attempt": 1, "provider": "sandbox", "method": "card",
                                      "status": "pending", "tried_at": now, "reference": row["payment_id"],
                                      "redirect_url": f"/payment/sandbox/{row['payment_id']}"} for row in rows])
        tx.execute(insert(SandboxCharge), [{**row, **hosted, "status": status, "refunded": 0, "wrong_codes": 0}
                                           for row in rows])

    database.run(write)
    return [str(row["payment_id"]) for row in rows]


def count(database: Transactions, query: str, payments: list[str]) -> int:
    """A number about these payments: `... WHERE payment_id IN :payments`."""
    marks = ", ".join(f"'{payment}'" for payment in payments)
    return int(database.read(lambda tx: tx.execute(text(query.replace(":payments", f"({marks})"))).scalar() or 0))


def events(database: Transactions, order_id: str) -> list[str]:
    """The types of the events about the order's payments."""
    query = text("SELECT o.type FROM outbox o JOIN payment p ON p.payment_id = o.about WHERE p.order_id = :order "
                 "ORDER BY p.attempt, o.sequence")
    return list(database.read(lambda tx: tx.execute(query, {"order": order_id}).scalars().all()))
