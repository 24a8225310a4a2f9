"""The time zone of a profile: rooms that count a member's days hear of each change."""

from typing import Any

from sqlalchemy import Row
from sqlalchemy.engine import Connection

from schemas.user import TIME_ZONE_CHANGED
from services.foundation.events import outbox
from services.user import store
from services.user.models import OUTBOX


def record_change(tx: Connection, account: Row[Any], request: dict[str, Any]) -> None:
    """Write the event if the request changes the time zone; `account` is the row before, locked."""
    if "time_zone" not in request or request["time_zone"] == account.time_zone:
        return
    number = account.time_zone_changes + 1
    store.update_account(tx, account.user_id, time_zone_changes=number)
    # Events about the address are numbered by themselves, under the account's own id.
    outbox.write(tx, OUTBOX, TIME_ZONE_CHANGED, about=f"{account.user_id}-time-zone", sequence=number,
                 body={"user_id": account.user_id, "time_zone": request["time_zone"]})
