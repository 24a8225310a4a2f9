"""A member's points, and what is heard of their time zone. The next check-in decides whether it counts yet."""

import datetime as dt
from typing import Any

from sqlalchemy.engine import Connection, Row

from schemas.fields import time_zones
from services.loyalty import rules, store
from services.loyalty.settings import LoyaltySettings


def points(member: Row[Any] | None, settings: LoyaltySettings, now: dt.datetime) -> dict[str, Any]:
    """What the member has, a schemas.loyalty.points.PointsReply: nothing yet for somebody the room does not know."""
    balance, lifetime = (member.balance, member.lifetime) if member else (0, 0)
    return {"balance": balance, "lifetime": lifetime, "tier": rules.tier_of(lifetime, settings.tiers),
            "rates": settings.rates, "server_time": now}


def note_purchase(tx: Connection, user_id: str, zone: str | None, bought_at: dt.datetime) -> None:
    """Keep the zone of the cinema that the member last bought at, if it is known."""
    if zone not in time_zones():
        return
    member = store.lock_member(tx, user_id)
    if member.bought_at is None or member.bought_at < bought_at:
        store.change_member(tx, user_id, cinema_zone=zone, bought_at=bought_at)


def note_profile(tx: Connection, user_id: str, zone: str | None, version: int) -> None:
    """Keep the zone of the member's profile, unless a later change of it was heard of; None: the member has none."""
    if zone is not None and zone not in time_zones():
        return
    if store.lock_member(tx, user_id).profile_version < version:
        store.change_member(tx, user_id, profile_zone=zone, profile_version=version)
