"""The payment room: charges and refunds at a provider. All of it is internal.

The order room calls it; the gateway passes on the providers' webhooks and what buyers do on the sandbox's page.
"""

from marshmallow import fields, validate

from schemas.base import Event, Method, Nothing, Schema
from schemas.errors import Conflict, Forbidden, Invalid, Malformed, NotFound
from schemas.fields import Currency, Id, Moment, Money, Text
from schemas.operation_log import operated
from schemas.wallet import InsufficientFunds

PAYMENT_METHODS = ("sandbox", "wallet")
HOSTED_METHODS = ("card", "sandbox")
# submitted: not known yet. pending: the buyer is at the provider's page. review: a person has to look.
PAYMENT_STATES = ("submitted", "pending", "captured", "failed", "cancelled", "review")
WEBHOOK_LIMIT = 256 * 1024   # bytes
CHOICES = ("pay", "challenge", "decline", "insufficient_funds", "abandon", "confirm")


class PaymentDeclined(Conflict):
    """The payment was declined. Your seats are still yours: try again before the time is up."""


class AmountTooSmall(Conflict):
    """This order costs less than the payment provider takes; `minimum` says how much that is, in `currency`."""


class AmountTooLarge(Conflict):
    """This order costs more than the payment provider takes; `maximum` says how much that is, in `currency`."""


class PaymentClosed(Conflict):
    """This order no longer takes payments."""


class AmountMismatch(Conflict):
    """The amount is not the one this order was charged for, or more than is left of it."""


class PaymentInReview(Conflict):
    """Something about the payment of this order is not right, and is being looked at. Please do not pay again."""


class PaymentMethodUnknown(Invalid):
    """This cinema takes no payments of that kind."""


class ReturnUrlRefused(Invalid):
    """A buyer can't be sent back there: a path of ours, or an https address that this cinema knows."""


class UnknownProvider(NotFound):
    """There is no such payment provider."""


class UnknownPayment(NotFound):
    """There is no such payment."""


class WebhookRefused(Malformed):
    """This can't be read as a message of that provider, or is not signed by it, or is too old."""


class CrossSite(Forbidden):
    """This form was not sent by our own page."""


class ChargeRequest(Schema):
    """An order to charge at once, without a page."""

    order_id = Id(required=True)
    amount = Money(required=True)
    currency = Currency(required=True)
    method = fields.String(required=True, validate=validate.OneOf(PAYMENT_METHODS))
    user_id = Id(load_default=None, allow_none=True, metadata={"description": "who pays; a wallet needs one"})


class OrderPayment(Schema):
    """The state of one order's money."""

    order_id = Id(required=True)
    payment_id = Id(required=True, allow_none=True)
    status = fields.String(required=True, validate=validate.OneOf((*PAYMENT_STATES, "none", "closed")))
    reason = fields.String(required=True, allow_none=True, metadata={"description": "why the last attempt failed"})
    captured = Money(required=True)
    refunded = Money(required=True)
    currency = Currency(required=True, allow_none=True)


class StartRequest(Schema):
    """An order to be paid at the provider's page until `expires_at`; the buyer then returns to `return_url`."""

    order_id = Id(required=True)
    amount = Money(required=True)
    currency = Currency(required=True)
    method = fields.String(required=True, validate=validate.OneOf(HOSTED_METHODS))
    return_url = Text(500, required=True)
    expires_at = Moment(required=True)
    user_id = Id(load_default=None, allow_none=True, metadata={"description": "who pays"})


class StartReply(Schema):
    """The attempt to pay; `redirect_url` is the provider's page while the attempt is pending."""

    payment_id = Id(required=True)
    status = fields.String(required=True, validate=validate.OneOf(PAYMENT_STATES))
    redirect_url = fields.String(required=True, allow_none=True)


class WebhookRequest(Schema):
    """A webhook as the gateway received it."""

    provider = Id(required=True)
    body = fields.String(required=True, validate=validate.Length(max=WEBHOOK_LIMIT * 4 // 3 + 4),
                         metadata={"description": "the bytes as they were received, in base64"})
    headers = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class PaymentPageRequest(Schema):
    """A buyer opens the sandbox's page of a payment."""

    payment_id = Id(required=True)
    language = fields.String(required=True, validate=validate.OneOf(("en", "zh")))


class PaymentPageAnswer(PaymentPageRequest):
    """What a buyer chose at the sandbox's page; `code` belongs to the choice `confirm`."""

    choice = fields.String(required=True, validate=validate.OneOf(CHOICES))
    code = Text(16, least=0, load_default="")


class PaymentPage(Schema):
    """A page to show, or the address to send the buyer to instead."""

    html = fields.String(required=True, allow_none=True)
    location = fields.String(required=True, allow_none=True)
    return_origin = fields.String(required=True, allow_none=True,
                                  metadata={"description": "the origin that the form leads to; null: this site"})


class PaymentEvent(Schema):
    """How an attempt to pay an order ended."""

    payment_id = Id(required=True)
    order_id = Id(required=True)
    amount = Money(required=True)
    currency = Currency(required=True)
    provider = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True,
                           metadata={"description": "why it failed (insufficient_funds, ...) or is in review"})


class DismissedPayment(PaymentEvent):
    """A payment that does not count, because a person has decided so."""

    given_back = Money(required=True, metadata={"description": "what its provider had taken and now returns"})


class ReversedPayment(PaymentEvent):
    """A payment whose money was reversed, and whose order ends because a person has decided so."""

    reason = fields.String(required=True, validate=validate.OneOf(("refund", "dispute")),
                           metadata={"description": "a refund made at the provider by hand, or a dispute"})


class RefundRequest(Schema):
    """Money to give back once per refund_id, in minor units of `currency`."""

    refund_id = Id(required=True)
    order_id = Id(required=True)
    amount = Money(required=True)
    currency = Currency(required=True)
    credit_to = Id(load_default=None, allow_none=True, metadata={
        "description": "the member whose wallet gets it; null: it goes back to where it came from"})


class RefundReply(Schema):
    """A refund that is done."""

    refund_id = Id(required=True)
    status = fields.String(required=True, validate=validate.OneOf(("done",)))
    amount = Money(required=True)


class OrderRequest(Schema):
    """The order that a question is about."""

    order_id = Id(required=True)


CHARGE = Method("payment", "charge", ChargeRequest, OrderPayment, "internal",
                "Charge an order once, however often this is repeated.",
                refusals=(PaymentDeclined, InsufficientFunds, PaymentClosed, PaymentInReview, AmountMismatch,
                          PaymentMethodUnknown),
                deadline=10)
START = Method("payment", "start", StartRequest, StartReply, "internal",
               "Begin to pay an order at the provider's own page; `redirect_url` is where that is.",
               refusals=(PaymentClosed, PaymentInReview, AmountMismatch, PaymentMethodUnknown, ReturnUrlRefused,
                         AmountTooSmall, AmountTooLarge),
               deadline=20)
RECEIVE_WEBHOOK = Method("payment", "receive_webhook", WebhookRequest, Nothing, "internal",
                         "Store a provider's webhook, once per event, to be processed soon after.",
                         refusals=(UnknownProvider, WebhookRefused))
SHOW_PAGE = Method("payment", "show_page", PaymentPageRequest, PaymentPage, "internal",
                   "The page at which a buyer pays with test money.", refusals=(UnknownPayment,))
ANSWER_PAGE = Method("payment", "answer_page", PaymentPageAnswer, PaymentPage, "internal",
                     "What a buyer chose at that page, and where to go from there.", refusals=(UnknownPayment,))
REFUND = Method("payment", "refund", RefundRequest, RefundReply, "internal",
                "Give money back once per refund_id.", refusals=(AmountMismatch,), deadline=10)
CLOSE = Method("payment", "close", OrderRequest, OrderPayment, "internal",
               "Take no more money for this order, and return what was taken.", deadline=10)
GET_STATUS = Method("payment", "get_status", OrderRequest, OrderPayment, "internal",
                    "The state of an order's money.", reads=True, deadline=2)

CAPTURED = Event("payment", "payment.captured", 1, PaymentEvent, "The money for an order was taken.")
FAILED = Event("payment", "payment.failed", 1, PaymentEvent, "An attempt to pay failed; another may begin.")
REVIEW = Event("payment", "payment.review", 1, PaymentEvent,
               "Something is wrong with the money at the provider; a person has to look.")
DISMISSED = Event("payment", "payment.dismissed", 1, DismissedPayment,
                  "A person has looked: the payment does not count, and the order takes no more money.")
REVERSED = Event("payment", "payment.reversed", 1, ReversedPayment,
                 "The money was reversed at the provider, and a person has decided that its tickets are void.")
OPERATED = operated("payment")
