"""Devices that have signed in to an account before: 256 random bits, kept by a browser or program.

Such a device signs nobody in. It only counts by itself when wrong passwords are counted, and goes first when hashes are
computed. An account has at most MOST_DEVICES; the one that was used longest ago is forgotten.
"""

import datetime as dt
import secrets
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.engine import Connection, Row

from schemas.user import token_id
from services.foundation.database import delete_some
from services.user.attempts.source import Source, device
from services.user.models import Device

KEPT = dt.timedelta(days=180)    # after it was last used
MOST_DEVICES = 20


def known(tx: Connection, account: Row[Any] | None, token: str | None, now: dt.datetime) -> Source | None:
    """The device with this token, if it has signed in to this account before."""
    if account is None or token is None:
        return None
    own = (Device.device_id == token_id(token)) & (Device.user_id == account.user_id) & (Device.expires_at > now)
    found = tx.execute(select(Device.device_id).where(own)).scalar()
    return device(found) if found else None


def remember(tx: Connection, user_id: str, token: str | None, now: dt.datetime) -> str:
    """Keep the device that has just signed in, for a while longer; returns its token. The account is locked.

    A token that nobody has been given before is replaced.
    """
    if token is None or not _is_ours(tx, token):
        token = secrets.token_urlsafe(32)
    row = {"device_id": token_id(token), "user_id": user_id, "expires_at": now + KEPT}
    tx.execute(insert(Device).values(row).on_duplicate_key_update(expires_at=now + KEPT))
    _forget_oldest(tx, user_id)
    return token


def forget_all(tx: Connection, user_id: str) -> None:
    """No device of this account is known any more."""
    tx.execute(delete(Device).where(Device.user_id == user_id))


def delete_expired(tx: Connection, now: dt.datetime) -> int:
    """Delete some of the devices that were not used for long; returns how many."""
    return delete_some(tx, Device, Device.expires_at <= now)


def _is_ours(tx: Connection, token: str) -> bool:
    return tx.execute(select(Device.device_id).where(Device.device_id == token_id(token)).limit(1)).first() is not None


def _forget_oldest(tx: Connection, user_id: str) -> None:
    by_use = select(Device.device_id).where(Device.user_id == user_id).order_by(Device.expires_at.desc())
    if old := list(tx.execute(by_use.limit(MOST_DEVICES).offset(MOST_DEVICES)).scalars()):
        tx.execute(delete(Device).where(Device.user_id == user_id, Device.device_id.in_(old)))
