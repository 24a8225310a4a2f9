"""The order room: orders, seat claims, tickets, refunds."""

from marshmallow import fields, validate

from schemas.base import Announcement, Event, Method, Schema
from schemas.cancellation import CancelledScreening
from schemas.fields import Currency, Cursor, Id, Moment, Money, SeatId, Text, Whole
from schemas.film import SEAT_KINDS, GoesWith, ScreeningCancelled, UnknownScreening
from schemas.kitchen import KITCHEN_STATES, Snack, SnacksSoldOut, SnacksUnknown, WantedSnack
from schemas.order_refusals import (
    CompanionAlone,
    CoupleSeatParted,
    OrderExpired,
    OrderNotCancellable,
    OrderNotPayable,
    OrderNotRefundable,
    PriceChanged,
    RefundChanged,
    RefundClosed,
    SalesClosed,
    SeatsNotInOrder,
    SeatsTaken,
    SeatsUnknownInHall,
    TooManyUnpaidOrders,
    UnknownOrder,
)
from schemas.payment import (
    HOSTED_METHODS,
    PAYMENT_STATES,
    AmountTooLarge,
    AmountTooSmall,
    PaymentDeclined,
    PaymentInReview,
    PaymentMethodUnknown,
    ReturnUrlRefused,
)
from schemas.tickets import OrderRequest, Ticket

ORDER_STATES = ("created", "paying", "paid", "part_refunded", "completed", "refunding", "refunded", "cancelled",
                "expired", "review")
END_REASONS = ("asked", "screening_cancelled", "paid_late", "reversed")
REVIVED = "it had expired, and its late payment found every seat still free"


class BuyRequest(Schema):
    screening_id = Id(required=True)
    seats = fields.List(SeatId(), required=True, validate=validate.Length(min=1, max=100))
    snacks = fields.List(fields.Nested(WantedSnack), load_default=list, validate=validate.Length(max=100),
                         metadata={"description": "from kitchen.get_menu of the screening's cinema"})
    total = Money(metadata={"description": "what the buyer was shown; if it is no longer true, nothing happens"})


class OrderSeat(Schema):
    seat_id = SeatId(required=True)
    price = Money(required=True)


class BuyReply(Schema):
    order_id = Id(required=True)
    status = fields.String(required=True, validate=validate.OneOf(ORDER_STATES))
    screening_id = Id(required=True)
    seats = fields.List(fields.Nested(OrderSeat), required=True)
    snacks = fields.List(fields.Nested(Snack), required=True)
    total = Money(required=True, metadata={"description": "of seats and snacks"})
    currency = Currency(required=True)
    expires_at = Moment(required=True, metadata={"description": "pay before this moment"})
    server_time = Moment(required=True)


class OrderScreening(Schema):
    screening_id = Id(required=True)
    film_title = fields.String(required=True)
    cinema_id = Id(load_default=None, allow_none=True, metadata={"description": "null for orders from before snacks"})
    cinema_name = fields.String(required=True)
    hall_name = fields.String(required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(load_default=None, allow_none=True, metadata={"description": "null in events from before it"})


class OrderKitchen(Schema):
    """How far the snacks of an order are."""

    status = fields.String(required=True, validate=validate.OneOf(KITCHEN_STATES))
    pick_up_code = fields.String(required=True, allow_none=True, metadata={"description": "null until it is paid"})
    needed_at = Moment(required=True, allow_none=True, metadata={"description": "when they will be ready"})


class RefundTier(Schema):
    until = Moment(required=True)
    percent = Whole(required=True, metadata={"description": "of a seat's price"})
    fee = Money(required=True, metadata={"description": "kept from each seat, in minor units"})


class RefundTerms(Schema):
    full_until = Moment(required=True, allow_none=True,
                        metadata={"description": "everything is refunded until then; null: never"})
    tiers = fields.List(fields.Nested(RefundTier), required=True,
                        metadata={"description": "the first whose `until` is to come counts; after the last, nothing"})


class OrderPayment(Schema):
    payment_id = Id(required=True, allow_none=True)
    status = fields.String(required=True, validate=validate.OneOf((*PAYMENT_STATES, "none", "closed")))
    redirect_url = fields.String(required=True, allow_none=True,
                                 metadata={"description": "where the buyer pays; only in the reply of `pay`"})
    reason = fields.String(required=True, allow_none=True, metadata={
        "description": "why it failed: declined, insufficient_funds, challenge_failed, or what else the provider says"})


class Order(BuyReply):
    payment = fields.Nested(OrderPayment, required=True, allow_none=True,
                            metadata={"description": "how far paying has come; in `pay`'s reply, and while `paying`"})
    created_at = Moment(required=True)
    screening = fields.Nested(OrderScreening, required=True)
    tickets = fields.List(fields.Nested(Ticket), required=True)
    refunded = Money(required=True, metadata={"description": "given back or on its way back"})
    refund_terms = fields.Nested(RefundTerms, required=True)
    revived = fields.Boolean(required=True, metadata={"description": REVIVED})
    end_reason = fields.String(required=True, allow_none=True, validate=validate.OneOf(END_REASONS), metadata={
        "description": "why it was cancelled or given back; paid_late: money came after its end, and goes back; "
                       "reversed: its money had gone back through the bank or by the house's own hand"})
    kitchen = fields.Nested(OrderKitchen, required=True, allow_none=True, metadata={"description": "null: no snacks"})


class PayRequest(OrderRequest):
    method = fields.String(required=True, validate=validate.OneOf(HOSTED_METHODS))
    return_url = Text(500, metadata={
        "description": "where to come back to from the provider's page: a path here, or an https address that this "
                       "cinema knows; without it, test money is taken at once"})


class RefundPreviewRequest(OrderRequest):
    seats = fields.List(SeatId(), validate=validate.Length(min=1, max=100))


class RefundRequest(RefundPreviewRequest):
    amount = Money(metadata={"description": "what the buyer was shown; if it is no longer true, nothing happens"})


class RefundedSeat(OrderSeat):
    refund = Money(required=True)
    kind = fields.String(validate=validate.OneOf(SEAT_KINDS))
    goes_with = GoesWith()


class RefundedSnacks(Schema):
    """With the last seats snacks are paid back too, all of it, unless the kitchen begins before it is asked."""

    price = Money(required=True)
    refund = Money(required=True)


class RefundPreviewReply(Schema):
    order_id = Id(required=True)
    seats = fields.List(fields.Nested(RefundedSeat), required=True)
    snacks = fields.Nested(RefundedSnacks, required=True, allow_none=True,
                           metadata={"description": "null: none are concerned"})
    amount = Money(required=True, metadata={"description": "for seats and snacks"})
    kept = Money(required=True)
    currency = Currency(required=True)
    until = Moment(required=True, metadata={"description": "after this moment it is less"})
    server_time = Moment(required=True)


class OrdersRequest(Schema):
    status = fields.String(validate=validate.OneOf(ORDER_STATES))
    cursor = Cursor()
    limit = Whole(load_default=20, validate=validate.Range(min=1, max=100))


class OrdersReply(Schema):
    orders = fields.List(fields.Nested(Order), required=True)
    next_cursor = Cursor(required=True, allow_none=True, metadata={"description": "null at the end"})
    server_time = Moment(required=True)


BUY = Method("order", "buy", BuyRequest, BuyReply, "buyer",
             "Take seats, and snacks if wanted: all of them or none. Pay before `expires_at`.",
             refusals=(SeatsTaken, SeatsUnknownInHall, CoupleSeatParted, CompanionAlone, PriceChanged, SnacksSoldOut,
                       SnacksUnknown, TooManyUnpaidOrders, SalesClosed, UnknownScreening, ScreeningCancelled),
             keyed=True, deadline=10, screening_field="screening_id")
PAY = Method("order", "pay", PayRequest, Order, "buyer",
             "Pay an order: at the page where `payment.redirect_url` leads, or at once; then it has its tickets.",
             refusals=(UnknownOrder, OrderNotPayable, OrderExpired, PaymentDeclined, PaymentMethodUnknown,
                       PaymentInReview, ReturnUrlRefused, AmountTooSmall, AmountTooLarge),
             keyed=True, deadline=25, screening_field="screening_id")
REFUND = Method("order", "refund", RefundRequest, Order, "buyer",
                "Give back the whole order, or the `seats` named. The seats are sellable at once.",
                refusals=(UnknownOrder, OrderNotRefundable, RefundClosed, RefundChanged, SeatsNotInOrder,
                          CoupleSeatParted, CompanionAlone),
                keyed=True, deadline=15, screening_field="screening_id")
REFUND_PREVIEW = Method("order", "refund_preview", RefundPreviewRequest, RefundPreviewReply, "buyer",
                        "What would be given back for the whole order, or for the `seats` named.",
                        refusals=(UnknownOrder, OrderNotRefundable, RefundClosed, SeatsNotInOrder, CoupleSeatParted,
                                  CompanionAlone), reads=True)
CANCEL = Method("order", "cancel", OrderRequest, Order, "buyer", "Drop an unpaid order and free its seats.",
                refusals=(UnknownOrder, OrderNotCancellable), keyed=True, deadline=15, screening_field="screening_id")
GET_INFO = Method("order", "get_info", OrderRequest, Order, "buyer", "One of my orders.",
                  refusals=(UnknownOrder,), reads=True)
GET_LIST = Method("order", "get_list", OrdersRequest, OrdersReply, "buyer", "My orders, the newest first.", reads=True)


class EventRefund(Schema):
    amount = Money(required=True)
    seats = fields.List(SeatId(), required=True)


class OrderEvent(Schema):
    """An order as it stood after a change: what a kitchen or a mail needs, without calling back."""

    order_id = Id(required=True)
    buyer_id = Id(required=True)
    status = fields.String(required=True, validate=validate.OneOf(ORDER_STATES))
    seats = fields.List(fields.Nested(OrderSeat), required=True, metadata={"description": "as they were bought"})
    returned_seats = fields.List(SeatId(), required=True, metadata={"description": "given back so far"})
    snacks = fields.List(fields.Nested(Snack), load_default=list)
    total = Money(required=True)
    refunded = Money(required=True, metadata={"description": "given back so far, or on its way back"})
    currency = Currency(required=True)
    screening = fields.Nested(OrderScreening, required=True)
    refund = fields.Nested(EventRefund, load_default=None, allow_none=True,
                           metadata={"description": "what this very change gives back"})
    reason = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(END_REASONS),
                           metadata={"description": "why it was cancelled or given back"})
    revived = fields.Boolean(load_default=False, metadata={"description": REVIVED})


def _event(status: str, summary: str) -> Event:
    return Event("order", f"order.{status}", 1, OrderEvent, summary)


CREATED = _event("created", "Seats were taken; the order waits for its payment.")
PAYING = _event("paying", "The buyer has begun to pay.")
PAID = _event("paid", "The money is there and the tickets are made.")
PART_REFUNDED = _event("part_refunded", "Some seats were given back.")
REFUNDING = _event("refunding", "Everything was given back; the money is on its way.")
REFUNDED = _event("refunded", "All the money has gone back.")
EXPIRED = _event("expired", "The time to pay was over; the seats are free.")
CANCELLED = _event("cancelled", "The unpaid order was dropped; the seats are free.")
COMPLETED = _event("completed", "The screening is over, and no snacks wait any more.")
PAID_LATE = _event("paid_late", "Money came for an order that had ended without it; all of it goes back.")
REVIEW = _event("review", "Someone has to look at the payment of this order.")
SCREENING_CANCELLED = Event("order", "screening.cancelled", 1, CancelledScreening,
                            "A screening won't take place; an event for each of its orders follows.")

SEATS_CHANGED = Announcement("order", "seats_changed", about="the screenings whose seats changed")
