"""How long a queue takes, and when to ask again. Pure: no I/O."""

import datetime as dt
import math

from schemas.errors import FieldsInvalid

SOONEST, LATEST = 2, 30     # seconds between two questions of one page; all who wait together ask that often


def wait_seconds(before: int, per_second: float, pace: float) -> int:
    """An estimate for somebody with so many people before; `pace`: seconds between two people of late."""
    return math.ceil((before + 1) * max(pace, 1 / per_second))


def ask_again_seconds(wait: float) -> int:
    """When to ask again: the farther away the turn, the later, so that a long queue is no rush of its own."""
    return round(min(max(wait / 5, SOONEST), LATEST))


def ask_again_before_draw(draw_at: dt.datetime | None, now: dt.datetime | None) -> int:
    """When to ask again before numbers are drawn: when they are."""
    left = (draw_at - now).total_seconds() if draw_at and now else 0
    return math.ceil(min(max(left, SOONEST), LATEST))


def check_draw_at(draw_at: dt.datetime | None, starts_at: dt.datetime) -> None:
    """Raise FieldsInvalid for a sale that would begin when the film does, or later."""
    if draw_at and draw_at >= starts_at:
        raise FieldsInvalid(fields={"draw_at": ["The screening has begun by then."]})
