"""Waiting for a condition, with a deadline."""

import time
from collections.abc import Callable
from typing import Any


def wait_until(condition: Callable[[], Any], seconds: float = 60, what: object = "it") -> Any:
    """The first true value of `condition`; after `seconds`, AssertionError names `what`, as it is then.

    The pauses between its calls grow from 50 to 200 ms: a condition often costs a call to the mesh, which is busy.
    """
    started = time.monotonic()
    while True:
        if value := condition():
            return value
        waited = time.monotonic() - started
        if waited > seconds:
            raise AssertionError(f"{what} did not come within {seconds} s")
        time.sleep(min(0.05 + waited / 20, 0.2))
