"""People sign in by a username in any script, or by an e-mail address that they alone have confirmed."""

import secrets
from typing import Any

import pytest

from testbed.mesh import Mesh
from tests.integration.user.conftest import PASSWORD


def register(mesh: Mesh, name: str, **more: Any) -> Any:
    return mesh.post("/user/register", username=name, password=PASSWORD, **more)


def login(mesh: Mesh, name: str) -> Any:
    return mesh.post("/user/login", username=name, password=PASSWORD)


def confirm(mesh: Mesh, name: str) -> None:
    mesh.rows("user", "UPDATE user SET email_confirmed_at = UTC_TIMESTAMP() WHERE username = :n", n=name)


@pytest.mark.parametrize(("name", "otherwise"), [("王伟", "王伟"), ("алёна", "АЛЁНА"), ("straße", "STRASSE")])
def test_a_name_in_any_script_signs_in_in_every_spelling(mesh: Mesh, name: str, otherwise: str) -> None:
    registered = register(mesh, f"{name}.{secrets.randbelow(10**10):010}")
    assert registered.status_code == 200
    kept = registered.json()["username"]
    signed_in = login(mesh, kept.replace(name, otherwise))
    assert signed_in.json()["user"]["username"] == kept
    assert mesh.get("/user/get_profile", signed_in.json()["token"]).json()["username"] == kept


def test_a_name_that_looks_like_a_taken_one_is_taken(mesh: Mesh) -> None:
    latin = "ecxo" + "".join(secrets.choice("aceopxy") for _ in range(12))
    assert register(mesh, latin).status_code == 200
    lookalike = latin.translate(str.maketrans("aceopxy", "\u0430\u0441\u0435\u043e\u0440\u0445\u0443"))
    assert register(mesh, lookalike).json()["code"] == "username_taken"


def test_a_confirmed_address_signs_in_and_an_unconfirmed_one_does_not(mesh: Mesh, name: str) -> None:
    email = f"{name.lower()}@cinema.example"
    register(mesh, name, email=email)
    assert login(mesh, email).json()["code"] == "login_failed"
    confirm(mesh, name)
    for spelling in (email, f" {email.upper()} "):
        assert login(mesh, spelling).json()["user"]["username"] == name
    assert login(mesh, email.replace("a", "ä", 1)).json()["code"] == "login_failed"


def test_an_address_of_two_accounts_names_neither(mesh: Mesh, name: str) -> None:
    email = f"{name.lower()}@cinema.example"
    for each in (name, name + "2"):
        register(mesh, each, email=email)
        confirm(mesh, each)
    assert login(mesh, email).json()["code"] == "login_failed"
    assert login(mesh, name + "2").status_code == 200


def test_attempts_by_address_are_limited(mesh: Mesh, name: str) -> None:
    email = f"{name.lower()}@cinema.example"
    attempts = [mesh.post("/user/login", username=spelling, password="wrong horse").status_code
                for spelling in [email, email.upper()] * 6]
    assert attempts == [401] * 10 + [429] * 2
