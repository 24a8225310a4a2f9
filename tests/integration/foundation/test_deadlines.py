"""Every call ends at its deadline, and a room does no work for a call past it."""

from collections.abc import Callable
from typing import Any

import nameko
import pytest
from nameko.exceptions import RpcTimeout
from nameko.standalone.rpc import ClusterRpcClient
from redis import Redis

from testbed.mesh import wait_until
from tests.drivers.processes import Process
from tests.integration.foundation.conftest import RunRoom, wait_for_room
from tests.integration.foundation.echo_room import A_WHILE

at_full_size = pytest.mark.full_size("integration/foundation/test_deadlines.py")

LONG = 25.0  # seconds; a deadline that is not waited for


def test_a_call_is_answered(echo: Process, front: Process, client: Any) -> None:
    told = client.front.ask(method="say", sending={"text": "two for F7"})
    assert told["outcome"] == "ok"
    assert told["answer"] == {"text": "two for F7"}


@at_full_size
def test_more_calls_at_once_than_a_room_has_workers_are_all_answered(echo: Process, client: Any, note: str) -> None:
    under_way = [client.echo.wait.call_async(note=note, seconds=0.2) for _ in range(60)]
    assert [call.result() for call in under_way] == [{}] * 60


def test_a_hanging_room_is_given_up_at_the_deadline_and_never_does_the_work(
    echo: Process, front: Process, client: Any, redis_client: Redis, note: str,
) -> None:
    echo.pause()
    try:
        told = client.front.ask(method="wait", sending={"note": note, "seconds": 0}, deadline=0.7)
    finally:
        echo.go_on()

    assert told["outcome"] == "room_silent"
    assert 0.6 < told["seconds"] < 5  # it was paused for as long as it took
    # The room reads its messages in order: this answer means that the late call was read before.
    assert client.front.ask(method="say", sending={"text": "back"}, deadline=5)["outcome"] == "ok"
    assert redis_client.get(f"begun:{note}") is None


def test_a_call_that_waited_for_a_worker_past_its_deadline_is_not_done(
    run_room: RunRoom, front: Process, client: Any, redis_client: Redis, note: str, echo: Process,
) -> None:
    echo.stop()
    wait_for_room(client, "echo", run_room("echo_room", "--define", "max_workers=2"))
    busy = [client.echo.wait.call_async(note=note, seconds=A_WHILE) for _ in range(2)]
    wait_until(lambda: redis_client.get(f"begun:{note}") == "2", 30, "both workers to be busy")

    told = client.front.ask(method="wait", sending={"note": f"late-{note}", "seconds": 0}, deadline=0.7)
    assert told["outcome"] == "room_silent"
    assert redis_client.get(f"done:{note}") is None  # so that call had no worker yet

    redis_client.set(f"finish:{note}", "1")
    assert [call.result() for call in busy] == [{}, {}]
    assert client.echo.wait(note=note, seconds=0) == {}  # workers take calls in order
    assert redis_client.get(f"begun:late-{note}") is None


def test_a_slow_room_is_given_up_at_the_deadline(
    echo: Process, front: Process, client: Any, redis_client: Redis, note: str,
) -> None:
    told = client.front.ask(method="wait", sending={"note": note, "seconds": A_WHILE}, deadline=0.5)
    redis_client.set(f"finish:{note}", "1")
    assert told["outcome"] == "room_silent"
    assert told["seconds"] < 5


def test_a_stopped_room_is_unavailable_at_once(
    run_room: RunRoom, front: Process, client: Any, echo: Process,
) -> None:
    echo.stop()
    told = client.front.ask(method="say", sending={"text": "anyone?"}, deadline=LONG)
    assert told["outcome"] == "room_unavailable"
    assert told["seconds"] < 5


def test_a_room_that_never_was_is_unavailable_at_once(front: Process, client: Any) -> None:
    told = client.front.ask(room="nowhere", method="say", deadline=LONG)
    assert (told["outcome"], told["about"]) == ("room_unavailable", {"room": "nowhere"})
    assert told["seconds"] < 5


@at_full_size
def test_unanswered_calls_do_not_confuse_the_next_call(echo: Process, front: Process, client: Any) -> None:
    """They share connections, on which the broker's answers to either come back."""
    rooms = ["nowhere", "echo", "nowhere", "nowhere", "echo", "echo"] * 5
    told = [client.front.ask(room=room, method="say", sending={"text": "hello"})["outcome"] for room in rooms]
    assert told == [{"nowhere": "room_unavailable", "echo": "ok"}[room] for room in rooms]


def test_no_reply_is_awaited_for_ever(echo: Process, front: Process, client: Any, note: str) -> None:
    for _ in range(5):
        client.front.ask(room="nowhere", method="say")
        client.front.ask(method="wait", sending={"note": note, "seconds": 0.3}, deadline=0.1)
    assert client.front.ask(method="say", sending={"text": "still here"})["pending"] == 0


@at_full_size
def test_stock_nameko_waits_for_a_stopped_room_and_runs_the_work_long_after(
    run_stock_room: Callable[[], Process], amqp_uri: str, redis_client: Redis, note: str,
) -> None:
    with nameko.config.patch({"AMQP_URI": amqp_uri}, clear=True), ClusterRpcClient(timeout=1) as client:
        first = run_stock_room()
        wait_for_room(client, "stock_echo", first)
        first.stop()
        with pytest.raises(RpcTimeout):
            client.stock_echo.wait(note=note, seconds=0)
        assert redis_client.get(f"begun:{note}") is None

    run_stock_room()
    wait_until(lambda: redis_client.get(f"done:{note}") == "1", 60, "the work nobody waits for")
