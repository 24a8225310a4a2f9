"""What a consumer is given of an event."""

import datetime as dt
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Delivery:
    """An event as it reaches one consumer.

    `about`: the id of the order, payment, ... that changed. `sequence`: the number of the change; events may overtake
    each other, so a consumer compares it. `occurred_at` is in UTC. `tries`: failed attempts before this one.
    """

    consumer: str
    event_id: str
    about: str
    sequence: int
    occurred_at: dt.datetime
    body: dict[str, Any]
    tries: int
