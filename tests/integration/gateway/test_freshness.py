"""Cached maps are never older than a second, and cached tokens end at once when they are revoked."""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest

from testbed.mesh import Mesh, wait_until
from tests.integration.gateway.conftest import LogLines
from tests.integration.gateway.lone_gateway import lone_gateway

TRIES = 10


def in_one_try(seconds: float, tries: Iterable[float]) -> bool:
    """A busy machine makes some tries slow, a broken rule makes all of them slow."""
    return any(took < seconds for took in islice(tries, TRIES))


@pytest.fixture
def hall(mesh: Mesh) -> str:
    return mesh.fresh_screening(180)


def test_a_client_that_has_the_map_gets_304(mesh: Mesh, hall: str) -> None:
    first = mesh.get("/film/get_hall_info", screening_id=hall)
    again = mesh.http.get(mesh.url + "/film/get_hall_info", params={"screening_id": hall}, timeout=10,
                          headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_map_is_zipped_for_clients_that_take_gzip(mesh: Mesh, hall: str) -> None:
    plain = mesh.http.get(mesh.url + "/film/get_hall_info", params={"screening_id": hall}, timeout=10,
                          headers={"Accept-Encoding": "identity"})
    zipped = mesh.http.get(mesh.url + "/film/get_hall_info", params={"screening_id": hall}, timeout=10,
                           headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert int(zipped.headers["Content-Length"]) < len(plain.content) / 3
    assert zipped.json()["chart"] == plain.json()["chart"]


def test_maps_in_demand_are_sent_from_memory(mesh: Mesh, hall: str, log_lines: LogLines) -> None:
    answers = [mesh.get("/film/get_hall_info", screening_id=hall) for _ in range(20)]
    cached = [log_lines("gateway", answer.headers["X-Request-ID"])[0]["cached"] for answer in answers]
    assert cached.count(True) >= 15


def test_a_buyer_sees_changes_of_the_own_seats_at_once(mesh: Mesh, hall: str) -> None:
    buyer = mesh.buyer()
    seats = list(mesh.seats(hall))
    for seat in seats[:5]:
        assert mesh.seats(hall)[seat] == "free"
        order = mesh.post("/order/buy", buyer, screening_id=hall, seats=[seat]).json()["order_id"]
        assert mesh.seats(hall)[seat] == "held"
        mesh.post("/order/cancel", buyer, order_id=order)
        assert mesh.seats(hall)[seat] == "free"
    order = mesh.post("/order/buy", buyer, screening_id=hall, seats=seats[:1]).json()["order_id"]
    mesh.post("/order/pay", buyer, order_id=order, method="sandbox")
    assert mesh.seats(hall)[seats[0]] == "sold"
    mesh.post("/order/refund", buyer, order_id=order)
    assert mesh.seats(hall)[seats[0]] == "free"


def test_a_map_is_never_older_than_a_second_even_without_an_announcement(mesh: Mesh, hall: str) -> None:
    def seconds_until_seen(seat: str) -> float:
        mesh.seats(hall)
        deadline = round(time.time() * 1000) + 60_000
        mesh.redis.hset(f"seats:{{{hall}}}", seat, f"H|none|{deadline}|{deadline}")  # as of an order being written
        changed = time.monotonic()
        mesh.redis.hincrby(f"seats:{{{hall}}}", "_version", 1)
        try:
            with suppress(AssertionError):   # the order room has built the board anew meanwhile
                wait_until(lambda: mesh.seats(hall)[seat] == "held", 5, "the change")
            return time.monotonic() - changed
        finally:
            mesh.redis.hdel(f"seats:{{{hall}}}", seat)

    assert in_one_try(1.3, map(seconds_until_seen, mesh.seats(hall)))


def test_a_token_is_refused_as_soon_as_logging_out_has_returned(mesh: Mesh) -> None:
    for _ in range(3):
        buyer = mesh.buyer()
        assert mesh.get("/order/get_list", buyer).status_code == 200
        assert mesh.post("/user/logout", buyer).status_code == 200
        assert mesh.get("/order/get_list", buyer).status_code == 401
        asked = mesh.http.post(mesh.url + "/user/authorize", json={"token": buyer}, timeout=10)
        assert asked.status_code == 401
        assert mesh.post("/user/logout", buyer).status_code == 401


@pytest.mark.full_size("unit/gateway/test_announcements.py", "integration/user/test_sessions.py")
def test_a_change_at_one_gateway_is_seen_at_another_within_a_second(mesh: Mesh, hall: str, tmp_path: Path) -> None:
    with lone_gateway(mesh, tmp_path) as other:
        def elsewhere(path: str, **query: str) -> "tuple[int, dict[str, object]]":
            answer = mesh.http.get(other.url + path, params=query, timeout=10,
                                   headers={"Authorization": f"Bearer {query.pop('token', '')}"})
            return answer.status_code, answer.json()

        def until_held() -> Iterator[float]:
            for buyer, seat in zip(mesh.buyers(TRIES), mesh.seats(hall), strict=False):
                elsewhere("/film/get_hall_info", screening_id=hall)
                assert mesh.post("/order/buy", buyer, screening_id=hall, seats=[seat]).status_code == 200
                bought, held = time.monotonic(), {"seat_id": seat, "state": "held"}
                wait_until(lambda held=held: held in elsewhere("/film/get_hall_info", screening_id=hall)[1]["seats"],
                           15, "the change at the other gateway")
                yield time.monotonic() - bought

        def until_ended() -> Iterator[float]:
            for buyer in mesh.buyers(TRIES):
                assert elsewhere("/order/get_list", token=buyer)[0] == 200
                assert mesh.post("/user/logout", buyer).status_code == 200
                ended = time.monotonic()
                wait_until(lambda buyer=buyer: elsewhere("/order/get_list", token=buyer)[0] == 401, 15,
                           "the end of the token")
                yield time.monotonic() - ended

        assert in_one_try(1, until_held())
        assert in_one_try(1, until_ended())
