"""What is kept of an answer under its Idempotency-Key, and told again: never a ticket code that is void by then."""

from typing import Any

from sqlalchemy.engine import Connection

from services.foundation.rpc.idempotency import AlreadyAnswered, Keys
from services.order import store
from services.order.serializers import ticket


class OrderKeys(Keys):
    """Keys whose answers are kept without ticket codes; told again, each ticket of an answer is as it stands then."""

    def recall(self, tx: Connection) -> None:
        try:
            super().recall(tx)
        except AlreadyAnswered as earlier:
            raise AlreadyAnswered(_as_it_stands(tx, earlier.reply)) from None

    def remember(self, tx: Connection, reply: dict[str, Any]) -> None:
        super().remember(tx, _without_codes(reply))

    def revise(self, tx: Connection, reply: dict[str, Any]) -> None:
        super().revise(tx, _without_codes(reply))


def _without_codes(reply: dict[str, Any]) -> dict[str, Any]:
    if "tickets" not in reply:
        return reply
    return {**reply, "tickets": [{**each, "code": None} for each in reply["tickets"]]}


def _as_it_stands(tx: Connection, reply: dict[str, Any]) -> dict[str, Any]:
    if not reply.get("tickets"):
        return reply
    now = {row.ticket_id: ticket(row) for row in store.tickets_of(tx, reply["order_id"])}
    return {**reply, "tickets": [now[each["ticket_id"]] for each in reply["tickets"]]}
