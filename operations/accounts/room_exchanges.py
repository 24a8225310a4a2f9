"""The exchanges of rooms that have accounts of their own, with the bindings that say where their messages may go."""

from collections.abc import Iterable
from typing import Any

from amqp.exceptions import NotFound
from kombu import Connection, Exchange
from nameko.rpc import RPC_QUEUE_TEMPLATE, get_rpc_exchange
from nameko.standalone.events import get_event_exchange

from operations.accounts.contracts import Contract
from schemas import insight
from services.foundation.amqp import exchanges
from services.foundation.amqp.liveness import liveness_queue
from services.foundation.events import topology
from services.foundation.events.settings import event_settings
from services.foundation.events.topology import Subscription

# It has no queue by which it could be seen to run; without its exchange its calls would have no route meanwhile.
GATEWAY = "gateway"
REPLIES = "*"    # one word, as the keys of replies are; those of calls are two, such as film.get_info


def declare(connection: Connection, contracts: Iterable[Contract], subscriptions: Iterable[Subscription]) -> None:
    """Declare and bind them. Those of a room without a process are made anew, without bindings of before; the gateway
    keeps its own.

    The queues of all subscriptions exist. Raises one of BrokerDown.
    """
    subscriptions = list(subscriptions)
    with connection.channel() as channel:
        for shared in (get_rpc_exchange(), exchanges.EVENTS, get_event_exchange("presence"),
                       Exchange(insight.EXCHANGE, type="topic", durable=False)):
            shared(channel).declare()
        for contract in contracts:
            fresh = contract.room != GATEWAY and not _is_running(connection, contract.room)
            _bind(channel, exchanges.own(contract.room, "calls"), fresh, RPC_TARGET, [REPLIES, *contract.calls])
            _bind(channel, exchanges.own(contract.room, "outbox"), fresh, exchanges.EVENTS.name, contract.publishes)
            if contract.announces:
                get_event_exchange(contract.room)(channel).declare()
            _declare_for_failures(channel, contract.room, fresh,
                                  [each for each in subscriptions if each.room == contract.room])


RPC_TARGET = get_rpc_exchange().name


def _bind(channel: Any, exchange: Exchange, fresh: bool, target: str, keys: Iterable[str]) -> None:
    _declare(channel, exchange, fresh)
    for key in keys:
        channel.exchange_bind(target, exchange.name, routing_key=key, nowait=True)


def _declare_for_failures(channel: Any, room: str, fresh: bool, subscriptions: list[Subscription]) -> None:
    dead = exchanges.own(room, "dead-letters", "direct")
    _declare(channel, dead, fresh)
    for each in subscriptions:
        channel.queue_bind(each.dead_queue_name, dead.name, each.dead_queue_name, nowait=True)
    for waits, queue in map(topology.retry_queue, event_settings().pauses):
        own = exchanges.own_retries(room, waits.name)
        _declare(channel, own, fresh)
        for each in subscriptions:
            channel.queue_bind(queue.name, own.name, each.queue_name, nowait=True)


def _declare(channel: Any, exchange: Exchange, fresh: bool) -> None:
    if fresh:
        channel.exchange_delete(exchange.name)
    exchange(channel).declare()


def _is_running(connection: Connection, room: str) -> bool:
    for queue in (liveness_queue(room), RPC_QUEUE_TEMPLATE.format(room)):
        channel = connection.channel()
        try:
            channel.queue_declare(queue, passive=True)
            channel.close()
            return True
        except NotFound:
            pass   # which has closed the channel
    return False
