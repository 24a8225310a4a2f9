"""How soon somebody can buy again after a fault."""

import secrets
import time

import requests

from tests.integration.campaign.customers import Stock

LONGEST = 60.0   # seconds after which a mesh that sells nothing counts as hanging


def seconds_to_purchase(stock: Stock, since: float) -> float:
    """The seconds from `since` (time.monotonic) until a purchase that was begun afterwards had succeeded.

    The buyer tries the same seats with the same key again and again, as the page does.
    """
    token, (screening, seats), key = stock.tokens.popleft(), stock.seats.popleft(), secrets.token_hex(16)
    answer = ""
    while time.monotonic() - since < LONGEST:
        try:
            reply = requests.post(stock.mesh.url + "/order/buy", json={"screening_id": screening, "seats": seats},
                                  headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key}, timeout=30)
        except requests.RequestException as problem:
            answer = type(problem).__name__
        else:
            if reply.status_code == 200:
                return time.monotonic() - since
            answer = f"{reply.status_code} {reply.text[:200]}"
        time.sleep(0.05)
    raise AssertionError(f"nothing could be bought for {LONGEST:.0f} s; the last answer: {answer}")
