"""A token signs its holder in until it expires or is revoked, and not a moment longer."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest

from schemas.errors import Unauthenticated
from schemas.user import token_id
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.calls import Principal
from services.user import tokens
from services.user.self_service import sign_in_methods
from testbed.mesh import Mesh, wait_until
from tests.integration.user.conftest import PASSWORD, Interrupted, authorize

SignIn = Callable[[str], str]
IDLE = dt.timedelta(hours=4)


def is_accepted(mesh: Mesh, token: str) -> bool:
    reply = authorize(mesh, token)
    assert reply.status_code in (200, 401), reply.text
    return bool(reply.status_code == 200)


def test_a_token_says_who_its_holder_is(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    before = utc_now()
    holder = authorize(mesh, sign_in(ada)).json()

    assert (holder["username"], holder["roles"]) == (ada, [])
    hours = (dt.datetime.fromisoformat(holder["expires_at"]) - before).total_seconds() / 3600
    assert 11.9 < hours < 12.1


@pytest.mark.parametrize("token", ["nonsense", "a" * 43, "' OR 1=1 --", "töken"])
def test_a_forged_token_is_refused(mesh: Mesh, token: str) -> None:
    assert not is_accepted(mesh, token)


def test_each_sign_in_has_a_token_of_its_own(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    here, there = sign_in(ada), sign_in(ada)
    assert is_accepted(mesh, here)

    mesh.post("/user/logout", here)

    assert not is_accepted(mesh, here)
    assert is_accepted(mesh, there)


def test_signing_out_ends_a_token_everywhere_at_once(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    for _ in range(5):
        token = sign_in(ada)
        assert is_accepted(mesh, token)
        assert mesh.get("/user/get_profile", token).status_code == 200

        assert mesh.post("/user/logout", token).status_code == 200

        assert not is_accepted(mesh, token)
        assert mesh.get("/user/get_profile", token).status_code == 401
        assert mesh.post("/user/logout", token).status_code == 401


def test_signing_out_ends_a_token_at_once_while_many_calls_use_it(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    token, over, signed_out = sign_in(ada), threading.Event(), threading.Event()
    looks: list[tuple[bool, bool]] = []  # whether the token's holder had signed out before, and was let in

    def look() -> None:
        while not over.is_set():
            was_out = signed_out.is_set()
            looks.append((was_out, is_accepted(mesh, token)))

    onlookers = [threading.Thread(target=look) for _ in range(6)]
    for onlooker in onlookers:
        onlooker.start()
    try:
        wait_until(lambda: len(looks) >= 60, what="many looks")
        mesh.post("/user/logout", token)
        signed_out.set()
        wait_until(lambda: sum(was_out for was_out, _ in looks) >= 120, what="many looks afterwards")
    finally:
        over.set()
        for onlooker in onlookers:
            onlooker.join()

    assert (False, True) in looks
    assert (True, True) not in looks


def test_a_reader_that_read_a_token_just_before_it_was_revoked_does_not_cache_it(
    mesh: Mesh, room: Any, database: Transactions, ada: str, sign_in: SignIn,
) -> None:
    token = sign_in(ada)
    user_id = authorize(mesh, token).json()["user_id"]
    mesh.redis.delete(f"token:{token_id(token)}")
    room.principal = Principal(user_id=user_id, token_id=token_id(token))
    slow = Interrupted(database, room.logout)

    tokens.authenticate(mesh.redis, slow, token, utc_now(), IDLE)

    with pytest.raises(Unauthenticated):
        tokens.authenticate(mesh.redis, database, token, utc_now(), IDLE)


def test_a_reader_that_read_a_token_long_ago_does_not_cache_it(mesh: Mesh, database: Transactions, ada: str,
                                                               sign_in: SignIn) -> None:
    token = sign_in(ada)

    tokens.authenticate(mesh.redis, database, token, utc_now() - dt.timedelta(seconds=tokens.CACHE_SECONDS), IDLE)

    assert mesh.redis.get(f"token:{token_id(token)}") is None


def test_a_token_is_cached_for_half_a_minute_at_most(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    token = sign_in(ada)
    assert is_accepted(mesh, token)

    assert 0 < mesh.redis.pttl(f"token:{token_id(token)}") <= 30_000


def test_an_expired_token_is_refused_and_purged(mesh: Mesh, room: Any, ada: str, sign_in: SignIn) -> None:
    token, late = sign_in(ada), utc_now() - dt.timedelta(seconds=1)
    mesh.rows("user", "UPDATE token SET expires_at = :late WHERE token_id = :id", late=late.replace(tzinfo=None),
              id=token_id(token))
    assert not is_accepted(mesh, token)

    room.purge()

    assert not mesh.rows("user", "SELECT * FROM token WHERE token_id = :id", id=token_id(token))


def test_users_stay_signed_in_when_redis_loses_everything(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    token = sign_in(ada)
    assert is_accepted(mesh, token)

    mesh.redis.flushall()

    assert is_accepted(mesh, token)
    assert mesh.get("/user/get_profile", token).status_code == 200


def test_users_sign_in_and_out_without_redis(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    token = sign_in(ada)
    with mesh.without("redis"):
        assert is_accepted(mesh, token)
        mesh.post("/user/logout", token)
        assert not is_accepted(mesh, token)
        assert is_accepted(mesh, sign_in(ada))


def test_a_sign_in_fails_if_the_password_changes_meanwhile(room: Any, mesh: Mesh, ada: str,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    def change_meanwhile(password_hash: str, spelling: str) -> bool:
        mesh.rows("user", "UPDATE user SET password_hash = :new WHERE username = :ada", ada=ada,
                  new=room.passwords.make_hash("another horse"))
        return False

    monkeypatch.setattr(sign_in_methods, "needs_rehash", change_meanwhile)

    with pytest.raises(Unauthenticated, match="login_failed"):
        room.login(username=ada, password=PASSWORD)
