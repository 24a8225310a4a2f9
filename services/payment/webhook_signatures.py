"""The signatures of webhooks, as Stripe and others make them: `t=<seconds>,v1=<HMAC-SHA256 of "t.body">`."""

import hashlib
import hmac
import re
from collections.abc import Iterable

TOLERANCE_SECONDS = 300
TIME = re.compile(r"[0-9]{1,12}\Z")


def sign(secret: str, body: bytes, seconds: int) -> str:
    """The signature header for this body, made with the secret at that time (seconds since 1970)."""
    return f"t={seconds},v1={_digest(secret, body, str(seconds))}"


def is_genuine(secrets: Iterable[str], header: str, body: bytes, now: float) -> bool:
    """Whether one of the secrets made one of the signatures, within five minutes of now either way."""
    parts = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    given = [value.encode() for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not TIME.match(times[0]) or not is_timely(int(times[0]), now):
        return False
    digests = [_digest(secret, body, times[0]).encode() for secret in secrets]
    return any(hmac.compare_digest(digest, one) for digest in digests for one in given)


def is_timely(seconds: int, now: float) -> bool:
    """Whether two times in seconds since 1970 differ by at most TOLERANCE_SECONDS."""
    return abs(now - seconds) <= TOLERANCE_SECONDS


def _digest(secret: str, body: bytes, seconds: str) -> str:
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
