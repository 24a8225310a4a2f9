"""How long an answer takes, where that would tell whether there is an account."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import eventlet

RESPONSE_SECONDS = 0.25  # longer than a link takes to be requested, and nobody minds


@contextmanager
def constant_time() -> Iterator[None]:
    """Let the block take RESPONSE_SECONDS, whatever it does, unless it takes longer or raises."""
    started = time.monotonic()
    yield
    eventlet.sleep(max(0.0, RESPONSE_SECONDS - (time.monotonic() - started)))
