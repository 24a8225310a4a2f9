"""The loyalty and wallet rooms in processes that kill themselves (SIGKILL) again and again while they consume."""

from collections.abc import Callable
from typing import Any

from nameko import config
from redis import Redis

from services.loyalty import ledger as points
from services.loyalty.service import Loyalty
from services.wallet import ledger as money
from services.wallet.service import Wallet
from tests.drivers.deaths import die_after

__all__ = ["Loyalty", "Wallet"]
STEPS: dict[str, list[tuple[Any, str]]] = {
    "points booked, before the COMMIT": [(points, "book")],
    "points booked, before the acknowledgement": [
        (Loyalty, name) for name in ("earn_points", "take_back_for_seats", "take_back_for_order",
                                     "take_back_for_snacks", "book_reward")],
    "money booked, before the COMMIT": [(money, "credit")],
    "money booked, before the acknowledgement": [(Wallet, "credit_reward")],
    "refund booked, before the answer": [(Wallet, "_move")],
}
FIRST, EVERY = 5, int(config["dies_every"])   # the fifth time that a step is done, and then every so many; 0: never
redis = Redis.from_url(config["REDIS_URIS"]["marquee"])


def is_time(step: str) -> Callable[..., bool]:
    """Whether the process dies now, and with that also the count of its deaths at this step."""
    def ask(*_: Any) -> bool:
        passed = redis.hincrby("passed", step, 1) if EVERY > 0 else 0
        # Another step may kill the process just when it would have died here: then the next one does.
        dies = passed and (passed % EVERY == FIRST or (passed > FIRST and not redis.hexists("deaths", step)))
        if dies:
            redis.hincrby("deaths", step, 1)
        return bool(dies)

    return ask


for step, places in STEPS.items():
    for owner, name in places:
        setattr(owner, name, die_after(getattr(owner, name), is_time(step)))
