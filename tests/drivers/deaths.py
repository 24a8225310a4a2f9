"""Processes that kill themselves (SIGKILL) at a chosen step."""

import os
import signal
from collections.abc import Callable
from functools import wraps
from typing import Any


def die_after(work: Callable[..., Any], is_time: Callable[..., Any]) -> Callable[..., Any]:
    """The work, after which the process dies when it is time; `is_time` is asked with the work's arguments."""
    @wraps(work)
    def work_and_die(*arguments: Any, **named: Any) -> Any:
        result = work(*arguments, **named)
        if is_time(*arguments):
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return work_and_die
