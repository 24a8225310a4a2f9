"""A member sees where the account is signed in, and ends any of these sessions, and nobody else's."""

from collections.abc import Callable
from typing import Any

from schemas.user import token_id
from testbed.mesh import Mesh
from tests.integration.user.conftest import PASSWORD, authorize

SignIn = Callable[[str], str]


def sessions(mesh: Mesh, token: str) -> list[dict[str, Any]]:
    return list(mesh.get("/user/get_sessions", token).json()["sessions"])


def test_a_member_sees_all_sessions_and_which_one_this_is(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    mesh.http.post(mesh.url + "/user/login", json={"username": ada, "password": PASSWORD}, timeout=60,
                   headers={"User-Agent": "Kiosk/1.0 (\xfcber)" + "x" * 300})
    here = sign_in(ada)

    newest, oldest = sessions(mesh, here)

    assert (newest["current"], oldest["current"]) == (True, False)
    assert newest["session_id"] == token_id(here)
    assert oldest["device"].startswith("Kiosk/1.0 (")
    assert len(oldest["device"]) == 200
    assert newest["issued_at"] < newest["expires_at"]


def test_an_ended_session_is_over_at_once(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    here, there = sign_in(ada), sign_in(ada)
    assert authorize(mesh, there).status_code == 200
    assert mesh.get("/user/get_profile", there).status_code == 200

    for _ in range(2):
        assert mesh.post("/user/end_session", here, session_id=token_id(there)).json() == {}

    assert [authorize(mesh, token).status_code for token in (here, there)] == [200, 401]
    assert mesh.get("/user/get_profile", there).status_code == 401
    assert [session["session_id"] for session in sessions(mesh, here)] == [token_id(here)]


def test_nobody_ends_or_sees_the_session_of_another(mesh: Mesh, ada: str, name: str, sign_in: SignIn) -> None:
    mesh.post("/user/register", username="bob" + name, password=PASSWORD)
    hers, his = sign_in(ada), sign_in("bob" + name)

    assert mesh.post("/user/end_session", his, session_id=token_id(hers)).json() == {}

    assert authorize(mesh, hers).status_code == 200
    assert [session["session_id"] for session in sessions(mesh, his)] == [token_id(his)]
    assert mesh.get("/user/get_sessions").status_code == 401
