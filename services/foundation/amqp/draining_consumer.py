"""A consumer that finishes what it has taken before it closes.

Stock Nameko closes the connection first; work in hand is then delivered again elsewhere and done twice.
"""

from contextlib import suppress
from typing import Any

from amqp.exceptions import ConnectionError as ConnectionGone
from eventlet.event import Event
from kombu import Message

from services.foundation.amqp.heartbeat_consumer import Consumer

GRACE_SECONDS = 12
# The broker has the message again; stock Nameko ends the process for a pipe that breaks in the middle of an ack.
BROKEN = (ConnectionGone, OSError)


class DrainingConsumer(Consumer):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._in_hand: set[int] = set()
        self._lost = False
        self._stopping = False
        self._cancelled = False
        self._finished = Event()
        self._kombu_consumers: list[Any] = []

    def get_consumers(self, consumer_cls: Any, channel: Any) -> list[Any]:
        # A new connection: whatever the old one had delivered belongs to the broker again.
        self._in_hand.clear()
        self._lost = False
        self._kombu_consumers = super().get_consumers(consumer_cls, channel)
        return self._kombu_consumers

    def on_connection_error(self, exc: Exception, interval: float) -> None:
        super().on_connection_error(exc, interval)
        self._lost = True
        if self._stopping:
            self._finish()

    def run(self, **options: Any) -> None:
        try:
            super().run(safety_interval=0.5, **options)
        finally:
            self._finish()

    def _finish(self) -> None:
        if not self._finished.ready():
            self._finished.send(None)

    def on_message(self, body: Any, message: Message) -> None:
        if self._cancelled:
            self.requeue_message(message)
            return
        self._in_hand.add(id(message))
        super().on_message(body, message)

    def on_iteration(self) -> None:
        super().on_iteration()
        if self._stopping and not self._cancelled:
            for consumer in self._kombu_consumers:
                consumer.cancel()
            # Not before: what arrives meanwhile is taken, for it would be lost with the queue of a room's last process.
            self._cancelled = True
        if self._stopping and not self._in_hand:
            self.should_stop = True

    def ack_message(self, message: Message) -> None:
        with suppress(*BROKEN):
            super().ack_message(message)
        self._in_hand.discard(id(message))

    def requeue_message(self, message: Message) -> None:
        with suppress(*BROKEN):
            super().requeue_message(message)
        self._in_hand.discard(id(message))

    def reject_message(self, message: Message) -> None:
        """Refuse a message for good: it goes to the dead-letter exchange where there is one."""
        with suppress(*BROKEN):
            if message.channel.connection:
                message.reject(requeue=False)
        self._in_hand.discard(id(message))

    def stop(self) -> None:
        """Take nothing more, wait for what is in hand, then close. Returns after GRACE_SECONDS at the latest.

        Without a broker there is nothing to wait for: what was in hand belongs to it again.
        """
        self._stopping = True
        if not self._lost:
            self._finished.wait(timeout=GRACE_SECONDS)
        self.should_stop = True
