"""The responses while a part of the mesh is down, and how soon the mesh recovers."""

import signal
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

import pytest
import requests

from testbed.mesh import Mesh, wait_until
from tests.drivers.raw_connection import get, raw_connection
from tests.integration.gateway.lone_gateway import lone_gateway
from tests.sizes import Size

at_full_size = pytest.mark.full_size(
    "integration/gateway/test_outages.py", "integration/campaign/test_faults_while_selling.py")

CROWD = 10


def outcome(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json().get("code", "ok") if response.content else "ok"


def ready(mesh: Mesh) -> dict[str, object]:
    response = requests.get(mesh.url + "/ready", timeout=10)
    body: dict[str, object] = response.json()
    assert (response.status_code == 200) == body["ready"]
    return body


def uncached_read(mesh: Mesh) -> requests.Response:
    """A read that no cache can answer."""
    return mesh.get("/film/get_info_list", title=f"nothing {time.monotonic_ns()}")


def is_stopped(thread: Path) -> bool:
    return (thread / "stat").read_text().rpartition(")")[2].split()[0] == "T"


def circuit(mesh: Mesh, room: str) -> str:
    """The state of the gateway's circuit to a room."""
    return str(requests.get(mesh.url + "/services", timeout=10).json()["circuits"]["gateway"][room])


@contextmanager
def stuck(mesh: Mesh, program: str) -> Iterator[None]:
    """Within, the program is paused, even if the mesh is not ready afterwards."""
    pid = mesh.pid(program)
    mesh.kill(program, signal.SIGSTOP)
    try:
        wait_until(lambda: all(is_stopped(thread) for thread in Path(f"/proc/{pid}/task").iterdir()), 30,
                   "all its threads")
        yield
    finally:
        mesh.kill(program, signal.SIGCONT)


@pytest.fixture(autouse=True)
def ready_mesh(mesh: Mesh) -> Iterator[None]:
    mesh.wait_ready()
    yield
    mesh.wait_ready()


def test_a_stopped_room_is_a_503_at_once(mesh: Mesh) -> None:
    buyer = mesh.buyer()
    mesh.get("/order/get_list", buyer)
    with mesh.without("order"):
        for _ in range(3):
            started = time.monotonic()
            response = mesh.get("/order/get_list", buyer)
            assert outcome(response) == (503, "room_unavailable")
            assert response.headers["Retry-After"]
            assert time.monotonic() - started < 4, "nobody waits for the deadline of a call"
        assert ready(mesh)["rooms"]["order"] is False  # type: ignore[index]
        assert ready(mesh)["selling"] is False
        assert uncached_read(mesh).status_code == 200, "other rooms are called as before"
        assert requests.get(mesh.url + "/health", timeout=10).status_code == 200
    assert mesh.get("/order/get_list", buyer).status_code == 200


def test_without_the_optional_rooms_a_ticket_is_bought(mesh: Mesh, size: Size, seed: int) -> None:
    """All of them at full size, else one that chance draws."""
    optional = sorted(ready(mesh)["optional_rooms"])  # type: ignore[call-overload]
    missing = optional if size.matrix else [Random(seed).choice(optional)]
    screening, buyer = mesh.fresh_screening(180), mesh.buyer()
    seat = next(seat for seat, state in mesh.seats(screening).items() if state == "free")
    with mesh.without(*missing):
        order = mesh.post("/order/buy", buyer, screening_id=screening, seats=[seat]).json()["order_id"]
        paid = mesh.post("/order/pay", buyer, order_id=order, method="sandbox")
        found = ready(mesh)
        assert outcome(paid) == (200, "ok"), missing
        assert paid.json()["status"] == "paid"
        assert [room for room, there in found["rooms"].items() if not there] == missing  # type: ignore[attr-defined]
        assert (found["ready"], found["selling"]) == (False, True)


def test_a_hanging_room_is_a_504_at_its_deadline_then_a_503_at_once_and_delays_no_other(mesh: Mesh) -> None:
    buyer = mesh.buyer()
    mesh.get("/order/get_list", buyer)
    with mesh.paused("film"), ThreadPoolExecutor(CROWD) as threads:
        started = time.monotonic()
        waiting = [threads.submit(uncached_read, mesh) for _ in range(CROWD)]
        lists = [mesh.get("/order/get_list", buyer).status_code for _ in range(30)]
        found = {outcome(each.result()) for each in waiting}
        assert (504, "room_silent") in found
        assert found <= {(504, "room_silent"), (503, "outcome_unknown")}, "those that waited when the circuit opened"
        assert 4.5 < time.monotonic() - started < 15
        assert lists == [200] * 30
        assert circuit(mesh, "film") in ("open", "half_open")

        crowd = list(threads.map(lambda _: uncached_read(mesh), range(CROWD)))
        refused = [response for response in crowd if outcome(response) == (503, "circuit_open")]
        assert len(refused) >= CROWD - 1, "a single call may probe the room"
        assert all(1 <= int(response.headers["Retry-After"]) <= 4 for response in refused)
        assert mesh.get("/order/get_list", buyer).status_code == 200
    wait_until(lambda: uncached_read(mesh).status_code == 200, 30, "the next probe")
    assert circuit(mesh, "film") == "closed"


def test_a_killed_room_is_restarted(mesh: Mesh) -> None:
    before = mesh.pid("film")
    mesh.kill("film")
    assert outcome(uncached_read(mesh)) in ((503, "room_unavailable"), (503, "outcome_unknown")), "nobody waits"
    wait_until(lambda: uncached_read(mesh).status_code == 200, 30, "the film room")
    assert mesh.pid("film") != before


@at_full_size
def test_a_killed_gateway_is_restarted(mesh: Mesh) -> None:
    before = mesh.pid("gateway")
    mesh.kill("gateway")
    mesh.wait_ready()
    assert mesh.pid("gateway") != before


def test_without_redis_only_buying_is_refused(mesh: Mesh) -> None:
    name, password = f"ada{time.time_ns()}", "correct horse battery"
    assert mesh.post("/user/register", username=name, password=password).status_code == 200
    token = mesh.post("/user/login", username=name, password=password).json()["token"]
    screening = mesh.fresh_screening(180)
    seats = list(mesh.seats(screening))[:2]
    order = mesh.post("/order/buy", token, screening_id=screening, seats=seats[:1]).json()["order_id"]
    with mesh.without("redis"):
        bought = mesh.post("/order/buy", token, screening_id=screening, seats=seats[1:])
        assert outcome(bought)[0] == 503
        assert ready(mesh)["redis"] is False
        assert mesh.get("/film/get_all_list", page_size=11).json()["films"]
        assert uncached_read(mesh).status_code == 200
        paid = mesh.post("/order/pay", token, order_id=order, method="sandbox")
        assert (paid.status_code, paid.json()["status"]) == (200, "paid")
        refunded = mesh.post("/order/refund", token, order_id=order)
        assert (refunded.status_code, refunded.json()["status"]) == (200, "refunded")
        again = mesh.post("/user/login", username=name, password=password)
        assert again.status_code == 200
        assert mesh.get("/user/get_profile", again.json()["token"]).json()["username"] == name

    def sold_again() -> bool:
        return mesh.post("/order/buy", token, screening_id=screening, seats=seats).status_code == 200

    wait_until(sold_again, 60, "the seats of the screening")


@at_full_size
def test_without_mariadb_calls_are_refused_and_recover(mesh: Mesh) -> None:
    buyer, screening = mesh.buyer(), mesh.fresh_screening(180)
    with mesh.without("mariadb"):
        for _ in range(3):
            for response in (uncached_read(mesh), mesh.post("/order/buy", buyer, screening_id=screening, seats=["A1"]),
                             mesh.get("/order/get_list", buyer),
                             mesh.post("/user/login", username="ada", password="long enough")):
                assert outcome(response)[0] in (503, 504), outcome(response)
                assert "pymysql" not in response.text.lower()
    wait_until(lambda: mesh.get("/order/get_list", buyer).status_code == 200 == uncached_read(mesh).status_code, 60,
               "MariaDB")


def test_while_mariadb_hangs_the_mesh_says_so_and_refuses_at_once(mesh: Mesh) -> None:
    buyer, screening = mesh.buyer(), mesh.fresh_screening(180)
    seats = list(mesh.seats(screening))
    assert "silent_servers" in ready(mesh)
    with ThreadPoolExecutor(CROWD) as threads:
        with stuck(mesh, "mariadb"):
            began = time.monotonic()
            early = [threads.submit(mesh.post, "/order/buy", buyer, str(uuid.uuid4()), screening_id=screening,
                                    seats=[seat]) for seat in seats[:CROWD]]
            wait_until(lambda: ready(mesh)["silent_servers"], 6, "a room to tell of MariaDB")
            known = dict.fromkeys(("film", "order", "payment", "user"), ["mariadb"])
            wait_until(lambda: known.items() <= ready(mesh)["silent_servers"].items(), 10,  # type: ignore[attr-defined]
                       "the other rooms to tell of it")
            for answer in early:
                assert outcome(answer.result())[0] in (503, 504), "whoever had asked before is not kept"
            assert time.monotonic() - began < 10
            for refused in (mesh.get("/order/get_list", buyer), uncached_read(mesh)):
                assert outcome(refused) == (503, "room_unavailable")
                assert refused.elapsed.total_seconds() < 3
        wait_until(lambda: ready(mesh)["ready"], 10, "MariaDB")
    assert mesh.get("/order/get_list", buyer).status_code == 200 == uncached_read(mesh).status_code


@at_full_size
def test_without_rabbitmq_gateways_live_on_and_start_and_are_ready_when_it_is_back(mesh: Mesh, tmp_path: Path) -> None:
    buyer = mesh.buyer()
    assert mesh.get("/order/get_list", buyer).status_code == 200
    pid = mesh.pid("gateway")
    with ExitStack() as stack:
        with mesh.without("rabbitmq"):
            assert outcome(uncached_read(mesh))[0] in (503, 504)
            assert requests.get(mesh.url + "/health", timeout=10).status_code == 200
            assert ready(mesh)["ready"] is False
            late = stack.enter_context(lone_gateway(mesh, tmp_path, path="/health"))
            answer = requests.get(late.url + "/ready", timeout=10)
            assert (answer.status_code, answer.json()["broker"]) == (503, False)
        assert uncached_read(mesh).status_code == 200
        assert mesh.get("/order/get_list", buyer).status_code == 200
        assert mesh.pid("gateway") == pid, "the gateway survived it"
        wait_until(lambda: late.answers("/ready"), 60, "the gateway to serve")


@at_full_size
def test_a_hanging_broker_is_reported(mesh: Mesh, port: int) -> None:
    with stuck(mesh, "rabbitmq"):
        with raw_connection(port) as line:
            started = time.monotonic()
            answer = line.ask(get("/ready"))
            assert answer.status == 503
            assert answer.json["broker"] is False
            assert time.monotonic() - started < 10
        started = time.monotonic()
        assert outcome(uncached_read(mesh))[0] in (503, 504)
        assert time.monotonic() - started < 30
        assert requests.get(mesh.url + "/health", timeout=10).status_code == 200
    wait_until(lambda: uncached_read(mesh).status_code == 200, 30, "the broker")


def test_an_internal_error_is_logged_and_not_shown_to_the_client(mesh: Mesh) -> None:
    mesh.rows("film", "RENAME TABLE film TO film_elsewhere")
    try:
        response = uncached_read(mesh)
    finally:
        mesh.rows("film", "RENAME TABLE film_elsewhere TO film")
    assert outcome(response) == (500, "internal_error")
    assert set(response.json()) == {"type", "title", "status", "code", "request_id", "trace_id"}
    for word in ("film_elsewhere", "SELECT", "sqlalchemy", "Traceback", "marquee_film", "doesn't exist"):
        assert word not in response.text
        assert word not in str(response.headers)
    request_id = response.headers["X-Request-ID"]
    wait_until(lambda: request_id in mesh.log("gateway") and "Traceback" in mesh.log("gateway"), 30, "the log")
    assert uncached_read(mesh).status_code == 200
