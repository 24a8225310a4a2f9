"""A consumer that stops, or whose connection breaks while it acknowledges a message."""

from collections.abc import Callable

import pytest
from amqp.exceptions import RecoverableConnectionError

from services.foundation.amqp.draining_consumer import DrainingConsumer


class Channel:
    connection = "seems to be there"


class Message:
    """A message whose connection turns out to be broken at the first word."""

    channel = Channel()

    def __init__(self, problem: Exception) -> None:
        self._problem = problem

    def ack(self) -> None:
        raise self._problem

    def reject(self, requeue: bool) -> None:
        raise self._problem

    def requeue(self) -> None:
        raise self._problem


@pytest.mark.parametrize("problem", [BrokenPipeError(), ConnectionResetError(), RecoverableConnectionError()])
@pytest.mark.parametrize("say", [DrainingConsumer.ack_message, DrainingConsumer.reject_message,
                                 DrainingConsumer.requeue_message])
def test_a_consumer_survives_a_connection_that_breaks_during_an_ack(
    problem: Exception, say: Callable[[DrainingConsumer, object], None],
) -> None:
    consumer = DrainingConsumer("amqp://nowhere")
    message = Message(problem)
    consumer.on_message(None, message)
    say(consumer, message)
    assert not consumer._unfinished


class Late(Message):
    """A message that was on its way while the consumer took its leave."""

    def __init__(self) -> None:
        self.is_back = False

    def requeue(self) -> None:
        self.is_back = True


def test_a_message_that_arrives_after_cancelling_goes_back_to_the_queue() -> None:
    taken: list[object] = []
    consumer = DrainingConsumer("amqp://nowhere", callbacks=[lambda body, message: taken.append(message)])
    consumer._checked_at = float("inf")  # there is no line with heartbeats
    consumer.on_message(None, in_time := Late())
    consumer._stopping = True
    consumer.on_iteration()
    consumer.on_message(None, late := Late())
    assert (in_time.is_back, late.is_back) == (False, True)
    assert taken == [in_time]
