"""What waits in RabbitMQ: calls, events, and events that were given up."""

from collections.abc import Iterable, Iterator
from typing import Any

from amqp.exceptions import NotFound
from nameko import config
from nameko.rpc import RPC_QUEUE_TEMPLATE
from prometheus_client.core import Metric

from operations.event_commands import subscriptions
from operations.mesh import Mesh
from operations.metrics.gauges import gauge
from operations.metrics.measurement import Measurement
from services.foundation.amqp import publishing
from services.foundation.events.settings import event_settings
from services.foundation.events.topology import retry_queue


class Queues:
    """The queues of a mesh. They are asked for one by one: RabbitMQ's list of queues is some seconds late."""

    def __init__(self, mesh: Mesh) -> None:
        found = subscriptions(mesh)
        self._calls = {RPC_QUEUE_TEMPLATE.format(room.name): room.name for room in mesh.rooms if room.name != "gateway"}
        self._events = [each.queue_name for each in found]
        self._retries = [retry_queue(pause)[1].name for pause in event_settings().pauses]
        self._dead = {each.dead_queue_name: each.queue_name for each in found}

    def measurement(self) -> Measurement:
        """Of all queues, by the name `rabbitmq`."""
        return Measurement("rabbitmq", self.measure)

    def measure(self) -> Iterator[Metric]:
        """The messages that are ready in each queue, and its consumers. Raises one of BrokerDown."""
        depths = declared([*self._calls, *self._events, *self._retries, *self._dead])
        yield gauge("marquee_queue_messages", "Messages in a queue that no consumer has taken yet.", ["queue"],
                    [([name], messages) for name, (messages, _) in depths.items() if name not in self._dead])
        yield gauge("marquee_queue_consumers", "Consumers of a queue.", ["queue"],
                    [([name], depths[name][1]) for name in (*self._calls, *self._events)])
        yield gauge("marquee_dead_letters", "Events that a consumer gave up, by its queue.", ["queue"],
                    [([queue], depths[dead][0]) for dead, queue in self._dead.items()])


def declared(names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """The ready messages and the consumers of each queue; 0 and 0 for a queue that does not exist."""
    with publishing.bounded_connection(config["AMQP_URI"]) as connection:
        channel, found = connection.channel(), {}
        for name in names:
            try:
                answer: Any = channel.queue_declare(name, passive=True)
                found[name] = (answer.message_count, answer.consumer_count)
            except NotFound:     # which closes the channel
                channel, found[name] = connection.channel(), (0, 0)
        return found
