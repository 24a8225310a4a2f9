"""What staff do: the body of each room's event `<room>.operated`, which the office room's log keeps."""

from marshmallow import fields, validate

from schemas.base import Event, Schema
from schemas.fields import Amount, Currency, Id, Moment, Text


class OperationMoney(Schema):
    """Money that an operation moves: out of the house where `amount` is negative."""

    amount = Amount(required=True)
    currency = Currency(required=True)
    source_id = Id(required=True, metadata={"description": "the refund, adjustment, ... that moved it"})


class Operation(Schema):
    """One write by a member of staff. `before` and `after` have what changed; no password, token, address or card."""

    operation_id = Id(required=True)
    actor_id = Id(required=True, allow_none=True, metadata={"description": "null: an operator's command"})
    actor = Text(200, required=True, metadata={"description": "the username, or the operator's command"})
    roles = fields.List(fields.String(), required=True, metadata={"description": "that the actor held then"})
    method = fields.String(required=True, validate=validate.Length(max=64))
    about = Id(required=True, metadata={"description": "the order, account, snack, ... it was done to"})
    cinema_id = Id(required=True, allow_none=True)
    before: fields.Dict = fields.Dict(required=True, allow_none=True)
    after: fields.Dict = fields.Dict(required=True, allow_none=True)
    reason = Text(500, required=True, allow_none=True)
    money = fields.Nested(OperationMoney, load_default=None, allow_none=True)
    request_id = fields.String(required=True, allow_none=True)
    operated_at = Moment(required=True)


def operated(room: str) -> Event:
    """The event by which a room tells the office room what staff did there."""
    return Event(room, f"{room}.operated", 1, Operation, f"Staff changed something in the {room} room.")
