"""What a gateway process remembers: answers, never older than they may be, and callers, never after a revocation."""

import datetime as dt
import gzip
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import eventlet
import pytest
from eventlet.event import Event

from gateway import principals as calling
from gateway.caching import response_cache as caching
from gateway.caching.response_cache import Cache, Key
from gateway.http.messages import Reply, Request
from gateway.principals import Callers, permit
from schemas import catalogue, film
from schemas.base import Method, Nothing
from schemas.errors import Forbidden, RoomUnavailable, Unauthenticated
from schemas.user import token_id

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


def asking(**fields: Any) -> Request:
    return Request("GET", "/film/get_hall_info", "r-1", fields=fields)


def key(**fields: Any) -> Key:
    return Cache.key(asking(**fields), film.GET_HALL_INFO)


class Room:
    """Answers when told to, and counts how often it was asked."""

    def __init__(self, *answers: bytes) -> None:
        self.asked, self.answers, self.doors = 0, list(answers), [Event() for _ in answers]

    def __call__(self) -> bytes:
        number, self.asked = self.asked, self.asked + 1
        self.doors[number].wait()
        return self.answers[number]


# --- answers ---


def test_an_answer_is_repeated_while_it_is_fresh_and_not_a_moment_longer(clock: Clock) -> None:
    cache = Cache()
    one = key(screening_id="s1")
    answer = cache.fetch(one, 1.0, lambda: MAP)
    clock.now += 0.99
    assert cache.find(one) is answer
    clock.now += 0.01
    assert cache.find(one) is None


def test_the_time_a_room_took_to_answer_counts_as_age(clock: Clock) -> None:
    cache = Cache()
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
def test_a_hundred_who_ask_the_same_at_once_cost_one_call() -> None:
    cache, room, one = Cache(), Room(MAP), key(screening_id="s1")
    crowd = [eventlet.spawn(cache.fetch, one, 1.0, room) for _ in range(100)]
    eventlet.sleep(0)
    room.doors[0].send()
    assert {answer.wait().body for answer in crowd} == {MAP}
    assert room.asked == 1


@pytest.mark.usefixtures("patient")
def test_what_goes_wrong_is_heard_by_all_who_wait_and_not_remembered() -> None:
    cache, gate, one = Cache(), Event(), key(screening_id="s1")
    crowd = [eventlet.spawn(cache.fetch, one, 1.0, gate.wait) for _ in range(3)]
    eventlet.sleep(0)
    gate.send_exception(RoomUnavailable(room="film"))
    for one_of_them in crowd:
        with pytest.raises(RoomUnavailable):
            one_of_them.wait()
    assert cache.find(one) is None
    assert cache.fetch(one, 1.0, lambda: MAP).body == MAP


@pytest.mark.usefixtures("patient")
def test_an_answer_that_was_under_way_when_a_seat_changed_is_never_kept() -> None:
    cache, room, one = Cache(), Room(b"before", b"after"), key(screening_id="s1")
    before = eventlet.spawn(cache.fetch, one, 1.0, room)
    eventlet.sleep(0)
    cache.forget("s1")
    after = eventlet.spawn(cache.fetch, one, 1.0, room)
    eventlet.sleep(0)
    assert room.asked == 2, "who asks after the change must not be given the answer from before"
    room.doors[1].send()
    assert after.wait().body == b"after"
    room.doors[0].send()
    assert before.wait().body == b"before"
    kept = cache.find(one)
    assert kept
    assert kept.body == b"after"


def test_a_change_touches_the_screening_it_is_about_and_no_other(clock: Clock) -> None:
    cache = Cache()
    for name in ("s1", "s2"):
        cache.fetch(key(screening_id=name), 1.0, lambda: MAP)
    cache.forget("s1")
    cache.forget("never heard of")
    assert cache.find(key(screening_id="s1")) is None
    assert cache.find(key(screening_id="s2"))


def test_the_same_question_in_another_order_is_the_same_question() -> None:
    assert key(screening_id="s1", a=1) == key(a=1, screening_id="s1")
    assert key(screening_id="s1") != key(screening_id="s2")
    assert key(page="1") != key(page=1)
    assert Cache.key(asking(), film.GET_ALL_LIST) != Cache.key(asking(), film.GET_INFO_LIST)


@pytest.mark.parametrize("odd", [None, 7, ["s1"], {"screening_id": "s1"}, True])
def test_a_screening_that_is_no_text_is_a_question_like_any_other(odd: Any) -> None:
    cache = Cache()
    assert cache.fetch(key(screening_id=odd), 1.0, lambda: MAP).body == MAP
    cache.forget("s1")


def test_memory_is_bounded_in_bytes_and_the_longest_unused_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "BYTES_AT_MOST", 100_000)
    cache = Cache()
    for number in range(200):
        cache.fetch(key(screening_id=f"s{number}"), 60.0, lambda: MAP)
        assert cache.find(key(screening_id="s0")), "it was used all the time"
    left = [number for number in range(200) if cache.find(key(screening_id=f"s{number}"))]
    assert len(left) <= 100_000 / len(MAP)
    assert 199 in left
    assert 1 not in left


def test_strangers_who_ask_for_what_is_not_there_leave_nothing_behind() -> None:
    cache = Cache()
    size = {name: len(held) for name, held in vars(cache).items() if hasattr(held, "__len__")}

    def refuse() -> bytes:
        raise film.UnknownScreening()

    for number in range(50):
        with pytest.raises(film.UnknownScreening):
            cache.fetch(key(screening_id=f"s{number}"), 1.0, refuse)
    assert {name: len(held) for name, held in vars(cache).items() if hasattr(held, "__len__")} == size


# --- bodies ---


def sent(reply: Reply) -> dict[str, str]:
    return dict(reply.headers)


def test_who_has_the_answer_already_is_told_so() -> None:
    answer = Cache().fetch(key(screening_id="s1"), 1.0, lambda: MAP)
    first = answer.reply(Request("GET", "/", "r"))
    assert (first.status, first.body) == (200, MAP)
    etag = sent(first)["ETag"]
    assert "must-revalidate" in sent(first)["Cache-Control"]
    for has in (etag, f'"other", {etag}', "*", f"W/{etag}"):
        again = answer.reply(Request("GET", "/", "r", etag=has))
        assert again.status == 304
        assert sent(again)["ETag"] == etag
    assert answer.reply(Request("GET", "/", "r", etag='"other"')).status == 200


def test_another_answer_has_another_etag() -> None:
    cache = Cache()
    tags = set()
    for body in (b"1", b"2", b"3"):
        answer = cache.fetch(key(screening_id=f"s{body!r}"), 1.0, partial(bytes, body))
        tags.add(sent(answer.reply(Request("GET", "/", "r")))["ETag"])
    assert len(tags) == 3


def test_a_long_answer_is_zipped_for_who_takes_that_and_every_cache_is_told() -> None:
    answer = Cache().fetch(key(screening_id="s1"), 1.0, lambda: MAP)
    zipped = answer.reply(Request("GET", "/", "r", gzip=True))
    assert sent(zipped)["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == MAP
    assert sent(zipped)["Vary"] == sent(answer.reply(Request("GET", "/", "r")))["Vary"] == "Accept-Encoding"
    again = answer.reply(Request("GET", "/", "r", gzip=True, etag=sent(zipped)["ETag"]))
    assert again.status == 304
    assert sent(again)["ETag"] == sent(zipped)["ETag"], "or a cache would not know which copy this is about"


def test_a_short_answer_is_not_zipped() -> None:
    answer = Cache().fetch(key(screening_id="s1"), 1.0, lambda: b"{}")
    assert "Content-Encoding" not in sent(answer.reply(Request("GET", "/", "r", gzip=True)))


# --- callers ---

HOLDER = {"user_id": "u1", "username": "ada", "roles": ["staff"], "expires_at": "2030-01-01T00:00:00Z"}


class UserRoom:
    """Answers who a token's owner is, when told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.door: Event | None = None
        self.refuses = False

    def __call__(self, token: str) -> dict[str, Any]:
        self.asked.append(token)
        refuses = self.refuses
        if self.door:
            self.door.wait()
        if refuses:
            raise Unauthenticated()
        return dict(HOLDER)


def test_no_token_is_refused_without_asking_anyone() -> None:
    room = UserRoom()
    with pytest.raises(Unauthenticated):
        Callers(5).of(None, room)
    assert not room.asked


def test_a_caller_is_known_without_the_token_itself_and_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    callers, room = Callers(5), UserRoom()
    caller = callers.of("secret", room)
    assert caller == {**HOLDER, "token_id": token_id("secret")}
    assert callers.of("secret", room) == caller
    assert room.asked == ["secret"]
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 5.01)
    callers.of("secret", room)
    assert room.asked == ["secret", "secret"]


def test_a_token_is_not_remembered_beyond_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)).isoformat()
    callers, asked = Callers(5), []

    def room(token: str) -> dict[str, Any]:
        asked.append(token)
        return {**HOLDER, "expires_at": soon}

    callers.of("secret", room)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 1.5)
    callers.of("secret", room)
    assert len(asked) == 2


@pytest.mark.usefixtures("patient")
def test_twenty_calls_with_one_token_cost_one_lookup() -> None:
    callers, room = Callers(5), UserRoom()
    room.door = Event()
    crowd = [eventlet.spawn(callers.of, "secret", room) for _ in range(20)]
    eventlet.sleep(0)
    room.door.send()
    assert all(one.wait()["user_id"] == "u1" for one in crowd)
    assert len(room.asked) == 1


def test_who_is_refused_is_asked_about_again_next_time() -> None:
    callers, room = Callers(5), UserRoom()
    room.refuses = True
    with pytest.raises(Unauthenticated):
        callers.of("secret", room)
    room.refuses = False
    assert callers.of("secret", room)


def test_a_revoked_token_is_not_remembered() -> None:
    callers, room = Callers(5), UserRoom()
    callers.of("secret", room)
    callers.of("other", room)
    room.refuses = True
    callers.forget(token_id("secret"))
    with pytest.raises(Unauthenticated):
        callers.of("secret", room)
    assert callers.of("other", room), "another token of the same user is good still"


@pytest.mark.usefixtures("patient")
def test_a_token_revoked_while_it_is_being_looked_up_lets_nobody_in() -> None:
    callers, room = Callers(5), UserRoom()
    room.door = Event()
    crowd = [eventlet.spawn(callers.of, "secret", room) for _ in range(3)]
    eventlet.sleep(0)
    room.refuses = True
    callers.forget(token_id("secret"))
    room.door.send()
    for one in crowd:
        with pytest.raises(Unauthenticated):
            one.wait()
    with pytest.raises(Unauthenticated):
        callers.of("secret", room)


def test_only_so_many_callers_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "REMEMBERED_AT_MOST", 10)
    callers, room = Callers(5), UserRoom()
    for number in range(50):
        callers.of(f"token{number}", room)
        callers.forget(f"revoked{number}")
    assert all(len(held) <= 10 for held in vars(callers).values() if hasattr(held, "__len__"))
    callers.of("token49", room)
    assert len(room.asked) == 50


@pytest.mark.parametrize(("access", "roles", "may"), [
    ("buyer", [], True), ("buyer", ["staff"], True), ("staff", [], False), ("staff", ["staff"], True),
    ("staff", ["admin"], True), ("admin", ["staff"], False), ("admin", ["admin"], True), ("admin", [], False),
])
def test_a_method_is_for_those_with_its_role(access: Any, roles: list[str], may: bool) -> None:
    method = Method("kitchen", "cook", Nothing, Nothing, access, "Cook.")
    caller = {"user_id": "u1", "roles": roles}
    if may:
        permit(method, caller)
    else:
        with pytest.raises(Forbidden):
            permit(method, caller)


def test_what_is_remembered_of_answers_is_public() -> None:
    """One buyer's answer must never reach another."""
    for method in catalogue.methods().values():
        assert not method.fresh_for or (method.access == "public" and method.room == "film")
