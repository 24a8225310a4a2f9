"""Which traces are recorded: decided where a trace enters the mesh, and followed from there on."""

import random
import time
from collections.abc import Callable

from opentelemetry.trace import SpanContext


class Sampler:
    """Takes `ratio` of the new traces, but never more than `per_second`, so that tracing a rush costs no more.

    A caller from outside that asks for a trace to be recorded counts as well: it can't make the mesh record more.
    """

    def __init__(self, ratio: float, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.ratio, self.per_second = ratio, per_second
        self._clock = clock
        self._left, self._filled_at = max(per_second, 1.0), clock()

    def should_sample(self, parent: SpanContext | None = None) -> bool:
        """Whether to record a trace that enters here. `parent`: what its caller from outside said of it."""
        if parent is None:
            return random.random() < self.ratio and self._take()
        return parent.trace_flags.sampled and self._take()

    def _take(self) -> bool:
        if self.per_second <= 0:
            return False
        now = self._clock()
        self._left = min(max(self.per_second, 1.0), self._left + (now - self._filled_at) * self.per_second)
        self._filled_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
