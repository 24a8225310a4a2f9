"""The ledger of points: each entry is written once, together with the sums that are kept beside it."""

import datetime as dt
from typing import Any

from sqlalchemy.engine import Connection

from schemas.loyalty import REDEEMED, NotEnoughPoints, PointsNotRedeemable
from services.foundation.database import utc_now
from services.foundation.events import outbox
from services.foundation.ids import new_id
from services.loyalty import store
from services.loyalty.models import OUTBOX
from services.loyalty.settings import LoyaltySettings

REASONS = {"check_in": "checked_in", "redeemed": "redeemed", "earned": "paid"}


def book(tx: Connection, user_id: str, kind: str, source_id: str, points: int, *, occurred_at: dt.datetime,
         order_id: str | None = None, reason: str | None = None) -> None:
    """Book points, once for each source and kind, however often this is repeated."""
    store.lock_member(tx, user_id)
    is_new = store.add_entry(tx, {
        "entry_id": new_id(), "user_id": user_id, "kind": kind, "source_id": source_id, "points": points,
        "order_id": order_id, "reason": reason or REASONS[kind], "occurred_at": occurred_at})
    if is_new:
        store.add_points(tx, user_id, points, lifetime=0 if kind == "redeemed" else points)


def redeem(tx: Connection, settings: LoyaltySettings, user_id: str, points: int,
           currency: str | None) -> dict[str, Any]:
    """Turn points into money that the wallet owes; the reply, a schemas.loyalty.points.Redemption.

    The event leaves with the points. Raises PointsNotRedeemable and NotEnoughPoints.
    """
    rate = settings.rate_of(currency)
    if rate is None or points % rate["points"]:
        raise PointsNotRedeemable(rates=settings.rates)
    balance = store.lock_member(tx, user_id).balance
    if balance < points:
        raise NotEnoughPoints(balance=balance)
    redemption = {"redemption_id": new_id(), "user_id": user_id, "points": points,
                  "amount": points // rate["points"] * rate["amount"], "currency": rate["currency"]}
    now = utc_now()
    book(tx, user_id, "redeemed", redemption["redemption_id"], -points, occurred_at=now)
    outbox.write(tx, OUTBOX, REDEEMED, about=redemption["redemption_id"], sequence=1, body=redemption)
    return {**redemption, "balance": balance - points, "server_time": now}
