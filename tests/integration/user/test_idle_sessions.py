"""An account has a bounded number of sessions, and those that nobody uses end."""

import datetime as dt
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.errors import Unauthenticated
from schemas.user import token_id
from services.foundation.database import Transactions, utc_now
from services.user import tokens
from testbed.mesh import Mesh
from tests.integration.user.conftest import PASSWORD, authorize, user_id_of

SignIn = Callable[[str], str]
IDLE, AT_MOST = dt.timedelta(hours=4), 20


def fill(mesh: Mesh, user_id: str, sessions: int, used_at: dt.datetime) -> None:
    """Give the account sessions that were last used then."""
    for _ in range(sessions):
        mesh.rows("user", "INSERT INTO token (token_id, user_id, issued_at, expires_at, used_at) "
                          "VALUES (:t, :u, :used - INTERVAL 1 HOUR, :used + INTERVAL 11 HOUR, :used)",
                  t=secrets.token_hex(32), u=user_id, used=used_at.replace(tzinfo=None))


def sessions_of(mesh: Mesh, user_id: str) -> int:
    return len(mesh.rows("user", "SELECT 1 FROM token WHERE user_id = :u", u=user_id))


def use(mesh: Mesh, token: str, used_at: dt.datetime) -> None:
    """Let the token have been used then, and cached nowhere."""
    mesh.rows("user", "UPDATE token SET used_at = :used, issued_at = :used WHERE token_id = :t", t=token_id(token),
              used=used_at.replace(tzinfo=None))
    mesh.redis.delete(f"token:{token_id(token)}")


def test_one_session_too_many_ends_the_one_that_was_not_used_for_longest(mesh: Mesh, ada: str,
                                                                         sign_in: SignIn) -> None:
    user_id, now = user_id_of(mesh, ada), utc_now()
    longest, longer = sign_in(ada), sign_in(ada)
    assert authorize(mesh, longest).status_code == 200   # and its holder is cached
    fill(mesh, user_id, AT_MOST - 2, now - dt.timedelta(minutes=5))
    mesh.rows("user", "UPDATE token SET used_at = :used WHERE token_id = :t", t=token_id(longest),
              used=(now - dt.timedelta(hours=3)).replace(tzinfo=None))
    use(mesh, longer, now - dt.timedelta(hours=2))

    newest = sign_in(ada)

    assert [authorize(mesh, token).status_code for token in (longest, longer, newest)] == [401, 200, 200]
    assert sessions_of(mesh, user_id) == AT_MOST


def test_many_sign_ins_at_once_leave_no_session_too_many(mesh: Mesh, ada: str) -> None:
    user_id = user_id_of(mesh, ada)
    fill(mesh, user_id, AT_MOST, utc_now())

    with ThreadPoolExecutor(6) as crowd:
        replies = list(crowd.map(lambda _: mesh.post("/user/login", username=ada, password=PASSWORD), range(6)))

    assert {reply.status_code for reply in replies} == {200}
    assert sessions_of(mesh, user_id) == AT_MOST


def test_a_session_that_nobody_uses_ends_and_one_in_use_goes_on(mesh: Mesh, database: Transactions, ada: str,
                                                               sign_in: SignIn) -> None:
    token, now = sign_in(ada), utc_now()
    use(mesh, token, now - dt.timedelta(hours=3))
    holder = tokens.authenticate(mesh.redis, database, token, now, IDLE)
    mesh.redis.delete(f"token:{token_id(token)}")

    later = now + dt.timedelta(hours=3)

    assert tokens.authenticate(mesh.redis, database, token, later, IDLE) == holder
    mesh.redis.delete(f"token:{token_id(token)}")
    with pytest.raises(Unauthenticated):
        tokens.authenticate(mesh.redis, database, token, later + IDLE, IDLE)


def test_an_idle_session_is_refused_not_shown_and_purged(mesh: Mesh, room: object, ada: str, sign_in: SignIn) -> None:
    idle, here = sign_in(ada), sign_in(ada)
    use(mesh, idle, utc_now() - IDLE)

    assert authorize(mesh, idle).status_code == 401
    assert [each["session_id"] for each in mesh.get("/user/get_sessions", here).json()["sessions"]] == [token_id(here)]

    room.purge()   # type: ignore[attr-defined]

    assert sessions_of(mesh, user_id_of(mesh, ada)) == 1
