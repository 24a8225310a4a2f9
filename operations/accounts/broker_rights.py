"""What a room's account may do at RabbitMQ, as regular expressions on names, and on the keys by which it binds queues.

RabbitMQ has one list of names for queues and exchanges. Whatever exchange an account could declare or write to under a
key of its choice would be a way to all that is bound behind it; so it writes to exchanges of the room's own, which it
can't declare, and whose bindings `room_exchanges` makes with the operator's account.
"""

import re
from collections.abc import Iterable
from typing import Any

from operations.accounts.contracts import Contract
from schemas import insight
from services.foundation.amqp.exchanges import EVENTS

RPC, PRESENCE = "nameko-rpc", "presence.events"
NOTHING = "^$"
Fields = dict[str, Any]


def of(contract: Contract) -> Fields:
    """Both kinds of rights."""
    return {"permissions": permissions(contract), "topics": topic_permissions(contract)}


def permissions(contract: Contract) -> Fields:
    """`configure`, `write` and `read` as RabbitMQ has them."""
    room = re.escape(contract.room)
    queues = [rf"(rpc|alive)-{room}", rf"rpc\.reply-{room}-[^:]*", rf"evt-[^:]*--{room}\.[^:]*",
              rf"[^:]+:{room}\.[^:]+"]
    spans = [re.escape(insight.EXCHANGE), re.escape(f"{contract.room}.spans")] if contract.keeps_spans else []
    writes = [rf"{room}\.(calls|outbox|events|dead-letters|retries\..+)",
              *map(re.escape, (PRESENCE, insight.EXCHANGE))]
    return {"configure": _any([*queues, *spans]), "write": _any([*queues, *spans, *writes]),
            "read": _any([*queues, *spans, *map(re.escape, _sources(contract))])}


def topic_permissions(contract: Contract) -> list[Fields]:
    """The keys by which the account may bind a queue to each exchange that it reads."""
    return [{"exchange": name, "write": "^heard$" if name == PRESENCE else ".*" if name == f"{contract.room}.events"
             else NOTHING, "read": keys} for name, keys in {PRESENCE: NOTHING, **_sources(contract)}.items()]


def _sources(contract: Contract) -> dict[str, str]:
    """The shared exchanges to which the room's queues are bound, and by which keys."""
    room = re.escape(contract.room)
    found = {RPC: _any([rf"{room}\.\*", rf"{room}-[0-9a-f-]{{36}}"])}
    if contract.hears:
        found[EVENTS.name] = _any(map(re.escape, contract.hears))
    for publisher in sorted({publisher for publisher, _ in contract.follows}):
        names = [re.escape(name) for source, name in contract.follows if source == publisher]
        found[f"{publisher}.events"] = _any(names)
    if contract.hears_presence:
        found[PRESENCE] = "^heard$"
    return found


def _any(expressions: Iterable[str]) -> str:
    return f"^({'|'.join(sorted(expressions))})$"
