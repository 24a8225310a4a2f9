"""How long an answer takes at least, where a shorter time would tell whether there is an account."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import eventlet

RESPONSE_SECONDS = 0.25  # longer than a link takes to be requested, and nobody minds


@contextmanager
def minimum_time() -> Iterator[None]:
    """Let the block take RESPONSE_SECONDS at least; one that raises ends at once."""
    started = time.monotonic()
    yield
    eventlet.sleep(max(0.0, RESPONSE_SECONDS - (time.monotonic() - started)))
