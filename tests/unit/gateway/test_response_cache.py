"""The cache of responses: none is older than it may be, and equal requests at the same time are one call."""

import time
from collections.abc import Iterator
from typing import Any

import eventlet
import pytest
from eventlet.event import Event

from gateway.caches import responses
from gateway.caches.responses import CacheKey, ResponseCache
from gateway.http.messages import Request
from schemas import catalogue, film
from schemas.errors import RoomUnavailable

MAP = b'{"seats":' + b"[1]" * 500 + b"}"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made)
    return made


@pytest.fixture
def patient() -> Iterator[None]:
    with eventlet.Timeout(10):
        yield


def request_for(**fields: Any) -> Request:
    return Request("GET", "/film/get_hall_info", "r-1", fields=fields)


def key(**fields: Any) -> CacheKey:
    return ResponseCache.key(film.GET_HALL_INFO, request_for(**fields))


class Room:
    """Replies when its gates open, and counts its calls."""

    def __init__(self, *bodies: bytes) -> None:
        self.calls, self.bodies, self.gates = 0, list(bodies), [Event() for _ in bodies]

    def __call__(self) -> bytes:
        number, self.calls = self.calls, self.calls + 1
        self.gates[number].wait()
        return self.bodies[number]


def test_a_response_is_repeated_while_it_is_fresh_and_no_longer(clock: Clock) -> None:
    cache = ResponseCache()
    one = key(screening_id="s1")
    answer = cache.fetch(one, 1.0, lambda: MAP)
    clock.now += 0.99
    assert cache.find(one) is answer
    clock.now += 0.01
    assert cache.find(one) is None


def test_the_time_a_room_took_to_answer_counts_as_age(clock: Clock) -> None:
    cache = ResponseCache()
    one = key(screening_id="s1")

    def slow() -> bytes:
        clock.now += 0.7
        return MAP

    cache.fetch(one, 1.0, slow)
    clock.now += 0.29
    assert cache.find(one)
    clock.now += 0.02
    assert cache.find(one) is None


@pytest.mark.usefixtures("patient")
def test_a_hundred_equal_requests_at_once_are_one_call() -> None:
    cache, room, one = ResponseCache(), Room(MAP), key(screening_id="s1")
    crowd = [eventlet.spawn(cache.fetch, one, 1.0, room) for _ in range(100)]
    eventlet.sleep(0)
    room.gates[0].send()
    assert {answer.wait().body for answer in crowd} == {MAP}
    assert room.calls == 1


@pytest.mark.usefixtures("patient")
def test_an_error_reaches_every_waiting_client_and_is_not_cached() -> None:
    cache, gate, one = ResponseCache(), Event(), key(screening_id="s1")
    crowd = [eventlet.spawn(cache.fetch, one, 1.0, gate.wait) for _ in range(3)]
    eventlet.sleep(0)
    gate.send_exception(RoomUnavailable(room="film"))
    for client in crowd:
        with pytest.raises(RoomUnavailable):
            client.wait()
    assert cache.find(one) is None
    assert cache.fetch(one, 1.0, lambda: MAP).body == MAP


@pytest.mark.usefixtures("patient")
def test_a_response_under_way_when_a_seat_changes_is_never_cached() -> None:
    cache, room, one = ResponseCache(), Room(b"before", b"after"), key(screening_id="s1")
    before = eventlet.spawn(cache.fetch, one, 1.0, room)
    eventlet.sleep(0)
    cache.invalidate("s1")
    after = eventlet.spawn(cache.fetch, one, 1.0, room)
    eventlet.sleep(0)
    assert room.calls == 2, "a request after the change must not get the response from before"
    room.gates[1].send()
    assert after.wait().body == b"after"
    room.gates[0].send()
    assert before.wait().body == b"before"
    kept = cache.find(one)
    assert kept
    assert kept.body == b"after"


def test_a_change_invalidates_its_own_screening_and_no_other(clock: Clock) -> None:
    cache = ResponseCache()
    for name in ("s1", "s2"):
        cache.fetch(key(screening_id=name), 1.0, lambda: MAP)
    cache.invalidate("s1")
    cache.invalidate("unknown")
    assert cache.find(key(screening_id="s1")) is None
    assert cache.find(key(screening_id="s2"))


@pytest.mark.parametrize("wish", [{"count": 3}, {"wheelchair": True}, {"prefer": "price"}, {"couple_seats": True}])
def test_seats_are_suggested_from_memory_for_equal_wishes_alone(wish: dict[str, Any]) -> None:
    def suggestion(**fields: Any) -> CacheKey:
        return ResponseCache.key(film.SUGGEST_SEATS, request_for(**fields))

    cache, group = ResponseCache(), {"screening_id": "s1", "count": 2}
    answer = cache.fetch(suggestion(**group), film.SUGGEST_SEATS.fresh_for, lambda: b"A1 A2")
    assert cache.find(suggestion(**group)) is answer
    assert cache.find(suggestion(**group | wish)) is None


def test_a_changed_seat_is_suggested_no_longer_than_the_map_shows_it(clock: Clock) -> None:
    assert film.SUGGEST_SEATS.fresh_for <= film.GET_HALL_INFO.fresh_for
    cache = ResponseCache()
    keys = [ResponseCache.key(method, request_for(screening_id="s1", count=2))
            for method in (film.GET_HALL_INFO, film.SUGGEST_SEATS)]
    for each in keys:
        cache.fetch(each, film.GET_HALL_INFO.fresh_for, lambda: MAP)
    cache.invalidate("s1")
    assert [cache.find(each) for each in keys] == [None, None]


def test_the_order_of_fields_makes_no_other_request() -> None:
    assert key(screening_id="s1", a=1) == key(a=1, screening_id="s1")
    assert key(screening_id="s1") != key(screening_id="s2")
    assert key(page="1") != key(page=1)
    assert ResponseCache.key(film.GET_ALL_LIST, request_for()) != ResponseCache.key(film.GET_INFO_LIST, request_for())


@pytest.mark.parametrize("odd", [None, 7, ["s1"], {"screening_id": "s1"}, True])
def test_a_screening_id_that_is_no_text_is_fetched_like_any_other(odd: Any) -> None:
    cache = ResponseCache()
    assert cache.fetch(key(screening_id=odd), 1.0, lambda: MAP).body == MAP
    cache.invalidate("s1")


def test_the_cache_is_limited_in_bytes_and_drops_the_least_recently_used_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "MAX_BYTES", 100_000)
    cache = ResponseCache()
    for number in range(200):
        cache.fetch(key(screening_id=f"s{number}"), 60.0, lambda: MAP)
        assert cache.find(key(screening_id="s0")), "it was used all the time"
    left = [number for number in range(200) if cache.find(key(screening_id=f"s{number}"))]
    assert len(left) <= 100_000 / len(MAP)
    assert 199 in left
    assert 1 not in left


def test_requests_for_unknown_screenings_leave_nothing_in_the_cache() -> None:
    cache = ResponseCache()
    size = {name: len(held) for name, held in vars(cache).items() if hasattr(held, "__len__")}

    def refuse() -> bytes:
        raise film.UnknownScreening()

    for number in range(50):
        with pytest.raises(film.UnknownScreening):
            cache.fetch(key(screening_id=f"s{number}"), 1.0, refuse)
    assert {name: len(held) for name, held in vars(cache).items() if hasattr(held, "__len__")} == size


def test_only_public_reads_of_films_are_cached() -> None:
    """One buyer's answer must never reach another."""
    for method in catalogue.methods().values():
        assert not method.fresh_for or (method.access == "public" and method.room == "film")
