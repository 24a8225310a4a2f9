"""Consumers that die around their COMMIT, and whose messages then come again."""

import itertools
import random
from collections.abc import Callable
from typing import Any

from services.foundation.database import Transactions


class Death(Exception):
    """Of a consumer, whose message comes again."""


class Dying(Transactions):
    """Transactions of a consumer that dies now and then: before its COMMIT, or after it and before it says so."""

    dice = random.Random(0)

    def run(self, work: Any) -> Any:
        chance = self.dice.random()

        def work_and_die(tx: Any) -> Any:
            work(tx)
            raise Death

        if chance < 0.1:
            super().run(work_and_die)
        result = super().run(work)
        if chance > 0.9:
            raise Death
        return result


def bring(message: Callable[[], object]) -> int:
    """Deliver the message until its consumer survives it; how many have died."""
    for deaths in itertools.count():
        try:
            message()
        except Death:
            continue
        return deaths
    raise AssertionError("unreachable")
