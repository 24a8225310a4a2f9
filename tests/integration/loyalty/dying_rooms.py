"""The loyalty and wallet rooms in processes that kill themselves (SIGKILL), once at each step of a redemption."""

import os
import signal
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

__all__ = ["Loyalty", "Wallet"]
STEPS = {
    "points taken, before the COMMIT": (points, "redeem"),
    "points taken, before the answer": (IdempotencyKey, "run_once"),
    "event published, before its mark": (outbox, "mark_published"),
    "money booked, before the COMMIT": (money, "credit"),
    "money booked, before the acknowledgement": (Wallet, "_credit_once"),
}
redis = Redis.from_url(config["REDIS_URIS"]["marquee"])


def die_once_after(work: Callable[..., Any], step: str) -> Callable[..., Any]:
    """The work, after which the process dies the first time that any process comes here with something to do."""
    def work_and_die(*arguments: Any, **named: Any) -> Any:
        result = work(*arguments, **named)
        is_idle = work is mark_published and not arguments[-1]
        if not is_idle and redis.sadd("deaths", step):
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return work_and_die


mark_published = outbox.mark_published
for step, (owner, name) in STEPS.items():
    setattr(owner, name, die_once_after(getattr(owner, name), step))
