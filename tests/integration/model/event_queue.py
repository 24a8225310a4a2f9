"""What is on its way: events from the outboxes to their consumers, and what the sandbox has to say."""

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Table
from sqlalchemy.engine import Connection

from schemas.base import Event
from services.foundation.amqp import json_serializer
from services.foundation.events import outbox
from services.foundation.events.consumers import Delivery, EventHandler
from services.kitchen.models import OUTBOX as KITCHEN_OUTBOX
from services.loyalty.models import OUTBOX as LOYALTY_OUTBOX
from services.order.models import OUTBOX as ORDER_OUTBOX
from services.payment.models import OUTBOX as PAYMENT_OUTBOX
from services.wallet.models import OUTBOX as WALLET_OUTBOX
from tests.contracts.rooms import entrypoints
from tests.integration.model.world import World

OUTBOXES: dict[str, Table] = {"order": ORDER_OUTBOX, "payment": PAYMENT_OUTBOX, "kitchen": KITCHEN_OUTBOX,
                              "loyalty": LOYALTY_OUTBOX, "wallet": WALLET_OUTBOX}
AT_ONCE = 100


@dataclass(frozen=True)
class QueuedEvent:
    """An event on its way to one consumer."""

    room: str
    method: str
    event: Event
    said: dict[str, Any]

    @property
    def about(self) -> str:
        """The order that it is about."""
        return str(self.said["body"]["order_id"])

    @property
    def delivery(self) -> Delivery:
        told = self.event.load(self.said)
        return Delivery(f"{self.room}.{self.method}", told["event_id"], told["about"], told["sequence"],
                        told["occurred_at"], told["body"], tries=0)


@dataclass
class EventQueue:
    world: World
    absent: Set[str]    # the rooms that hear of nothing
    waiting: list[QueuedEvent] = field(default_factory=list)
    read: list[QueuedEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._readers = {(room, event.type): (method, event) for room in self.world.rooms if room not in self.absent
                         for method, event in _readers(type(self.world.rooms[room]))}

    def collect(self, room: str) -> None:
        """Take what lies in a room's outbox; who dies over it has sent it all the same."""
        self.world.survive(lambda: self.world.databases[room].run(partial(self._publish, table=OUTBOXES[room])))

    def _publish(self, tx: Connection, table: Table) -> None:
        rows = outbox.lock_unpublished(tx, table, AT_ONCE)
        for row in rows:
            said = json_serializer.decode(json_serializer.encode(outbox.envelope(row)))
            self.waiting += [QueuedEvent(room, method, event, said)
                             for (room, type_), (method, event) in self._readers.items() if type_ == row.type]
        outbox.mark_published(tx, table, [row.event_id for row in rows])

    def deliver(self, *queued_events: QueuedEvent) -> None:
        """Bring them; what fails is brought again later."""
        for queued in queued_events:
            read = getattr(self.world.rooms[queued.room], queued.method)
            self.world.survive(partial(read, queued.delivery))
            if queued in self.waiting:
                self.waiting.remove(queued)
                self.read.append(queued)


def _readers(room: type) -> Iterator[tuple[str, Event]]:
    for function, entrypoint in entrypoints(room):
        if isinstance(entrypoint, EventHandler):
            yield function.__name__, entrypoint.event
