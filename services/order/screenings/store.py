"""Which screenings are cancelled: a row of `cancelled_screening` is the decision."""

import datetime as dt
from collections.abc import Set
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.engine import Connection

from services.order.models import Base

cancelled = Base.metadata.tables["cancelled_screening"]


def add_cancelled(tx: Connection, row: dict[str, Any]) -> bool:
    """Write that a screening is cancelled; False, and nothing changed, if it was before."""
    return bool(tx.execute(insert(cancelled).prefix_with("IGNORE"), row).rowcount)


def cancelled_at(tx: Connection, screening_id: str) -> dt.datetime | None:
    """When the screening was cancelled; None: it was not."""
    found = select(cancelled.c.cancelled_at).where(cancelled.c.screening_id == screening_id)
    return tx.execute(found).scalar()


def cancelled_by(tx: Connection, screening_id: str) -> str | None:
    """The user_id of the manager who cancelled the screening; None: it was not cancelled."""
    found = select(cancelled.c.cancelled_by).where(cancelled.c.screening_id == screening_id)
    return tx.execute(found).scalar()


def is_cancelled(tx: Connection, screening_id: str) -> bool:
    """Whether the screening is cancelled."""
    return cancelled_at(tx, screening_id) is not None


def cancelled_of(tx: Connection, screening_ids: Set[str]) -> Set[str]:
    """Those of the screenings that are cancelled."""
    query = select(cancelled.c.screening_id).where(cancelled.c.screening_id.in_(sorted(screening_ids)))
    return frozenset(tx.execute(query).scalars())
