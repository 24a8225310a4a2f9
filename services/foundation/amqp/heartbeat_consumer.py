"""A consumer that notices when its line to the broker has fallen silent, and begins anew on another."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nameko.amqp import consume

from services.foundation.amqp import publishing

LOOK_SECONDS = 1.0


class Consumer(consume.Consumer):
    """Stock Nameko misses the heartbeats too, but then says good-bye, and waits for ever for an answer.

    And stock kombu sends its own only when nothing has come for a while. Who is kept busy with messages that need
    no acknowledgement would say nothing at all, and the broker would hang up in the middle of the crowd.
    """

    _looked_at = 0.0

    @property
    def connection(self) -> Any:
        return publishing.line(self.amqp_uri, ssl=self.ssl, login_method=self.login_method, heartbeat=self.heartbeat)

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        with super().establish_connection() as connection:
            self._line = connection
            try:
                yield connection
            except publishing.BrokerDown:
                connection.collect()  # without a word
                publishing.let_go_of_the_idle()  # which have no heartbeats of their own
                raise

    def on_iteration(self) -> None:
        if time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = time.monotonic()
            self._line.heartbeat_check()
