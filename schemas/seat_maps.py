"""Seat maps as they go over the wire: the chart of a hall, and the states of its seats."""

from dataclasses import dataclass
from typing import Any

from marshmallow import fields, validate

from schemas.base import Schema
from schemas.fields import Money, SeatId, Whole

SEAT_KINDS = ("standard", "premium", "couple", "wheelchair", "companion")
SEAT_STATES = ("free", "held", "sold")


def GoesWith() -> fields.String:  # noqa: N802 - reads as the field it makes
    """A field with the id of a couple seat's other half."""
    return SeatId(metadata={"description": "the other half of a couple seat: both are sold and given back, or neither"})


@dataclass(frozen=True)
class Dumped:
    """Plain JSON values that their schema has dumped before."""

    plain: Any


class NestedOrDumped(fields.Nested):
    """A nested schema that passes `Dumped` values on unchanged.

    Dumping hundreds of seats again would cost more than the rest of a call.
    """

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        if isinstance(nested_obj, Dumped):
            return nested_obj.plain
        return super()._serialize(nested_obj, attr, obj, **kwargs)  # type: ignore[no-untyped-call]


class ChartSeat(Schema):
    """A seat and the place to draw it at; the bend of its row is in `y` already. `price` is in minor units."""

    seat_id = SeatId(required=True)
    row = fields.String(required=True)
    number = Whole(required=True)
    x = fields.Float(required=True, metadata={"description": "centre, in seat widths from the left wall"})
    y = fields.Float(required=True, metadata={"description": "centre, in seat depths from the screen"})
    kind = fields.String(required=True, validate=validate.OneOf(SEAT_KINDS))
    price = Money(required=True)
    goes_with = GoesWith()


class Aisle(Schema):
    """A rectangle from its corner nearest the left wall and the screen, before it is bent like the rows."""

    x = fields.Float(required=True)
    y = fields.Float(required=True)
    width = fields.Float(required=True)
    depth = fields.Float(required=True)


class ScreenPlace(Schema):
    """The middle of the screen and its width, in seat widths from the left wall; `y` is in rows."""

    x = fields.Float(required=True)
    y = fields.Float(required=True)
    width = fields.Float(required=True)


class Chart(Schema):
    """A hall drawn to scale: `width` in seat widths, `depth` in rows, the screen at the top."""

    width = fields.Float(required=True)
    depth = fields.Float(required=True)
    curve = fields.Float(required=True, metadata={
        "description": "seat depths by which the middle of a row is farther from the screen than its ends"})
    screen = fields.Nested(ScreenPlace, required=True)
    rows = fields.List(fields.String(), required=True)
    aisles = fields.List(fields.Nested(Aisle), required=True)
    seats = fields.List(fields.Nested(ChartSeat), required=True)


class SeatState(Schema):
    """Whether one seat is free, held by an unpaid order, or sold."""

    seat_id = SeatId(required=True)
    state = fields.String(required=True, validate=validate.OneOf(SEAT_STATES))
