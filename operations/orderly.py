"""Commands that clean up behind themselves however they are asked to end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ENDING = (signal.SIGTERM, signal.SIGHUP)    # `kill`, a shutdown; a terminal that was closed


@contextmanager
def orderly() -> Iterator[None]:
    """Let ENDING leave the block by SystemExit, as Ctrl-C does by KeyboardInterrupt; stock Python ends at once."""
    before = {number: signal.signal(number, _leave) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: Any) -> None:
    raise SystemExit(128 + number)
