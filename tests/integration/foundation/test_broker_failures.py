"""The broker breaks connections, stops, or freezes: no room ends because of it, and no caller waits for long."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import nameko
import pytest
from amqp.exceptions import ConnectionForced, PreconditionFailed
from kombu import Queue
from nameko.exceptions import MethodNotFound, RpcTimeout, UnknownService
from nameko.standalone.rpc import ClusterRpcClient
from redis import Redis

from operations.servers.base import SEARCH_PATH, ServerState
from operations.servers.rabbitmq import RabbitMQ
from services.foundation.amqp import publishing
from services.foundation.events import topology
from testbed.mesh import Mesh, wait_until
from tests.drivers.processes import Process
from tests.drivers.relay import Relay
from tests.integration.foundation.conftest import RunRoom, wait_for_room, wait_until_it_hears
from tests.integration.foundation.echo_room import A_WHILE

at_full_size = pytest.mark.full_size(
    "integration/foundation/test_broker_failures.py", "unit/foundation/test_heartbeat_consumer.py")


@pytest.fixture
def wire(servers: Mesh, relay: Callable[..., Relay]) -> Relay:
    """The line between the rooms of a test and the broker."""
    return relay(servers.environment["MARQUEE_AMQP_PORT"])


@pytest.fixture
def far_echo(run_room: RunRoom, wire: Relay, client: Any) -> Process:
    """An echo room whose line to the broker can be broken."""
    room = run_room("echo_room", MARQUEE_AMQP_PORT=wire.port)
    wait_for_room(client, "echo", room)
    return room


@pytest.fixture
def far_front(run_room: RunRoom, wire: Relay, client: Any) -> Process:
    """A room that calls, likewise."""
    room = run_room("front_room", MARQUEE_AMQP_PORT=wire.port)
    wait_for_room(client, "front", room)
    return room


def is_back(room: str = "echo") -> bool:
    """Whether the room answers, within two seconds, a caller that knows nothing of earlier trouble."""
    with ClusterRpcClient(timeout=2) as client:
        try:
            client[room].is_there()
        except MethodNotFound:
            return True
        except (UnknownService, RpcTimeout, ConnectionForced):
            return False
    raise AssertionError


def test_broken_connections_are_replaced(far_echo: Process, wire: Relay, client: Any) -> None:
    for _ in range(3):
        wire.cut()
        wait_until(is_back, 30, "the room to be back")
    assert [is_back() for _ in range(5)] == [True] * 5
    assert far_echo.is_alive


@at_full_size
def test_rooms_reconnect_to_a_broker_that_closes_all_connections(
    servers: Mesh, far_echo: Process, far_front: Process,
) -> None:
    vhost = servers.environment["MARQUEE_AMQP_VHOST"]
    assert "Closed 0" not in rabbitmqctl(servers, "close_all_connections", "-p", vhost, "a test")
    wait_until(lambda: is_back("echo") and is_back("front"), 30, "both rooms to be back")
    with ClusterRpcClient(timeout=10) as client:
        told = [client.front.ask(method="say", sending={"text": "hello"})["outcome"] for _ in range(20)]
    assert told == ["ok"] * 20
    assert far_echo.is_alive
    assert far_front.is_alive


@at_full_size
def test_rooms_reconnect_when_their_connection_has_fallen_silent(run_room: RunRoom, wire: Relay, client: Any) -> None:
    """As when the broker's machine is gone: no connection is ever told that it is broken."""
    rooms = [run_room(f"{name}_room", "--define", "HEARTBEAT=4", MARQUEE_AMQP_PORT=wire.port)
             for name in ("echo", "front")]
    for name, room in zip(("echo", "front"), rooms, strict=True):
        wait_for_room(client, name, room)
    wire.fall_silent()
    wait_until(lambda: is_back("echo") and is_back("front"), 60, "both rooms to be back")
    wait_until(one_reaches_the_other, 60, "one to reach the other")
    assert all(room.is_alive for room in rooms)


def one_reaches_the_other() -> bool:
    """Whether the front room has an answer of the echo room, and can tell it."""
    with ClusterRpcClient(timeout=10) as caller:
        try:
            return bool(caller.front.ask(method="say", sending={"text": "hello"})["outcome"] == "ok")
        except RpcTimeout:  # the answer went over a line that is silent still
            return False


@at_full_size
def test_a_process_that_is_never_idle_sends_heartbeats(run_room: RunRoom, client: Any) -> None:
    room = run_room("front_room", "--define", "HEARTBEAT=2")
    wait_for_room(client, "echo", run_room("echo_room"))
    wait_for_room(client, "front", room)
    until = time.monotonic() + 8  # the broker gives up after two heartbeats or three
    while time.monotonic() < until:
        assert client.front.ask(method="say", sending={"text": "hello"}, deadline=9)["outcome"] == "ok"
    assert "lost" not in room.log.read_text()


def test_a_connection_that_was_closed_while_idle_is_replaced(servers: Mesh, wire: Relay) -> None:
    uri = servers.settings["AMQP_URI"].replace(servers.environment["MARQUEE_AMQP_PORT"], str(wire.port))
    with nameko.config.patch({"AMQP_URI": uri}):
        for _ in range(3):
            topology.declare()
            declared = publishing.run_on_channel(lambda channel: topology.audit_queue()(channel).declare())
            assert declared == topology.AUDIT
            wire.cut()
        wire.refuse()
        with pytest.raises(publishing.BrokerDown):
            topology.declare()


def test_a_classic_audit_queue_of_an_earlier_version_is_replaced(servers: Mesh) -> None:
    with nameko.config.patch({"AMQP_URI": servers.settings["AMQP_URI"]}):
        classic = Queue(topology.AUDIT, exchange=topology.EXCHANGE, routing_key="#",
                        queue_arguments={"x-max-length": topology.AUDIT_LENGTH})
        publishing.run_on_channel(lambda channel: topology.audit_queue()(channel).delete())
        publishing.run_on_channel(lambda channel: classic(channel).declare())
        topology.declare()
        with pytest.raises(PreconditionFailed):
            publishing.run_on_channel(lambda channel: classic(channel).declare())
        assert publishing.run_on_channel(lambda channel: topology.audit_queue()(channel).declare()) == topology.AUDIT


@pytest.mark.full_size("unit/operations/test_servers.py")
def test_a_rabbitmq_whose_package_was_upgraded_boots_again_though_the_paths_to_its_parts_lead_nowhere(
    servers: Mesh,
) -> None:
    rabbitmq = RabbitMQ([servers.settings["AMQP_URI"]], servers.folder / "rabbitmq")
    if not rabbitmq.quick_boot():
        pytest.skip("this RabbitMQ boots without such paths")
    for link in (rabbitmq.folder / "plugins").iterdir():
        link.unlink()
        link.with_name(f"{link.name.partition('-')[0]}-0.0.1").symlink_to("/gone")
    before = servers.pid("rabbitmq")
    servers.kill("rabbitmq")
    wait_until(lambda: rabbitmq.state() is ServerState.READY, 120, "RabbitMQ to be back")
    assert servers.pid("rabbitmq") != before
    rabbitmq.quick_boot()    # as with the next `start`


def rabbitmqctl(servers: Mesh, *command: str) -> str:
    """The node is reached by its distribution port: nothing here runs epmd, and the tool must not listen there."""
    rabbitmq = RabbitMQ([servers.settings["AMQP_URI"]], servers.folder / "rabbitmq")
    environment = {
        **os.environ, **rabbitmq.environment(),
        "RABBITMQ_CTL_ERL_ARGS": f"-start_epmd false -dist_listen false -erl_epmd_port {rabbitmq.distribution_port}",
    }
    tool = shutil.which("rabbitmqctl", path=SEARCH_PATH)
    assert tool is not None
    done = subprocess.run([tool, *command], cwd=rabbitmq.folder, env=environment, capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_room_outlives_its_broker(
    far_echo: Process, wire: Relay, client: Any, redis_client: Redis, note: str,
) -> None:
    """Work under way goes on; its answer and its announcements can't be told, which is no reason to die."""
    client.echo.announce.call_async(ids=["lost"], note=note)
    client.echo.wait.call_async(note=note, seconds=A_WHILE)  # it reads calls in their order
    wait_until(lambda: redis_client.get(f"begun:{note}"), 20, "the work to begin")
    wire.refuse()
    redis_client.set(f"finish:{note}", "1")
    wait_until(lambda: redis_client.get(f"done:{note}"), 20, "the work to end")
    wait_until(lambda: "could not announce" in far_echo.log.read_text(), 30, "the announcement to fail")
    wait_until(lambda: "could not send a reply" in far_echo.log.read_text(), 30, "the reply to fail")

    wire.heal()
    wait_until(is_back, 30, "the room to be back")
    assert far_echo.is_alive
    wait_until_it_hears(client, redis_client)


@at_full_size
def test_a_room_stops_on_request_while_its_broker_is_down(far_echo: Process, wire: Relay) -> None:
    wire.refuse()
    wait_until(lambda: "RabbitMQ can't be reached" in far_echo.log.read_text(), 30, "the room to notice")
    far_echo.signal(signal.SIGTERM)
    assert far_echo.exit_code(8) == 0


@pytest.mark.parametrize("trouble", ["refuse", pytest.param("freeze", marks=at_full_size)])
def test_a_call_without_a_broker_fails_soon(
    far_front: Process, run_room: RunRoom, wire: Relay, client: Any, redis_client: Redis, note: str, trouble: str,
) -> None:
    wait_for_room(client, "echo", run_room("echo_room"))
    assert client.front.ask(method="say", sending={"text": "all is well"})["outcome"] == "ok"
    client.front.ask.call_async(method="say", sending={"text": "hello"}, waits=True, deadline=1, note=note)
    wait_until(lambda: redis_client.get(f"asking:{note}"), 20, "the room to begin")
    getattr(wire, trouble)()
    redis_client.set(f"call:{note}", "1")
    told = json.loads(wait_until(lambda: redis_client.get(f"asked:{note}"), 30, "the outcome"))
    assert told["outcome"] in ("room_unavailable", "room_silent")
    assert told["seconds"] < publishing.ANSWER_SECONDS

    wire.heal()
    wait_for_room(client, "front", far_front)
    again = wait_until(lambda: client.front.ask(method="say", sending={"text": "hello"}), 10, "an answer")
    assert again["outcome"] == "ok"
    assert far_front.is_alive
