"""A consumer that notices when its line to the broker has fallen silent, and begins anew on another."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nameko.amqp import consume

from services.foundation import amqp


class Consumer(consume.Consumer):
    """Stock Nameko misses the heartbeats too, but then says good-bye, and waits for ever for an answer."""

    @property
    def connection(self) -> Any:
        return amqp.line(self.amqp_uri, ssl=self.ssl, login_method=self.login_method, heartbeat=self.heartbeat)

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        with super().establish_connection() as connection:
            try:
                yield connection
            except amqp.BrokerDown:
                connection.collect()  # without a word
                amqp.let_go_of_the_idle()  # which have no heartbeats of their own
                raise
