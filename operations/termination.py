"""Commands that clean up behind themselves however they are asked to end."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TERMINATION_SIGNALS = (signal.SIGTERM, signal.SIGHUP)    # `kill`, a shutdown; a terminal that was closed


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """Let TERMINATION_SIGNALS leave the block by SystemExit, as Ctrl-C does by KeyboardInterrupt.

    Stock Python ends at once, without a `finally`.
    """
    before = {number: signal.signal(number, _exit) for number in TERMINATION_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit(number: int, _frame: Any) -> None:
    raise SystemExit(128 + number)
