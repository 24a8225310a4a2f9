"""The cache of principals: a token is looked up once in a while, and never counts after it was revoked."""

import datetime as dt
import time
from collections.abc import Iterator
from typing import Any

import eventlet
import pytest
from eventlet.event import Event

from gateway.caches import principals
from gateway.caches.principals import Principal, PrincipalCache, permit
from gateway.routes.methods import PUBLIC
from schemas.base import Method, Nothing
from schemas.errors import Forbidden, Unauthenticated
from schemas.user import SecondFactorRequired, token_id

AUTHORIZED = {"user_id": "u1", "username": "ada", "roles": ["cook"], "expires_at": "2030-01-01T00:00:00Z",
              "second_factor_required": False}


@pytest.fixture
def patient() -> Iterator[None]:
    with eventlet.Timeout(10):
        yield


class UserRoom:
    """Authorizes tokens once its gate is open, and counts the lookups."""

    def __init__(self) -> None:
        self.lookups: list[str] = []
        self.gate: Event | None = None
        self.refuses = False

    def __call__(self, token: str) -> dict[str, Any]:
        self.lookups.append(token)
        refuses = self.refuses
        if self.gate:
            self.gate.wait()
        if refuses:
            raise Unauthenticated()
        return dict(AUTHORIZED)


def test_a_missing_token_is_refused_without_a_lookup() -> None:
    room = UserRoom()
    with pytest.raises(Unauthenticated):
        PrincipalCache(5).find(None, room)
    assert not room.lookups


def test_a_principal_holds_no_token_and_is_looked_up_once_in_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, room = PrincipalCache(5), UserRoom()
    principal = cache.find("secret", room)
    assert principal == {**AUTHORIZED, "token_id": token_id("secret")}
    assert cache.find("secret", room) == principal
    assert room.lookups == ["secret"]
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 5.01)
    cache.find("secret", room)
    assert room.lookups == ["secret", "secret"]


def test_a_principal_is_not_cached_beyond_the_end_of_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)).isoformat()
    cache, lookups = PrincipalCache(5), []

    def room(token: str) -> dict[str, Any]:
        lookups.append(token)
        return {**AUTHORIZED, "expires_at": soon}

    cache.find("secret", room)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 1.5)
    cache.find("secret", room)
    assert len(lookups) == 2


@pytest.mark.usefixtures("patient")
def test_twenty_calls_with_one_token_cost_one_lookup() -> None:
    cache, room = PrincipalCache(5), UserRoom()
    room.gate = Event()
    clients = [eventlet.spawn(cache.find, "secret", room) for _ in range(20)]
    eventlet.sleep(0)
    room.gate.send()
    assert all(client.wait()["user_id"] == "u1" for client in clients)
    assert len(room.lookups) == 1


def test_a_refused_token_is_looked_up_again_next_time() -> None:
    cache, room = PrincipalCache(5), UserRoom()
    room.refuses = True
    with pytest.raises(Unauthenticated):
        cache.find("secret", room)
    room.refuses = False
    assert cache.find("secret", room)


def test_a_revoked_token_is_looked_up_again() -> None:
    cache, room = PrincipalCache(5), UserRoom()
    cache.find("secret", room)
    cache.find("other", room)
    room.refuses = True
    cache.forget(token_id("secret"))
    with pytest.raises(Unauthenticated):
        cache.find("secret", room)
    assert cache.find("other", room), "another token of the same user is good still"


@pytest.mark.usefixtures("patient")
def test_a_token_revoked_during_its_lookup_is_refused() -> None:
    cache, room = PrincipalCache(5), UserRoom()
    room.gate = Event()
    clients = [eventlet.spawn(cache.find, "secret", room) for _ in range(3)]
    eventlet.sleep(0)
    room.refuses = True
    cache.forget(token_id("secret"))
    room.gate.send()
    for client in clients:
        with pytest.raises(Unauthenticated):
            client.wait()
    with pytest.raises(Unauthenticated):
        cache.find("secret", room)


def test_the_cache_is_limited_to_so_many_principals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(principals, "MAX_PRINCIPALS", 10)
    cache, room = PrincipalCache(5), UserRoom()
    for number in range(50):
        cache.find(f"token{number}", room)
        cache.forget(f"revoked{number}")
    assert all(len(held) <= 10 for held in vars(cache).values() if hasattr(held, "__len__"))
    cache.find("token49", room)
    assert len(room.lookups) == 50


@pytest.mark.parametrize(("access", "roles", "may"), [
    ("buyer", [], True), ("buyer", ["cook"], True), ("staff", [], False), ("staff", ["usher"], True),
    ("staff", ["cook@canal"], True),
    ("staff", ["admin"], True), ("cook", ["usher"], False), ("cook", ["manager@canal"], True),
    ("manager", ["cook", "usher", "cashier"], False), ("manager", ["admin"], True), ("admin", ["manager"], False),
    ("guest", ["guest"], True), ("guest", [], True), ("guest", ["cook"], True), ("buyer", ["guest"], False),
    ("staff", ["guest"], False), ("admin", ["guest"], False),
    ("admin", ["admin"], True), ("admin", [], False), ("staff", ["staff"], False), ("cook", ["cookie"], False),
])
def test_a_method_is_for_principals_with_its_role(access: Any, roles: list[str], may: bool) -> None:
    method = Method("kitchen", "cook", Nothing, Nothing, access, "Cook.")
    principal = principal_with(roles)
    if may:
        permit(method, principal)
    else:
        with pytest.raises(Forbidden):
            permit(method, principal)


@pytest.mark.parametrize("method", [method for method in PUBLIC.values() if method.access != "public"],
                         ids=lambda method: method.path)
def test_a_principal_who_needs_a_second_factor_may_only_set_it_up(method: Method) -> None:
    principal = principal_with(["admin"], second_factor_required=True)
    if method.path in ("/user/get_second_factor", "/user/begin_second_factor", "/user/confirm_second_factor",
                       "/user/get_profile", "/user/logout"):
        permit(method, principal)
    else:
        with pytest.raises(SecondFactorRequired):
            permit(method, principal)


def test_a_user_room_of_the_version_before_requires_no_second_factor() -> None:
    authorized = {name: value for name, value in AUTHORIZED.items() if name != "second_factor_required"}
    principal = PrincipalCache(5).find("secret", lambda token: authorized)
    assert principal["second_factor_required"] is False


def principal_with(roles: list[str], second_factor_required: bool = False) -> Principal:
    return Principal(user_id="u1", username="ada", roles=roles, token_id="t", expires_at="2030-01-01T00:00:00Z",
                     second_factor_required=second_factor_required)
