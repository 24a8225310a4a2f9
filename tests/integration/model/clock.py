"""The time in the model's world: it stands still until it is moved."""

import datetime as dt

from redis import Redis

START = dt.datetime(2050, 5, 2, 8, tzinfo=dt.UTC)  # a Monday, ten in the morning in Berlin
KEY = "clock"


class Clock:
    """What `utc_now` and the board's scripts take for the time."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self.set(START)

    def now(self, zone: dt.tzinfo = dt.UTC) -> dt.datetime:
        return self.time.astimezone(zone)

    def monotonic(self) -> float:
        """Seconds, as `time.monotonic` counts them."""
        return self.time.timestamp()

    def set(self, time: dt.datetime) -> None:
        self.time = time
        self.tell_redis()

    def move(self, by: dt.timedelta) -> None:
        self.set(self.time + by)

    def tell_redis(self) -> None:
        """Redis' own clock can't be moved, so the scripts of `BoardAtModelTime` read this list instead."""
        seconds, microseconds = int(self.time.timestamp()), self.time.microsecond
        with self._client.pipeline() as pipeline:
            pipeline.delete(KEY)
            pipeline.rpush(KEY, seconds, microseconds)
            pipeline.execute()


class IdClock:
    """What ids take for the time: each is a millisecond younger than the one before.

    Which of two ids of one millisecond sorts first, is chance, and with it the same seed made other plays.
    """

    def __init__(self) -> None:
        self._milliseconds = int(START.timestamp() * 1000)

    def time_ns(self) -> int:
        self._milliseconds += 1
        return self._milliseconds * 1_000_000
