"""The classes of methods that are limited together, as the section `limits` of config.yml names them."""

from gateway.routes.page_errors import REPORT_ERROR
from schemas import order, user
from schemas.base import Method

REGISTRATION, GUESTS, SIGN_IN, HOLDS = "registration", "guests", "sign_in", "holds"
PAGE_ERRORS = "page_errors"
FORGERIES = "forgeries"    # no class of methods: webhooks that were refused
_CLASSES = {
    user.REGISTER.path: REGISTRATION,
    user.START_GUEST.path: GUESTS,
    **dict.fromkeys((method.path for method in (user.LOGIN, user.REQUEST_PASSWORD_RESET, user.RESET_PASSWORD,
                                                user.CHANGE_PASSWORD, user.CLOSE_ACCOUNT, user.BEGIN_SECOND_FACTOR,
                                                user.CONFIRM_SECOND_FACTOR, user.REMOVE_SECOND_FACTOR, user.OPEN_ORDER,
                                                user.SEND_ORDER_LINK)), SIGN_IN),
    order.BUY.path: HOLDS,
    REPORT_ERROR.path: PAGE_ERRORS,
}


def class_of(method: Method) -> str:
    """The class of a method; one that is not listed here is a read or a write."""
    return _CLASSES.get(method.path, "reads" if method.reads else "writes")
