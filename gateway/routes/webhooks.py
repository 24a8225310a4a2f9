"""POST /payment/webhook/<provider>: what a payment provider sends, passed on to the payment room byte by byte."""

import re
from base64 import b64encode

from gateway.http.messages import Request
from gateway.routes.route import Call
from schemas import payment

SIGNATURE = re.compile(r"HTTP_([A-Z0-9_]{1,40}_SIGNATURE)\Z")


def read_call(request: Request) -> Call:
    """The call of payment.receive_webhook: the body as it came, since it was signed so, and its signature headers."""
    signatures = {name[1].replace("_", "-").lower(): value for key, value in request.environ.items()
                  if (name := SIGNATURE.match(key))}
    body = b64encode(request.read_body()).decode()
    return payment.RECEIVE_WEBHOOK, {"provider": request.parameter, "body": body, "headers": signatures}
