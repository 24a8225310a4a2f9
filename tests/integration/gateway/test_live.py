"""A seat that anyone takes, holds or frees changes in every map that is open."""

import itertools
import signal
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from nameko.standalone.events import event_dispatcher

from testbed.mesh import Mesh, wait_until
from tests.integration.gateway.listening import listening
from tests.integration.gateway.lone_gateway import lone_gateway
from tests.integration.gateway.wire import get


@pytest.fixture
def hall(mesh: Mesh) -> str:
    return mesh.fresh_screening(180)


def hold(mesh: Mesh, hall: str, seconds: float, *seats: str) -> None:
    """A hold on the board that ends by itself, and that nobody announces."""
    until = round((time.time() + seconds) * 1000)
    for seat in seats:
        mesh.redis.hset(f"seats:{{{hall}}}", seat, f"H|none|{until}|0")
    mesh.redis.hincrby(f"seats:{{{hall}}}", "_version", 1)


def test_who_looks_on_sees_a_seat_held_sold_and_free_again(mesh: Mesh, hall: str) -> None:
    buyer, seat = mesh.buyer(), list(mesh.seats(hall))[0]
    with listening(mesh.url, hall) as listener:
        wait_until(lambda: listener.events, 2, "the map")
        assert listener.events[0][0] == "seats"
        assert listener.events[0][2]["seats"] == []
        order = mesh.post("/order/buy", buyer, screening_id=hall, seats=[seat]).json()["order_id"]
        listener.sees(1, **{seat: "held"})
        mesh.post("/order/pay", buyer, order_id=order, method="sandbox")
        listener.sees(1, **{seat: "sold"})
        mesh.post("/order/refund", buyer, order_id=order)
        listener.sees(1, **{seat: "free"})
        assert {event[0] for event in listener.events[1:]} == {"change"}
        versions = [event[2]["version"] for event in listener.events]
        assert versions == sorted(set(versions))
        assert all(name.startswith(f"{data['version']}-") for _, name, data in listener.events)


def test_a_hold_that_ends_by_time_is_seen_though_nobody_announces_it(mesh: Mesh, hall: str) -> None:
    seat = list(mesh.seats(hall))[0]
    with listening(mesh.url, hall) as listener:
        hold(mesh, hall, 2.5, seat)
        over = time.monotonic() + 2.5
        listener.sees(**{seat: "held"})
        listener.sees(5, **{seat: "free"})
        assert time.monotonic() - over < 2
        assert len({data["version"] for _, _, data in listener.events[-2:]}) == 1


def test_who_comes_back_hears_only_what_was_missed(mesh: Mesh, hall: str) -> None:
    first, second, third = list(mesh.seats(hall))[:3]
    with listening(mesh.url, hall) as witness:
        with listening(mesh.url, hall) as listener:
            hold(mesh, hall, 60, first)
            listener.sees(**{first: "held"})
            last = listener.events[-1][1]
        hold(mesh, hall, 60, second, third)
        witness.sees(**{second: "held", third: "held"})
        with listening(mesh.url, hall, last) as listener:
            listener.sees(**{second: "held", third: "held"})
            assert listener.seats == {second: "held", third: "held"}
            assert [event[0] for event in listener.events] == ["change"]
            assert listener.events[-1][1] == witness.events[-1][1]
        with listening(mesh.url, hall, "12345-unheard-of") as listener:
            listener.sees(**{first: "held", second: "held", third: "held"})
            assert [event[0] for event in listener.events] == ["seats"]


def test_a_screening_that_does_not_exist_is_a_404(mesh: Mesh) -> None:
    for screening, code in (("nothing", "unknown_screening"), ("no%20id", "unknown_path"), ("", "unknown_path")):
        answer = mesh.get(f"/live/{screening}")
        assert (answer.status_code, answer.json()["code"]) == (404, code)
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_stream_is_only_read(mesh: Mesh, hall: str) -> None:
    answer = mesh.post(f"/live/{hall}")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


def test_a_stream_lives_through_a_film_room_that_is_away(mesh: Mesh, hall: str) -> None:
    seat = list(mesh.seats(hall))[0]
    with listening(mesh.url, hall) as listener:
        wait_until(lambda: listener.events, 2, "the map")
        with mesh.without("film"):
            wait_until(lambda: not listener.fresh, 10, "a word that the map may be out of date")
        wait_until(lambda: listener.fresh, 5, "a word that it is no longer")
        hold(mesh, hall, 60, seat)
        listener.sees(5, **{seat: "held"})
        assert listener.ended_at is None


def test_a_reader_who_takes_nothing_is_let_go_and_makes_room_for_another(mesh: Mesh, hall: str, tmp_path: Path) -> None:
    seats = list(mesh.seats(hall))
    with lone_gateway(mesh, tmp_path, ("stream_limit: 1000 ", "stream_limit: 1 ")) as gateway, socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        deaf.connect(("127.0.0.1", gateway.port))
        deaf.sendall(get(f"/live/{hall}"))
        wait_until(lambda: f"GET /live/{hall}" in gateway.log, 5, "the stream")
        refused = requests.get(f"{gateway.url}/live/{hall}", timeout=5)
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        dispatch, changes = event_dispatcher(uri=mesh.settings["AMQP_URI"], serializer="json"), itertools.count()

        def let_in() -> bool:
            hold(mesh, hall, 60 if next(changes) % 2 else 0, *seats)
            dispatch("order", "seats_changed", [hall])
            with requests.get(f"{gateway.url}/live/{hall}", timeout=5, stream=True) as answer:
                return answer.status_code == 200

        wait_until(let_in, 15, "room for another")
        assert "Traceback" not in gateway.log


def test_whoever_leaves_makes_room(mesh: Mesh, hall: str, tmp_path: Path) -> None:
    seat, changes = list(mesh.seats(hall))[0], itertools.count(1)
    with lone_gateway(mesh, tmp_path, ("stream_limit: 1000 ", "stream_limit: 1 ")) as gateway:
        with listening(gateway.url, hall) as listener:
            wait_until(lambda: listener.events, 2, "the map")

        def let_in() -> bool:
            hold(mesh, hall, 60 * (next(changes) % 2), seat)  # a change tells the gateway that nobody is there any more
            with requests.get(f"{gateway.url}/live/{hall}", timeout=5, stream=True) as answer:
                return answer.status_code == 200

        wait_until(let_in, 10, "room")
        assert "Traceback" not in gateway.log


def test_streams_take_no_place_from_calls(mesh: Mesh, hall: str, tmp_path: Path) -> None:
    with lone_gateway(mesh, tmp_path, ("call_limit: 1000 ", "call_limit: 3 ")) as gateway, ExitStack() as open_maps:
        for _ in range(20):
            open_maps.enter_context(listening(gateway.url, hall))
        for number in range(20):
            answer = requests.get(f"{gateway.url}/film/get_info_list?title=none{number}", timeout=5)
            assert answer.status_code == 200


def test_told_to_go_a_gateway_ends_its_streams_at_once(mesh: Mesh, hall: str, tmp_path: Path) -> None:
    with lone_gateway(mesh, tmp_path) as gateway, ExitStack() as open_maps:
        listeners = [open_maps.enter_context(listening(gateway.url, hall)) for _ in range(20)]
        wait_until(lambda: all(listener.events for listener in listeners), 5, "the maps")
        gateway.process.send_signal(signal.SIGTERM)
        told = time.monotonic()
        wait_until(lambda: all(listener.ended_at for listener in listeners), 5, "the end")
        assert max(listener.ended_at or 0 for listener in listeners) - told < 1
        gateway.process.wait(10)
        assert gateway.process.returncode == 0
        assert "Traceback" not in gateway.log
