"""Settings of a RabbitMQ cluster, without one."""

import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import nameko
import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

from schemas.errors import OutcomeUnknown
from services.foundation.amqp.cluster import is_cluster
from services.foundation.amqp.heartbeat_consumer import Consumer
from services.foundation.amqp.publishing import BoundedTransport, bounded_connection
from services.foundation.rpc.client import Replies
from services.foundation.rpc.lost_calls import PendingCall

NODES = "amqp://ada:first-secret@127.0.0.1:1/m;amqp://ada:second-secret@127.0.0.1:2/m"


@pytest.fixture
def cluster() -> Iterator[None]:
    with nameko.config.patch({"AMQP_URI": NODES}):
        yield


def test_several_addresses_are_a_cluster(cluster: None) -> None:
    assert is_cluster()
    with nameko.config.patch({"AMQP_URI": NODES.partition(";")[0]}):
        assert not is_cluster()


@pytest.mark.parametrize(("connection", "bounded"), [
    (bounded_connection(NODES), True), (Connection(NODES, transport=BoundedTransport), False),
], ids=["ours", "the control"])
def test_waits_for_the_next_node_are_bounded_too(connection: Connection, bounded: bool) -> None:
    connection.maybe_switch_next()
    assert (connection.port, connection.password) == (2, "second-secret")
    assert (connection.transport_cls is BoundedTransport) == bounded
    assert (connection.clone().transport_cls is BoundedTransport) == bounded


def test_a_connection_is_made_to_the_node_that_can_be_reached() -> None:
    """Here it only listens; that it speaks AMQP is for the tests of the cluster."""
    def greet() -> bytes:
        client, _ = node.accept()
        with client:
            return client.recv(4)

    with socket.create_server(("127.0.0.1", 0)) as node, ThreadPoolExecutor(1) as threads:
        node.settimeout(5)
        greeting = threads.submit(greet)
        connection = bounded_connection(NODES.replace(":2/", f":{node.getsockname()[1]}/"))
        with pytest.raises(OperationalError):
            connection.ensure_connection(max_retries=1, interval_start=0)
        assert greeting.result() == b"AMQP"


def test_calls_that_wait_for_replies_on_a_lost_node_end(cluster: None) -> None:
    replies, calls = Replies(), [PendingCall("film"), PendingCall("order")]
    replies.pending.update(enumerate(calls))
    replies.check_for_lost_replies()
    assert replies.pending == {}
    for call in calls:
        with pytest.raises(OutcomeUnknown):
            call.wait()


def test_calls_wait_on_for_a_single_broker(cluster: None) -> None:
    replies, call = Replies(), PendingCall("film")
    replies.pending[1] = call
    with nameko.config.patch({"AMQP_URI": NODES.partition(";")[0]}):
        replies.check_for_lost_replies()
    assert not call.ready()
    assert replies.pending == {1: call}


def test_no_password_of_a_node_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    consumer = Consumer(NODES)
    with caplog.at_level(logging.WARNING):
        consumer.on_connection_error(ConnectionRefusedError("refused"), 0.2)
        consumer.on_connection_error(ConnectionRefusedError("refused"), 0.2)
    assert [record.message for record in caplog.records] == ["RabbitMQ can't be reached"]
    assert "secret" not in caplog.text + str([vars(record) for record in caplog.records])
