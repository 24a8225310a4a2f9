"""The loyalty and wallet rooms in processes that kill themselves (SIGKILL), once at each step of a redemption."""

from collections.abc import Callable
from typing import Any

from nameko import config
from redis import Redis

from services.foundation.events import outbox
from services.foundation.rpc.idempotency import IdempotencyKey
from services.loyalty import ledger as points
from services.loyalty.service import Loyalty
from services.wallet import ledger as money
from services.wallet.service import Wallet
from tests.drivers.deaths import die_after

__all__ = ["Loyalty", "Wallet"]
STEPS = {
    "points taken, before the COMMIT": (points, "redeem"),
    "points taken, before the answer": (IdempotencyKey, "run_once"),
    "event published, before its mark": (outbox, "mark_published"),
    "money booked, before the COMMIT": (money, "credit"),
    "money booked, before the acknowledgement": (Wallet, "_credit_once"),
}
redis = Redis.from_url(config["REDIS_URIS"]["marquee"])
mark_published = outbox.mark_published


def first_of(step: str, work: Any) -> Callable[..., Any]:
    """Whether any process comes to this step with something to do for the first time."""
    return lambda *arguments: not (work is mark_published and not arguments[-1]) and redis.sadd("deaths", step)


for step, (owner, name) in STEPS.items():
    setattr(owner, name, die_after(getattr(owner, name), first_of(step, getattr(owner, name))))
