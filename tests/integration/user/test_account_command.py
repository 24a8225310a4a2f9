"""The operator's `account` command creates and changes accounts of staff."""

from collections.abc import Callable

import pytest

from testbed.mesh import Mesh, wait_until
from tests.integration.user.conftest import PASSWORD, account, authorize

SignIn = Callable[[str], str]


def roles(mesh: Mesh, token: str) -> list[str] | None:
    reply = authorize(mesh, token)
    return list(reply.json()["roles"]) if reply.status_code == 200 else None


@pytest.mark.parametrize("role", ["cook", "manager@kino-am-kanal", "admin"])
def test_the_command_creates_an_account_with_a_role(mesh: Mesh, name: str, sign_in: SignIn, role: str) -> None:
    made = account(mesh, "create", "--role", role, name)

    assert (made.exit_code, made.stderr) == (0, "")
    assert roles(mesh, sign_in(name)) == [role]


def test_no_account_has_a_role_by_default(mesh: Mesh) -> None:
    # Tests make theirs by the command, as Ada, or write them past it, without a password.
    others = mesh.rows("user", "SELECT username FROM user WHERE roles != '[]' AND username NOT LIKE 'Ada.%' "
                               "AND password_hash != '!'")

    assert others == []


@pytest.mark.parametrize(("words", "line", "reason"), [
    (("create", "--role", "admin", "{ada}"), PASSWORD, "belongs to someone"),
    (("create", "--role", "admin", "{ada}x"), "short", "password"),
    (("create", "--role", "admin", "a b"), PASSWORD, "username"),
    (("grant", "--role", "admin", "{ada}x"), "", "no user"),
    (("revoke", "--role", "admin", "{ada}x"), "", "no user"),
    (("password", "{ada}x"), PASSWORD, "no user"),
])
def test_a_command_that_fails_says_why_in_one_line(mesh: Mesh, ada: str, words: tuple[str, ...], line: str,
                                                   reason: str) -> None:
    done = account(mesh, *(word.format(ada=ada) for word in words), line=line)

    assert done.exit_code == 1
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_role_is_granted_and_revoked_at_once(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    buyer = sign_in(ada)
    assert roles(mesh, buyer) == []

    assert account(mesh, "grant", "--role", "usher@kino-am-kanal", ada).exit_code == 0
    assert roles(mesh, buyer) is None
    staff = sign_in(ada)
    assert roles(mesh, staff) == ["usher@kino-am-kanal"]

    assert account(mesh, "revoke", "--role", "usher@kino-am-kanal", ada).exit_code == 0
    assert roles(mesh, staff) is None
    assert roles(mesh, sign_in(ada)) == []


def test_a_new_password_signs_out_everyone_with_the_old_one(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    token = sign_in(ada)
    assert mesh.get("/user/get_profile", token).status_code == 200

    assert account(mesh, "password", ada, line="another horse").exit_code == 0

    assert roles(mesh, token) is None
    wait_until(lambda: mesh.get("/user/get_profile", token).status_code == 401, 30, "the word to the gateway's cache")
    assert mesh.post("/user/login", username=ada, password=PASSWORD).status_code == 401
    assert mesh.post("/user/login", username=ada, password="another horse").status_code == 200
