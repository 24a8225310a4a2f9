"""Where a room publishes, if it has an account of its own at RabbitMQ (`own_account` in config.yml).

Then it may write to exchanges of its own only, which `operations declare` binds to the shared ones by the names of what
the room calls and publishes: a message for anything else has no route. Rights by routing key would not do: a queue that
dead-letters is a way around them. See docs/decisions/each-room-has-accounts-of-its-own.md.
"""

from kombu import Exchange
from nameko import config
from nameko.rpc import get_rpc_exchange

EVENTS = Exchange("events", type="topic", durable=True)


def has_own_account() -> bool:
    """Whether this process has an account of its own, which can't declare exchanges."""
    return config.get("own_account") in (True, "yes")


def shared(exchange: Exchange) -> Exchange:
    """The exchange; a process with an account of its own takes it as declared."""
    if not has_own_account():
        return exchange
    return Exchange(exchange.name, type=exchange.type, durable=exchange.durable, no_declare=True)


def own(room: str, purpose: str, kind: str = "topic") -> Exchange:
    """An exchange of a room's own, as `operations declare` makes it."""
    return Exchange(f"{room}.{purpose}", type=kind, durable=True)


def for_calls(room: str) -> Exchange:
    """Where a room publishes its calls and its replies."""
    return own(room, "calls") if has_own_account() else get_rpc_exchange()


def for_events(room: str) -> Exchange:
    """Where a room publishes its events."""
    return own(room, "outbox") if has_own_account() else EVENTS


def for_retries(room: str, waits: Exchange) -> Exchange:
    """Where a room publishes events that failed, to reach the queue of the exchange `waits`."""
    return own_retries(room, waits.name) if has_own_account() else waits


def own_retries(room: str, waits: str) -> Exchange:
    """The exchange of a room's own that leads to the queue `waits`, for the room's consumers only."""
    return own(room, f"retries.{waits}", "direct")


def for_dead_letters(room: str) -> Exchange | str:
    """Where a room publishes events that it gives up; the routing key is the name of the dead-letter queue."""
    return own(room, "dead-letters", "direct") if has_own_account() else ""
