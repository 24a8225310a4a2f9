"""What staff do in a room, written to its outbox in the transaction that does it; the office room keeps a log of it."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.engine import Connection

from schemas.base import Event, Method
from services.foundation.database import utc_now
from services.foundation.events import outbox
from services.foundation.ids import new_id
from services.foundation.rpc.calls import Principal

Values = dict[str, Any] | None


def operator(command: str) -> Principal:
    """The operator of `python -m operations <command>`: nobody signed in, so the command stands for the person."""
    return Principal(username=f"operations {command}")


def write_operation(
    tx: Connection, table: Table, event: Event, principal: Principal, method: Method | str, *,
    about: str, before: Values, after: Values, cinema_id: str | None = None, reason: str | None = None,
    money: Values = None,
) -> None:
    """Write that `principal` did `method` to the thing with the id `about`.

    `method`: of the room, or the name of a command, such as `account.grant`. `event`: the room's `operated` event.
    `before` and `after`: what changed, in JSON types. `money`: the fields of schemas.operation_log.OperationMoney.
    Raises marshmallow.ValidationError for what does not fit.
    """
    operation_id = new_id()
    body = event.dump({
        "operation_id": operation_id, "actor_id": principal.user_id, "actor": principal.username or principal.user_id,
        "roles": list(principal.roles), "method": method if isinstance(method, str) else f"{method.room}.{method.name}",
        "about": about, "cinema_id": cinema_id, "before": before, "after": after, "reason": reason or None,
        "money": money, "request_id": principal.request_id, "operated_at": utc_now(),
    })
    event.body().load(body)  # the office room can't log what does not fit, so nothing of it may happen
    outbox.write(tx, table, event, about=operation_id, sequence=1, body=body)
