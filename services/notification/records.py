"""What the store returns."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class DueMessage:
    """A message that this process has leased. `facts`: the event's body as JSON; `tries` counts this one."""

    message_id: str
    event_id: str
    kind: str
    order_id: str | None
    buyer_id: str
    facts: bytes
    occurred_at: dt.datetime
    tries: int
    traceparent: str | None = None
