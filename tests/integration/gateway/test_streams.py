"""The streams of /live: a seat that changes, changes in every open map."""

import itertools
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from nameko.standalone.events import event_dispatcher

from gateway.http.server import DRAIN_SECONDS
from testbed.mesh import Mesh, wait_until
from tests.drivers.raw_connection import get
from tests.integration.gateway.lone_gateway import LoneGateway, lone_gateway
from tests.integration.gateway.stream_client import streaming

at_full_size = pytest.mark.full_size("integration/gateway/test_streams.py")


@pytest.fixture
def hall(mesh: Mesh) -> Iterator[str]:
    """A screening whose board has none of the holds below any more when the test is over."""
    hall = mesh.fresh_screening(180)
    yield hall
    board = f"seats:{{{hall}}}"
    for seat, mark in mesh.redis.hgetall(board).items():
        if mark.startswith("H|none|"):
            mesh.redis.hdel(board, seat)


def hold(mesh: Mesh, hall: str, seconds: float, *seats: str) -> None:
    """A hold that ends by time, without an announcement.

    The order room takes its order for one being written, also afterwards, and does not repair the board.
    """
    until = round((time.time() + seconds) * 1000)
    written = until + 60_000
    with mesh.redis.pipeline() as board:   # at once, as an order room does it: a gateway may read the board meanwhile
        for seat in seats:
            board.hset(f"seats:{{{hall}}}", seat, f"H|none|{until}|{written}")
        board.hincrby(f"seats:{{{hall}}}", "_version", 1)
        board.execute()


def test_an_open_map_shows_a_seat_held_sold_and_free_again(mesh: Mesh, hall: str) -> None:
    buyer, seat = mesh.buyer(), list(mesh.seats(hall))[0]
    with streaming(mesh.url, hall) as client:
        wait_until(lambda: client.events, 20, "the map")
        assert client.events[0][0] == "seats"
        assert client.events[0][2]["seats"] == []
        order = mesh.post("/order/buy", buyer, screening_id=hall, seats=[seat]).json()["order_id"]
        client.sees(**{seat: "held"})
        mesh.post("/order/pay", buyer, order_id=order, method="sandbox")
        client.sees(**{seat: "sold"})
        mesh.post("/order/refund", buyer, order_id=order)
        client.sees(**{seat: "free"})
        assert {event[0] for event in client.events[1:]} == {"change"}
        versions = [event[2]["version"] for event in client.events]
        assert versions == sorted(set(versions))
        assert all(name.startswith(f"{data['version']}-") for _, name, data in client.events)


def test_a_hold_that_ends_by_time_is_shown_without_an_announcement(mesh: Mesh, hall: str) -> None:
    seat = list(mesh.seats(hall))[0]
    with streaming(mesh.url, hall) as client:
        hold(mesh, hall, 5, seat)
        client.sees(**{seat: "held"})
        client.sees(**{seat: "free"})
        assert len({data["version"] for _, _, data in client.events[-2:]}) == 1


def test_a_client_that_reconnects_gets_only_what_it_missed(mesh: Mesh, hall: str) -> None:
    first, second, third = list(mesh.seats(hall))[:3]
    with streaming(mesh.url, hall) as witness:
        with streaming(mesh.url, hall) as client:
            hold(mesh, hall, 60, first)
            client.sees(**{first: "held"})
            last = client.events[-1][1]
        hold(mesh, hall, 60, second, third)
        witness.sees(**{second: "held", third: "held"})
        with streaming(mesh.url, hall, last) as client:
            client.sees(**{second: "held", third: "held"})
            assert client.seats == {second: "held", third: "held"}
            assert [event[0] for event in client.events] == ["change"]
            assert client.events[-1][1] == witness.events[-1][1]
        with streaming(mesh.url, hall, "12345-unheard-of") as client:
            client.sees(**{first: "held", second: "held", third: "held"})
            assert [event[0] for event in client.events] == ["seats"]


def test_an_unknown_screening_is_a_404(mesh: Mesh) -> None:
    for screening, code in (("nothing", "unknown_screening"), ("no%20id", "unknown_path"), ("", "unknown_path")):
        answer = mesh.get(f"/live/{screening}")
        assert (answer.status_code, answer.json()["code"]) == (404, code)
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_stream_takes_get_alone(mesh: Mesh, hall: str) -> None:
    answer = mesh.post(f"/live/{hall}")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


@at_full_size
def test_a_stream_survives_an_outage_of_the_film_room(mesh: Mesh, hall: str) -> None:
    seat = list(mesh.seats(hall))[0]
    with streaming(mesh.url, hall) as client:
        wait_until(lambda: client.events, 20, "the map")
        with mesh.without("film"):
            wait_until(lambda: not client.fresh, 20, "the event stale")
        wait_until(lambda: client.fresh, 20, "the event fresh")
        hold(mesh, hall, 60, seat)
        client.sees(**{seat: "held"})
        assert client.ended_at is None


@pytest.fixture(scope="module")
def narrow(mesh: Mesh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoneGateway]:
    """A gateway of a single stream."""
    with lone_gateway(mesh, tmp_path_factory.mktemp("narrow"), ("stream_limit: 1000 ", "stream_limit: 1 ")) as gateway:
        yield gateway


@at_full_size
def test_a_client_that_reads_nothing_is_disconnected_for_another(mesh: Mesh, hall: str, narrow: LoneGateway) -> None:
    gateway, seats = narrow, list(mesh.seats(hall))
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        stalled.connect(("127.0.0.1", gateway.port))
        stalled.sendall(get(f"/live/{hall}"))
        wait_until(lambda: f"GET /live/{hall}" in gateway.log, 20, "the stream")
        refused = requests.get(f"{gateway.url}/live/{hall}", timeout=20)
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        dispatch, changes = event_dispatcher(uri=mesh.settings["AMQP_URI"], serializer="json"), itertools.count()

        def is_admitted() -> bool:
            hold(mesh, hall, 60 if next(changes) % 2 else 0, *seats)
            dispatch("order", "seats_changed", [hall])
            with requests.get(f"{gateway.url}/live/{hall}", timeout=20, stream=True) as answer:
                return answer.status_code == 200

        wait_until(is_admitted, 60, "a free stream")
        assert "Traceback" not in gateway.log


def test_a_client_that_leaves_frees_its_stream(mesh: Mesh, hall: str, narrow: LoneGateway) -> None:
    def stream() -> requests.Response:
        """True if it is one."""
        return requests.get(f"{narrow.url}/live/{hall}", timeout=20, stream=True)

    with wait_until(stream, 60, "the stream") as answer:
        lines = answer.iter_lines()    # which ends the stream when nobody has it any more
        assert next(lines)
        assert not stream()
    wait_until(stream, 60, "a free stream").close()
    assert "Traceback" not in narrow.log


@at_full_size
def test_streams_hold_no_workers_and_sigterm_ends_all_at_once(mesh: Mesh, hall: str, tmp_path: Path) -> None:
    with lone_gateway(mesh, tmp_path, ("call_limit: 1000 ", "call_limit: 3 ")) as gateway, ExitStack() as open_maps:
        clients = [open_maps.enter_context(streaming(gateway.url, hall)) for _ in range(20)]
        wait_until(lambda: all(client.events for client in clients), 20, "the maps")
        for number in range(20):
            answer = requests.get(f"{gateway.url}/film/get_info_list?title=none{number}", timeout=20)
            assert answer.status_code == 200
        gateway.process.send_signal(signal.SIGTERM)
        wait_until(lambda: all(client.ended_at for client in clients), DRAIN_SECONDS / 2, "the end")
        gateway.process.wait(20)
        assert gateway.process.returncode == 0
        assert "Traceback" not in gateway.log
