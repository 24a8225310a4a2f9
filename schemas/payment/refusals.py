"""The refusals of the payment room about payments, providers and their webhooks."""

from schemas.errors import Conflict, Forbidden, Invalid, Malformed, NotFound


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
    """`return_url` must be a path of this site, or an https address at an origin of `payment.return_origins`."""


class UnknownProvider(NotFound):
    """There is no such payment provider."""


class UnknownPayment(NotFound):
    """There is no such payment."""


class WebhookRefused(Malformed):
    """This can't be read as a message of that provider, or is not signed by it, or is too old."""


class CrossSite(Forbidden):
    """This form was not sent by our own page."""
