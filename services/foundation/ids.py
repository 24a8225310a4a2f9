"""Opaque ids that sort by the time of their making (UUID version 7, RFC 9562), so that inserts stay in one place."""

import datetime as dt
import os
import time

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def new_id() -> str:
    """A new id in 32 hex digits: 48 bits of milliseconds since 1970, 74 random bits, and the version marks."""
    random = int.from_bytes(os.urandom(10))
    stamp = time.time_ns() // 1_000_000
    high = (stamp << 16) | 0x7000 | (random >> 68)
    low = (0b10 << 62) | (random & (2**62 - 1))
    return f"{high:016x}{low:016x}"


def made_at(made_id: str) -> dt.datetime:
    """When `new_id` made this id, in UTC, to the millisecond."""
    return EPOCH + dt.timedelta(milliseconds=int(made_id[:12], 16))


def first_id(moment: dt.datetime) -> str:
    """An id that sorts before all that `new_id` makes from that moment on, and behind all earlier ones."""
    return f"{int((moment - EPOCH).total_seconds() * 1000):012x}"
