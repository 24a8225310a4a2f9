"""How rooms end: on request, killed, or because of an error of their own."""

import signal
import time
from collections.abc import Callable
from typing import Any

import nameko
import orjson
import pytest
from kombu.connection import Connection
from nameko.exceptions import UnknownService
from nameko.standalone.rpc import ClusterRpcClient
from redis import Redis

from services.foundation.rpc.lost_calls import CHECK_SECONDS
from testbed.mesh import wait_until
from tests.drivers.processes import Process
from tests.integration.foundation.conftest import RunRoom, wait_for_room
from tests.integration.foundation.echo_room import A_WHILE

at_full_size = pytest.mark.full_size("integration/foundation/test_stopping.py")

LONG = 25.0  # seconds; a deadline that is not waited for


def begin(client: Any, room: str, redis: Redis, note: str) -> Any:
    """A call under way, whose work ends when `finish` says so."""
    under_way = client[room].wait.call_async(note=note, seconds=A_WHILE)
    wait_until(lambda: redis.get(f"begun:{note}") == "1", 30, "the work to begin")
    return under_way


def finish(redis: Redis, *notes: str) -> None:
    for note in notes:
        redis.set(f"finish:{note}", "1")


def test_a_stopping_room_finishes_the_calls_under_way(
    run_room: RunRoom, client: Any, redis_client: Redis, note: str,
) -> None:
    room = run_room("echo_room")
    wait_for_room(client, "echo", room)
    notes = [f"{note}{number}" for number in range(3)]
    calls = [begin(client, "echo", redis_client, each) for each in notes]

    room.signal(signal.SIGTERM)
    wait_until(lambda: is_gone(client), 30, "the door to close")
    finish(redis_client, *notes)
    assert [call.result() for call in calls] == [{}, {}, {}]
    assert room.exit_code() == 0

    again = run_room("echo_room")
    wait_for_room(client, "echo", again)
    assert [redis_client.get(f"begun:{each}") for each in notes] == ["1", "1", "1"]


@at_full_size
def test_a_room_asked_to_stop_while_it_starts_stops(run_room: RunRoom) -> None:
    room = run_room("slow_room")
    wait_until(lambda: "starting" in room.log.read_text(), 30, "the room to start")
    room.signal(signal.SIGTERM)
    assert room.exit_code() == 0


@at_full_size
def test_a_room_that_calls_a_stopping_room_gets_its_answer(
    run_room: RunRoom, front: Process, client: Any, redis_client: Redis, note: str,
) -> None:
    room = run_room("echo_room")
    wait_for_room(client, "echo", room)
    call = client.front.ask.call_async(method="wait", sending={"note": note, "seconds": A_WHILE}, deadline=LONG)
    wait_until(lambda: redis_client.get(f"begun:{note}") == "1", 30, "the work to begin")
    room.signal(signal.SIGTERM)
    with ClusterRpcClient(timeout=10) as other:
        wait_until(lambda: is_gone(other), 30, "the door to close")
    checked = time.monotonic() + 3 * CHECK_SECONDS   # the caller has looked by then whether the room is lost
    wait_until(lambda: time.monotonic() > checked, 30, "the caller to look")
    finish(redis_client, note)
    assert call.result()["outcome"] == "ok"
    assert room.exit_code() == 0


@at_full_size
def test_a_call_to_a_stopping_room_is_served_or_refused_at_once(
    run_room: RunRoom, client: Any, redis_client: Redis, note: str,
) -> None:
    room = run_room("echo_room")
    wait_for_room(client, "echo", room)
    call = begin(client, "echo", redis_client, note)
    room.signal(signal.SIGTERM)

    with ClusterRpcClient(timeout=10) as other:
        wait_until(lambda: is_gone(other), 30, "the door to close")
    assert redis_client.get(f"done:{note}") is None
    finish(redis_client, note)
    assert call.result() == {}
    assert room.exit_code() == 0


def is_gone(client: Any) -> bool:
    """Whether the echo room takes no calls; one that takes it must answer it."""
    try:
        assert client.echo.say(text="too late?") == {"text": "too late?"}
    except UnknownService:
        return True
    return False


@at_full_size
def test_stock_nameko_asked_to_stop_does_the_work_twice(
    run_stock_room: Callable[[], Process], amqp_uri: str, redis_client: Redis, note: str,
) -> None:
    with nameko.config.patch({"AMQP_URI": amqp_uri}, clear=True), ClusterRpcClient(timeout=10) as client:
        room = run_stock_room()
        wait_for_room(client, "stock_echo", room)
        call = begin(client, "stock_echo", redis_client, note)
        room.signal(signal.SIGTERM)
        wait_until(lambda: processes_at("rpc-stock_echo", amqp_uri) == 0, 30, "it to hang up on the broker")
        finish(redis_client, note)
        assert call.result() is None
        room.exit_code()
    run_stock_room()
    wait_until(lambda: redis_client.get(f"begun:{note}") == "2", 60, "the second time")


def test_the_callers_of_a_killed_room_hear_of_it_before_their_deadline_and_it_forgets_the_call(
    run_room: RunRoom, front: Process, client: Any, redis_client: Redis, note: str,
) -> None:
    room = run_room("echo_room")
    wait_for_room(client, "echo", room)
    call = client.front.ask.call_async(method="wait", sending={"note": note, "seconds": A_WHILE}, deadline=LONG)
    wait_until(lambda: redis_client.get(f"begun:{note}") == "1", 30, "the work to begin")
    room.signal(signal.SIGKILL)
    assert call.result()["outcome"] == "outcome_unknown"
    assert client.front.ask(method="say", sending={"text": "?"})["outcome"] == "room_unavailable"

    again = run_room("echo_room")
    wait_for_room(client, "echo", again)
    assert redis_client.get(f"begun:{note}") == "1"


def test_the_calls_of_a_killed_process_are_done_by_another(
    run_room: RunRoom, front: Process, client: Any, redis_client: Redis, amqp_uri: str, note: str,
) -> None:
    first = run_room("echo_room")
    wait_for_room(client, "echo", first)
    call = client.front.ask.call_async(method="wait", sending={"note": note, "seconds": A_WHILE}, deadline=40)
    wait_until(lambda: redis_client.get(f"begun:{note}") == "1", 30, "the work to begin")
    run_room("echo_room")
    wait_until(lambda: processes_at("rpc-echo", amqp_uri) == 2, 30, "the second process")
    first.signal(signal.SIGKILL)
    wait_until(lambda: redis_client.get(f"begun:{note}") == "2", 30, "the second process to begin")
    finish(redis_client, note)

    assert call.result()["outcome"] == "ok"
    assert redis_client.get(f"begun:{note}") == "2"


def processes_at(queue: str, amqp_uri: str) -> int:
    with Connection(amqp_uri) as connection:
        return int(connection.channel().queue_declare(queue, passive=True).consumer_count)


@at_full_size
def test_a_failing_provider_ends_its_process_and_no_other(
    run_room: RunRoom, front: Process, client: Any,
) -> None:
    hooks = ("get_dependency", "worker_setup", "worker_result", "worker_teardown")
    broken = {hook: run_room("broken_room", "-d", f"BREAKS_IN={hook}") for hook in hooks}
    for hook, room in broken.items():
        wait_for_room(client, f"broken_{hook}", room)
        client[f"broken_{hook}"].touch.call_async()
    assert 0 not in [room.exit_code(60) for room in broken.values()]
    assert client.front.ask(method="say")["outcome"] == "room_unavailable"


@at_full_size
def test_an_idle_room_stops_at_once_and_publishes_that_it_leaves(
    run_room: RunRoom, front: Process, client: Any, redis_client: Redis,
) -> None:
    def heard() -> list[dict[str, Any]]:
        return [orjson.loads(words) for words in redis_client.lrange("presence:echo", 0, -1)]

    redis_client.delete("presence:echo")
    room = run_room("echo_room")
    wait_for_room(client, "echo", room)
    room.signal(signal.SIGTERM)
    assert room.exit_code(10) == 0  # sooner than it waits for work

    [last] = wait_until(lambda: [words for words in heard() if words["leaving"]], 30, "its last words")
    assert last["methods"] == ["announce", "fail", "manage", "say", "wait"]
    assert [words for words in heard() if words["instance"] == last["instance"] and not words["leaving"]]
