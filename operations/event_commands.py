"""Commands for the events between rooms: declare their queues, list dead letters, and replay them."""

import importlib
import inspect
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from amqp.exceptions import AMQPError, NotFound
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR

from operations.accounts import room_exchanges
from operations.accounts.contracts import contract_of
from operations.mesh import Mesh, find_rooms, module_of
from operations.operator_error import OperatorError
from services.foundation.amqp import publishing
from services.foundation.events import topology
from services.foundation.events.consumers import EventHandler
from services.foundation.events.topology import Subscription


def subscriptions(mesh: Mesh) -> list[Subscription]:
    """The subscription of every `@on_event` method of every room in the tree, by queue name."""
    found = []
    for module in (importlib.import_module(module_of(room)) for room in find_rooms(mesh.root)):
        for _, service in inspect.getmembers(module, inspect.isclass):
            if service.__module__ == module.__name__ and hasattr(service, "name"):
                found += list(subscriptions_of(service))
    return sorted(found, key=lambda each: each.queue_name)


def subscriptions_of(service: Any) -> Iterator[Subscription]:
    for name, function in inspect.getmembers(service, inspect.isfunction):
        for entrypoint in getattr(function, ENTRYPOINT_EXTENSIONS_ATTR, ()):
            if isinstance(entrypoint, EventHandler):
                yield Subscription(entrypoint.event, service.name, name)


@contextmanager
def broker(mesh: Mesh) -> Iterator[None]:
    """Connect to RabbitMQ; raises OperatorError, one sentence, when it does not answer or refuses."""
    try:
        with publishing.producer() as producer:
            producer.connection.connect()
        yield
    except publishing.BrokerDown as problem:
        raise OperatorError(f"RabbitMQ does not answer at {mesh.rabbitmq.where}: {problem}") from None
    except AMQPError as problem:
        raise OperatorError(f"RabbitMQ at {mesh.rabbitmq.where} refuses: {problem}") from None


def declare(mesh: Mesh) -> int:
    """Declare every queue that an event may need, before any room publishes; returns the number of consumers."""
    found = subscriptions(mesh)
    with broker(mesh):
        topology.declare(found)
        with publishing.bounded_connection(mesh.settings["AMQP_URI"]) as connection:
            room_exchanges.declare(connection, [contract_of(room, mesh.root) for room in find_rooms(mesh.root)], found)
    return len(found)


def dead_messages(subscription: Subscription, most: int) -> list[Any]:
    """At most `most` messages of a dead-letter queue, which keeps them."""
    with publishing.producer() as producer, producer.connection.channel() as channel:
        found = take(subscription, channel, most)
        for message in found:
            message.requeue()
        return found


def revive(subscription: Subscription) -> int:
    """Send the messages of a dead-letter queue to their consumer again; returns how many there were."""
    with publishing.producer() as producer, producer.connection.channel() as channel:
        found = take(subscription, channel)  # all, before the first can come back
        for message in found:
            publishing.send_copy(message, exchange="", routing_key=subscription.queue_name, headers={})
            message.ack()
        return len(found)


def take(subscription: Subscription, channel: Any, most: float = math.inf) -> list[Any]:
    """At most `most` messages of a dead-letter queue, not acknowledged yet."""
    queue = subscription.dead_queue(channel)
    found: list[Any] = []
    while len(found) < most and (message := queue.get()) is not None:
        found.append(message)
    return found


@click.command("declare")
@click.pass_obj
def declare_command(mesh: Mesh) -> None:
    """Declare the queues of all events; `start` does that, too."""
    click.echo(f"Declared the queues of {declare(mesh)} consumers.")


@click.command("dead")
@click.option("--most", default=20, show_default=True, help="How many to show of each queue.")
@click.pass_obj
def dead_command(mesh: Mesh, most: int) -> None:
    """List the events that their consumers gave up, with the errors."""
    lines = []
    with broker(mesh):
        for subscription in subscriptions(mesh):
            try:
                lines += [line(subscription, message) for message in dead_messages(subscription, most)]
            except NotFound:
                continue  # never declared, so nothing can be in it
    click.echo("\n".join(lines) if lines else "No event was given up.")


def line(subscription: Subscription, message: Any) -> str:
    headers = message.headers
    event_id = message.properties.get("message_id") or "without an id"
    return (f"{subscription.queue_name}  {event_id}  {headers.get('tries', 0)} tries, the last at "
            f"{headers.get('failed_at', 'an unknown time')}: {headers.get('error', 'unknown')}")


@click.command("replay")
@click.argument("queue", required=False)
@click.pass_obj
def replay_command(mesh: Mesh, queue: str | None) -> None:
    """Send the events that were given up to their consumers again: all, or those of QUEUE as `dead` names it.

    Their consumers skip what they have done before.
    """
    wanted = [each for each in subscriptions(mesh) if queue in (None, each.queue_name, each.dead_queue_name)]
    if queue and not wanted:
        raise OperatorError(f"No consumer has a queue {queue}; `python -m operations dead` lists the queues.")
    with broker(mesh):
        if not sum([replay(subscription) for subscription in wanted]):
            click.echo("There was nothing to send again.")


def replay(subscription: Subscription) -> int:
    """Revive the dead letters of one consumer and print how many there were."""
    try:
        count = revive(subscription)
    except publishing.Unroutable:
        raise OperatorError(f"The queue {subscription.queue_name} does not exist: ./start.sh declares it.") from None
    except NotFound:
        return 0  # never declared, so nothing can be in it
    if count:
        click.echo(f"{subscription.queue_name}  {count} sent again")
    return count
