"""Answers kept under an Idempotency-Key: without ticket codes, which may be void when the answer is repeated."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import Connection

from services.foundation.rpc.idempotency import AlreadyAnswered, IdempotencyKey
from services.order import store
from services.order.replies.serializers import ticket_reply


class OrderIdempotencyKey(IdempotencyKey):
    """A key whose answer is stored without ticket codes; a repeated answer has its tickets in their present state."""

    def first_answer(self, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `work` answers, or the earlier answer when `work` comes across it."""
        try:
            return work()
        except AlreadyAnswered as earlier:
            return earlier.reply

    def raise_if_answered(self, tx: Connection) -> None:
        try:
            super().raise_if_answered(tx)
        except AlreadyAnswered as earlier:
            raise AlreadyAnswered(_with_present_tickets(tx, earlier.reply)) from None

    def store_reply(self, tx: Connection, reply: dict[str, Any]) -> None:
        super().store_reply(tx, _without_codes(reply))

    def replace_reply(self, tx: Connection, reply: dict[str, Any]) -> None:
        super().replace_reply(tx, _without_codes(reply))


def _without_codes(reply: dict[str, Any]) -> dict[str, Any]:
    if "tickets" not in reply:
        return reply
    return {**reply, "tickets": [{**each, "code": None} for each in reply["tickets"]]}


def _with_present_tickets(tx: Connection, reply: dict[str, Any]) -> dict[str, Any]:
    if not reply.get("tickets"):
        return reply
    present = {row.ticket_id: ticket_reply(row) for row in store.tickets_of(tx, reply["order_id"])}
    return {**reply, "tickets": [present[each["ticket_id"]] for each in reply["tickets"]]}
