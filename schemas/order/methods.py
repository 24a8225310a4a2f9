"""The methods of the order room: buy, pay, refund, cancel, and read orders."""

from marshmallow import fields, validate

from schemas.base import Method, Schema
from schemas.fields import Currency, Cursor, Id, Moment, Money, ReaderLanguage, SeatId, Text, Whole
from schemas.film import SEAT_KINDS, GoesWith, ScreeningCancelled, UnknownScreening
from schemas.kitchen import SnacksSoldOut, SnacksUnknown, WantedSnack
from schemas.order.orders import ORDER_STATES, BuyReply, Order, OrderRequest, OrderSeat
from schemas.order.refusals import (
    CompanionAlone,
    CoupleSeatParted,
    HoldsPaused,
    MembersOnly,
    OrderExpired,
    OrderNotCancellable,
    OrderNotExtendable,
    OrderNotPayable,
    OrderNotRefundable,
    PriceChanged,
    QueueRequired,
    RefundChanged,
    RefundClosed,
    SalesClosed,
    SeatsNotInOrder,
    SeatsTaken,
    SeatsUnknownInHall,
    TicketsUsed,
    TooManyHolds,
    TooManyUnpaidOrders,
    UnknownOrder,
)
from schemas.payment import (
    HOSTED_METHODS,
    AmountTooLarge,
    AmountTooSmall,
    PaymentDeclined,
    PaymentInReview,
    PaymentMethodUnknown,
    ReturnUrlRefused,
    UnknownCard,
)
from schemas.wallet import InsufficientFunds

WAYS_TO_PAY = (*HOSTED_METHODS, "wallet")
REFUNDED_TO = ("payment", "wallet")


class BuyRequest(Schema):
    """Seats of one screening, and snacks of its cinema."""

    class Meta(Schema.Meta):
        include = {"pass": Text(100, metadata={     # `pass` is Python's word
            "description": "from order.get_place; needed while the screening has a queue"})}

    screening_id = Id(required=True)
    seats = fields.List(SeatId(), required=True, validate=validate.Length(min=1, max=100))
    snacks = fields.List(fields.Nested(WantedSnack), load_default=list, validate=validate.Length(max=100),
                         metadata={"description": "from kitchen.get_menu of the screening's cinema"})
    total = Money(metadata={"description": "the sum that the buyer was shown; if it has changed, nothing happens"})


class PayRequest(OrderRequest):
    """An order, and how to pay it."""

    method = fields.String(required=True, validate=validate.OneOf(WAYS_TO_PAY), metadata={
        "description": "wallet: with the money in the caller's wallet, at once"})
    return_url = Text(500, metadata={
        "description": "where to come back to from the provider's page: a path here, or an https address that this "
                       "cinema knows; without it, test money is taken at once; a buyer who leaves that page without "
                       "paying comes back with `payment=abandoned` added to its query"})
    card_id = Id(metadata={
        "description": "from payment.get_cards: this card pays at once, without the provider's page, unless its bank "
                       "wants a further step; with a `return_url`"})
    save_card = fields.Boolean(load_default=False, metadata={
        "description": "keep the card that pays at the provider's page, for the next time"})
    email = fields.Email(validate=validate.Length(max=254), metadata={
        "description": "of a guest, who has no account with one: tickets and a link to the order are mailed there"})
    language = ReaderLanguage(metadata={"description": "of the mails to that `email`; left out: as before"})


class RefundPreviewRequest(OrderRequest):
    """An order, or some of its seats."""

    seats = fields.List(SeatId(), validate=validate.Length(min=1, max=100))


class RefundRequest(RefundPreviewRequest):
    """An order, or some of its seats, and the amount that the buyer was shown."""

    amount = Money(metadata={"description": "the sum that the buyer was shown; if it has changed, nothing happens"})
    to = fields.String(validate=validate.OneOf(REFUNDED_TO), metadata={
        "description": "wallet: the money goes into the buyer's wallet, at once; else back to where it came from"})


class RefundedSeat(OrderSeat):
    """A seat and the part of its price that goes back."""

    refund = Money(required=True)
    kind = fields.String(validate=validate.OneOf(SEAT_KINDS))
    goes_with = GoesWith()


class RefundedSnacks(Schema):
    """Snacks are refunded in full with the last seats, unless the kitchen has begun to prepare them."""

    price = Money(required=True)
    refund = Money(required=True)


class RefundPreviewReply(Schema):
    """What a refund would give back now, seat by seat."""

    order_id = Id(required=True)
    seats = fields.List(fields.Nested(RefundedSeat), required=True)
    snacks = fields.Nested(RefundedSnacks, required=True, allow_none=True,
                           metadata={"description": "null: no snacks are concerned"})
    amount = Money(required=True, metadata={"description": "for seats and snacks"})
    kept = Money(required=True)
    currency = Currency(required=True)
    until = Moment(required=True, metadata={"description": "after this moment the amount is smaller"})
    server_time = Moment(required=True)


class OrdersRequest(Schema):
    """A page of the caller's orders."""

    status = fields.String(validate=validate.OneOf(ORDER_STATES))
    cursor = Cursor()
    limit = Whole(load_default=20, validate=validate.Range(min=1, max=100))


class OrdersReply(Schema):
    """Orders, the newest first."""

    orders = fields.List(fields.Nested(Order), required=True)
    next_cursor = Cursor(required=True, allow_none=True, metadata={"description": "null at the end"})
    server_time = Moment(required=True)


BUY = Method("order", "buy", BuyRequest, BuyReply, "guest",
             "Take seats, and snacks if wanted: all of them or none. Pay before `expires_at`.",
             refusals=(SeatsTaken, SeatsUnknownInHall, CoupleSeatParted, CompanionAlone, PriceChanged, SnacksSoldOut,
                      SnacksUnknown, TooManyUnpaidOrders, TooManyHolds, HoldsPaused, SalesClosed, QueueRequired,
                      UnknownScreening,
                       ScreeningCancelled),
             keyed=True, deadline=10, screening_field="screening_id")
PAY = Method("order", "pay", PayRequest, Order, "guest",
             "Pay an order: at the page where `payment.redirect_url` leads, or at once, as with a kept card. Then it "
             "has its tickets.",
             refusals=(UnknownOrder, OrderNotPayable, OrderExpired, PaymentDeclined, InsufficientFunds,
                       PaymentMethodUnknown, PaymentInReview, ReturnUrlRefused, AmountTooSmall, AmountTooLarge,
                       UnknownCard, MembersOnly),
             keyed=True, deadline=25, screening_field="screening_id", uses_reserve=True)
REFUND = Method("order", "refund", RefundRequest, Order, "guest",
                "Give back the whole order, or the `seats` named. The seats are sellable at once.",
                refusals=(UnknownOrder, OrderNotRefundable, RefundClosed, RefundChanged, SeatsNotInOrder,
                          TicketsUsed, CoupleSeatParted, CompanionAlone, MembersOnly),
                keyed=True, deadline=15, screening_field="screening_id", uses_reserve=True)
REFUND_PREVIEW = Method("order", "refund_preview", RefundPreviewRequest, RefundPreviewReply, "guest",
                        "The refund of the whole order, or of the `seats` named, if it were made now.",
                        refusals=(UnknownOrder, OrderNotRefundable, RefundClosed, SeatsNotInOrder, TicketsUsed,
                                  CoupleSeatParted, CompanionAlone), reads=True)
CANCEL = Method("order", "cancel", OrderRequest, Order, "guest", "Drop an unpaid order and free its seats.",
                refusals=(UnknownOrder, OrderNotCancellable, TicketsUsed), keyed=True, deadline=15,
                screening_field="screening_id", uses_reserve=True)
EXTEND = Method("order", "extend", OrderRequest, Order, "guest",
                "Keep the seats of an unpaid order for some minutes longer, once.",
                refusals=(UnknownOrder, OrderNotExtendable, OrderExpired), keyed=True, deadline=10,
                screening_field="screening_id", uses_reserve=True)
GET_INFO = Method("order", "get_info", OrderRequest, Order, "guest", "One of my orders.",
                  refusals=(UnknownOrder,), reads=True)
GET_LIST = Method("order", "get_list", OrdersRequest, OrdersReply, "guest", "My orders, the newest first.", reads=True)
