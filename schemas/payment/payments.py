"""Charges and refunds at a provider. All of it is internal.

The order room calls it; the gateway passes on the providers' webhooks and what buyers do on the sandbox's page.
"""

from marshmallow import fields, validate

from schemas.base import Method, Nothing, Schema
from schemas.fields import Currency, Id, Moment, Money, ReaderLanguage, Text
from schemas.payment.cards import UnknownCard
from schemas.payment.refusals import (
    AmountMismatch,
    AmountTooLarge,
    AmountTooSmall,
    PaymentClosed,
    PaymentDeclined,
    PaymentInReview,
    PaymentMethodUnknown,
    ReturnUrlRefused,
    UnknownPayment,
    UnknownProvider,
    WebhookRefused,
)
from schemas.wallet import InsufficientFunds

PAGELESS_METHODS = ("sandbox", "wallet")
HOSTED_METHODS = ("card", "sandbox")
# submitted: not known yet. pending: the buyer is at the provider's page. review: a person has to look.
PAYMENT_STATES = ("submitted", "pending", "captured", "failed", "cancelled", "review")
WEBHOOK_LIMIT = 256 * 1024   # bytes
CHOICES = ("pay", "challenge", "decline", "insufficient_funds", "abandon", "confirm")


class ChargeRequest(Schema):
    """An order to charge at once, without a page."""

    order_id = Id(required=True)
    amount = Money(required=True)
    currency = Currency(required=True)
    method = fields.String(required=True, validate=validate.OneOf(PAGELESS_METHODS))
    user_id = Id(load_default=None, allow_none=True, metadata={"description": "who pays; a wallet needs one"})


class OrderPayment(Schema):
    """The state of one order's money."""

    order_id = Id(required=True)
    payment_id = Id(required=True, allow_none=True)
    status = fields.String(required=True, validate=validate.OneOf((*PAYMENT_STATES, "none", "closed")))
    reason = fields.String(required=True, allow_none=True, metadata={"description": "why the last attempt failed"})
    method = fields.String(required=True, allow_none=True, validate=validate.OneOf((*HOSTED_METHODS, "wallet")),
                           metadata={"description": "of the last attempt, if that has paid the order; else null"})
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
    card_id = Id(load_default=None, allow_none=True, metadata={
        "description": "a kept card of this member: it is charged at once, and the page is for a further step only"})
    save_card = fields.Boolean(load_default=False, metadata={"description": "keep the card once it has paid"})


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
    language = ReaderLanguage(required=True)
    theme = fields.String(load_default="dark", validate=validate.OneOf(("dark", "light")))


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
               "Pay an order with a kept card, or begin to at the provider's page: `redirect_url` is where that is.",
               refusals=(PaymentClosed, PaymentInReview, AmountMismatch, PaymentMethodUnknown, ReturnUrlRefused,
                         AmountTooSmall, AmountTooLarge, UnknownCard),
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
