"""A consumer that finishes the messages it has taken before it closes.

Stock Nameko closes the connection first. The broker then delivers the unfinished messages again elsewhere, and their
work is done twice.
"""

from contextlib import suppress
from typing import Any

from amqp.exceptions import ConnectionError as ConnectionLost
from eventlet.event import Event
from kombu import Message

from services.foundation.amqp.heartbeat_consumer import Consumer

GRACE_SECONDS = 12
# Stock Nameko ends the process when the pipe breaks during an ack, although the broker has the message again.
CONNECTION_ERRORS = (ConnectionLost, OSError)


class DrainingConsumer(Consumer):
    """A Nameko consumer whose `stop` waits for the messages under way, and that survives a lost connection."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._unfinished: set[int] = set()
        self._lost = False
        self._stopping = False
        self._cancelled = False
        self._finished = Event()
        self._kombu_consumers: list[Any] = []

    def get_consumers(self, consumer_cls: Any, channel: Any) -> list[Any]:
        """Consume on a new connection; the broker has taken back what the old one had delivered."""
        self._unfinished.clear()
        self._lost = False
        self._kombu_consumers = super().get_consumers(consumer_cls, channel)
        return self._kombu_consumers

    def on_connection_error(self, exc: Exception, interval: float) -> None:
        """Give up waiting for messages under way: without a connection none of them can be acknowledged."""
        super().on_connection_error(exc, interval)
        self._lost = True
        if self._stopping:
            self._finish()

    def run(self, **options: Any) -> None:
        """Consume until `stop`, looking twice a second whether it was called; kombu looks once a second."""
        try:
            super().run(safety_interval=0.5, **options)
        finally:
            self._finish()

    def _finish(self) -> None:
        if not self._finished.ready():
            self._finished.send(None)

    def on_message(self, body: Any, message: Message) -> None:
        """Take a message, or put it back if it arrives after the consumer was cancelled."""
        if self._cancelled:
            self.requeue_message(message)
            return
        self._unfinished.add(id(message))
        super().on_message(body, message)

    def on_iteration(self) -> None:
        """Once stopping: cancel the subscription first, and leave when the last message is finished."""
        super().on_iteration()
        if self._stopping and not self._cancelled:
            for consumer in self._kombu_consumers:
                consumer.cancel()
            # Only now: a message that arrives while cancelling would be lost with the queue of a room's last process.
            self._cancelled = True
        if self._stopping and not self._unfinished:
            self.should_stop = True

    def ack_message(self, message: Message) -> None:
        """Tell the broker that the message is done; if the connection is lost, the broker delivers it again."""
        with suppress(*CONNECTION_ERRORS):
            super().ack_message(message)
        self._unfinished.discard(id(message))

    def requeue_message(self, message: Message) -> None:
        """Put the message back into its queue, for this or another process."""
        with suppress(*CONNECTION_ERRORS):
            super().requeue_message(message)
        self._unfinished.discard(id(message))

    def reject_message(self, message: Message) -> None:
        """Refuse a message for good: it goes to the queue's dead-letter exchange, or is dropped if there is none."""
        with suppress(*CONNECTION_ERRORS):
            if message.channel.connection:
                message.reject(requeue=False)
        self._unfinished.discard(id(message))

    def stop(self) -> None:
        """Take no more messages, wait for those under way, then close. Returns after GRACE_SECONDS at the latest.

        Without a connection it does not wait: the broker has all messages again.
        """
        self._stopping = True
        if not self._lost:
            self._finished.wait(timeout=GRACE_SECONDS)
        self.should_stop = True
