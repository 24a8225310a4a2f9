"""How the order room logs that another room could not do its part, and that it is asked again later."""

import logging

from schemas.errors import Refusal

log = logging.getLogger("marquee.order")


def log_fault(problem: Exception, message: str, order_id: str) -> None:
    """Log a refusal as one line with its code, and any other problem with its traceback."""
    if isinstance(problem, Refusal):
        log.warning(message, extra={"order_id": order_id, "reason": problem.code})
    else:
        log.exception(message, extra={"order_id": order_id})
