"""The contract of the wallet room: members' money, kept by double entry in minor units.

Members read their own wallet. The payment room reserves, captures and releases; all else that moves money is an event
or a manager's adjustment.
"""

from typing import Any

from marshmallow import fields, validate

from schemas.base import Event, Method, Nothing, Schema
from schemas.errors import Conflict, NotFound
from schemas.fields import LARGEST_AMOUNT, Amount, Currency, Cursor, Id, Moment, Money, Reason, Whole
from schemas.operation_log import operated
from schemas.user.administration import UnknownUser

# What moved the money: a payment out of the wallet, a refund into it, a check-in's reward, redeemed points, a manager.
SOURCE_TYPES = ("payment", "refund", "check_in", "redemption", "adjustment")
RESERVATION_STATES = ("reserved", "captured", "released")
ENTRIES_AT_MOST = 100
PAGE_AT_MOST = 500


class InsufficientFunds(Conflict):
    """There is not enough money in the wallet. Nothing was taken: the order can be paid in another way."""


class SourceMismatch(Conflict):
    """This source has moved another amount, or another member's money, before."""


class UnknownTransfer(NotFound):
    """The wallet has moved nothing for this source."""


def SourceId(**options: Any) -> fields.String:  # noqa: N802 - reads as the field it makes
    """A field for the id of what moves money; a refund's may have a prefix, such as dup:."""
    error = "Up to 64 letters, digits, and the signs : _ -"
    return fields.String(validate=validate.Regexp(r"^[A-Za-z0-9:_-]{1,64}\Z", error=error), **options)


class Balance(Schema):
    """One currency of a wallet: `available` is what is `posted` less what is `reserved` for payments under way."""

    currency = Currency(required=True)
    posted = Money(required=True)
    reserved = Money(required=True)
    available = Money(required=True)


class EntriesRequest(Schema):
    """Which of my entries are wanted, a page at a time."""

    cursor = Cursor(metadata={"description": "`next_cursor` of the page before"})
    limit = Whole(load_default=20, validate=validate.Range(min=1, max=ENTRIES_AT_MOST))


class WalletEntry(Schema):
    """One movement of money; what went out is negative."""

    entry_id = Id(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(SOURCE_TYPES))
    amount = Amount(required=True)
    currency = Currency(required=True)
    order_id = Id(required=True, allow_none=True, metadata={"description": "of a payment or a refund"})
    reason = fields.String(required=True, allow_none=True, metadata={"description": "of an adjustment"})
    occurred_at = Moment(required=True)


class EntriesReply(Schema):
    """One page of a member's entries, the newest first."""

    entries = fields.List(fields.Nested(WalletEntry), required=True)
    next_cursor = Cursor(required=True, allow_none=True, metadata={"description": "null at the end"})
    server_time = Moment(required=True)


class AdjustRequest(Schema):
    """Money that a manager adds to a member's wallet, or takes out of it (negative), and why."""

    user_id = Id(required=True)
    amount = Amount(required=True)
    currency = Currency(metadata={"description": "without it, that of config.yml (wallet.currency)"})
    reason = Reason(required=True)


class Adjusted(Schema):
    """The body of the event `wallet.adjusted`: an adjustment as the ledger has it, to the member or from them."""

    adjustment_id = Id(required=True)
    user_id = Id(required=True)
    amount = Amount(required=True)
    currency = Currency(required=True)


class Adjustment(Balance, Adjusted):
    """An adjustment that is made, and the balance after it."""


class Source(Schema):
    """What moves the money, once: its kind and its id."""

    source_type = fields.String(required=True, validate=validate.OneOf(SOURCE_TYPES))
    source_id = SourceId(required=True)


class Transfer(Source):
    """Money to move once per source, for a member."""

    user_id = Id(required=True)
    amount = Whole(required=True, validate=validate.Range(min=1, max=LARGEST_AMOUNT))
    currency = Currency(required=True)
    order_id = Id(load_default=None, allow_none=True, metadata={"description": "the order that it is about"})


class Credit(Transfer):
    """Money that comes into a wallet."""

    payment_id = Id(load_default=None, allow_none=True, metadata={"description": "the payment that a refund is of"})


class Reservation(Transfer):
    """Money set aside for a payment, and what became of it."""

    status = fields.String(required=True, validate=validate.OneOf(RESERVATION_STATES))


class SinceRequest(Schema):
    """A page of what was begun since then, of one type of source."""

    source_type = fields.String(required=True, validate=validate.OneOf(SOURCE_TYPES))
    since = Moment(required=True)
    after = SourceId(load_default=None, allow_none=True, metadata={"description": "`next_after` of the page before"})
    limit = Whole(load_default=PAGE_AT_MOST, validate=validate.Range(min=1, max=PAGE_AT_MOST))


class ReservationsReply(Schema):
    """One page of reservations, by the ids of their sources; `next_after` is null at the end."""

    reservations = fields.List(fields.Nested(Reservation), required=True)
    next_after = fields.String(required=True, allow_none=True)


class CreditsReply(Schema):
    """One page of credits, in the same way."""

    credits = fields.List(fields.Nested(Credit), required=True)
    next_after = fields.String(required=True, allow_none=True)


GET_BALANCE = Method("wallet", "get_balance", Nothing, Balance, "buyer",
                     "My money in the wallet, a row for each currency.", many=True, reads=True)
GET_ENTRIES = Method("wallet", "get_entries", EntriesRequest, EntriesReply, "buyer",
                     "How money came into my wallet and went, the newest first.", reads=True)
ADJUST = Method("wallet", "adjust", AdjustRequest, Adjustment, "manager",
                "Put money into a member's wallet, or take it out, for a reason; for managers of the house.",
                refusals=(InsufficientFunds, UnknownUser), keyed=True)

CREDIT = Method("wallet", "credit", Credit, Credit, "internal", "Put money into a wallet, once per source.",
                refusals=(SourceMismatch,), deadline=3)
RESERVE = Method("wallet", "reserve", Transfer, Reservation, "internal",
                 "Set money aside, once per source, until it is captured or released.",
                 refusals=(InsufficientFunds, SourceMismatch), deadline=3)
CAPTURE = Method("wallet", "capture", Transfer, Reservation, "internal",
                 "Take reserved money, unless it was released.", refusals=(UnknownTransfer, SourceMismatch), deadline=3)
RELEASE = Method("wallet", "release", Transfer, Reservation, "internal",
                 "Give reserved money back to its wallet, unless it was captured.",
                 refusals=(UnknownTransfer, SourceMismatch), deadline=3)
GET_RESERVATION = Method("wallet", "get_reservation", Source, Reservation, "internal", "What became of a reservation.",
                         refusals=(UnknownTransfer,), reads=True, deadline=2)
GET_RESERVATIONS = Method("wallet", "get_reservations", SinceRequest, ReservationsReply, "internal",
                          "The reservations made since a time, for reconciliation.", reads=True)
GET_CREDIT = Method("wallet", "get_credit", Source, Credit, "internal", "What was credited for a source.",
                    refusals=(UnknownTransfer,), reads=True, deadline=2)
GET_CREDITS = Method("wallet", "get_credits", SinceRequest, CreditsReply, "internal",
                     "The credits booked since a time, for reconciliation.", reads=True)

ADJUSTED = Event("wallet", "wallet.adjusted", 1, Adjusted, "A member's money was adjusted in the ledger.")
OPERATED = operated("wallet")
