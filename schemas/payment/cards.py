"""Cards that a member keeps at the payment provider. Their numbers never come near this system."""

from marshmallow import fields, validate

from schemas.base import Method, Nothing, Schema
from schemas.errors import NotFound
from schemas.fields import Id, Moment, Whole


class UnknownCard(NotFound):
    """You have no such card."""


class CardRequest(Schema):
    """Names one of the caller's cards."""

    card_id = Id(required=True)


class Card(Schema):
    """A kept card, as its holder knows it."""

    card_id = Id(required=True)
    brand = fields.String(required=True, metadata={"description": "visa, mastercard, ..., as the provider names it"})
    last4 = fields.String(required=True, validate=validate.Regexp(r"[0-9]{4}\Z"),
                          metadata={"description": "the last four digits"})
    exp_month = Whole(required=True, validate=validate.Range(min=1, max=12))
    exp_year = Whole(required=True)
    created_at = Moment(required=True, metadata={"description": "when it was first used here"})


GET_CARDS = Method("payment", "get_cards", Nothing, Card, "buyer",
                   "My kept cards, the newest first: `order.pay` takes one as `card_id`.", many=True, reads=True)
REMOVE_CARD = Method("payment", "remove_card", CardRequest, Nothing, "buyer",
                     "Forget one of my cards, here and at the payment provider; repeating it changes nothing.",
                     refusals=(UnknownCard,), uses_reserve=True)
