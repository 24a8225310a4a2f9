"""Opening an account, signing in, and the profile."""

import time
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from argon2 import PasswordHasher

from services.foundation import migrate
from services.foundation.rpc.calls import Principal
from testbed.mesh import Mesh
from tests.integration.user.conftest import PASSWORD, authorize, user_id_of


def test_an_account_is_opened_and_used(mesh: Mesh, name: str) -> None:
    opened = mesh.post("/user/register", username=name, password=PASSWORD, display_name="Ada", email="ada@example.org",
                       language="zh")
    signed_in = mesh.post("/user/login", username=name, password=PASSWORD).json()
    profile = mesh.get("/user/get_profile", signed_in["token"]).json()

    assert opened.json() == {"user_id": profile["user_id"], "username": name}
    assert profile == signed_in["user"]
    assert (profile["display_name"], profile["email"], profile["roles"]) == ("Ada", "ada@example.org", [])
    assert profile["language"] == "zh"


def test_a_username_belongs_to_one_account_in_every_spelling(mesh: Mesh, ada: str) -> None:
    again = mesh.post("/user/register", username=ada.upper(), password=PASSWORD)
    signed_in = mesh.post("/user/login", username=ada.lower(), password=PASSWORD)

    assert (again.status_code, again.json()["code"]) == (409, "username_taken")
    assert signed_in.json()["user"]["username"] == ada


def test_an_account_is_opened_once_under_one_key(mesh: Mesh, name: str) -> None:
    first, again = (mesh.post("/user/register", key=name, username=name, password=PASSWORD) for _ in range(2))

    assert first.status_code == 200
    assert first.json() == again.json()


def test_a_profile_changes_only_in_the_fields_given(mesh: Mesh, ada: str, sign_in: Callable[[str], str]) -> None:
    token = sign_in(ada)

    named = mesh.post("/user/update_profile", token, display_name="Ada", email="ada@example.org").json()
    spoken = mesh.post("/user/update_profile", token, language="zh").json()
    without_mail = mesh.post("/user/update_profile", token, email=None, language=None).json()

    assert (named["display_name"], named["email"], named["language"]) == ("Ada", "ada@example.org", None)
    assert spoken == {**named, "language": "zh"}
    assert without_mail == {**named, "email": None}
    assert mesh.get("/user/get_profile", token).json() == without_mail


def test_whoever_writes_a_mail_is_told_the_language_of_the_account(mesh: Mesh, room: Any, name: str) -> None:
    email = f"{name}@cinema.example"
    mesh.post("/user/register", username=name, password=PASSWORD, email=email, language="zh")
    user_id = user_id_of(mesh, name)
    told = [room.issue_confirmation(user_id=user_id, number=1)]
    mesh.rows("user", "UPDATE user SET email_confirmed_at = UTC_TIMESTAMP() WHERE user_id = :u", u=user_id)
    told += [room.get_contact(user_id=user_id), room.issue_password_reset(user_id=user_id, number=1)]
    room.principal = Principal(user_id=user_id)
    room.update_profile(email=f"new.{email}")
    told.append(room.get_former_email(user_id=user_id, number=2))

    assert [(each["email"], each["language"]) for each in told] == [(email, "zh")] * 4
    room.update_profile(language=None)
    assert room.get_former_email(user_id=user_id, number=2) == {"email": email, "language": None}
    assert room.get_former_email(user_id=user_id, number=9) == {"email": None}


def test_an_unreachable_address_is_refused_and_others_are_kept_in_one_spelling(
    mesh: Mesh, ada: str, sign_in: Callable[[str], str], name: str,
) -> None:
    token = sign_in(ada)

    refused = [mesh.post("/user/register", username=name + "2", password=PASSWORD, email="ü@example.org"),
               mesh.post("/user/update_profile", token, email="ü@example.org"),
               mesh.post("/user/update_profile", token, email='"a b"@example.org')]
    kept = mesh.post("/user/update_profile", token, email="Ada@XN--BCHER-KVA.example").json()

    assert [(reply.status_code, list(reply.json()["fields"])) for reply in refused] == [(422, ["email"])] * 3
    assert kept["email"] == "Ada@bücher.example"


def test_a_change_repeated_with_its_key_gets_the_answer_of_the_first(mesh: Mesh, ada: str,
                                                                     sign_in: Callable[[str], str]) -> None:
    token = sign_in(ada)

    first = mesh.post("/user/update_profile", token, "change", display_name="Ada")
    mesh.post("/user/update_profile", token, display_name="Countess")
    again = mesh.post("/user/update_profile", token, "change", display_name="Ada")

    assert first.json() == again.json()
    assert mesh.get("/user/get_profile", token).json()["display_name"] == "Countess"


def test_no_user_gives_himself_a_role(mesh: Mesh, ada: str, sign_in: Callable[[str], str]) -> None:
    token = sign_in(ada)

    assert mesh.post("/user/update_profile", token, roles=["admin"]).status_code == 422
    assert mesh.get("/user/get_profile", token).json()["roles"] == []


def test_a_wrong_password_looks_like_an_unknown_user(mesh: Mesh, ada: str) -> None:
    wrong = mesh.post("/user/login", username=ada, password="wrong horse")
    unknown = mesh.post("/user/login", username=ada + "x", password="wrong horse")

    def told(reply: Any) -> dict[str, Any]:
        return {name: value for name, value in reply.json().items() if name not in ("request_id", "trace_id")}

    assert (wrong.status_code, wrong.json()["code"]) == (401, "login_failed")
    assert told(wrong) == told(unknown)


@pytest.mark.parametrize("username", ["Zoë", "李雷", "🎬", "a b", "'; DROP TABLE user; --", "%", "x" * 200])
def test_any_text_for_a_username_is_refused_as_unknown(mesh: Mesh, username: str) -> None:
    assert mesh.post("/user/login", username=username, password=PASSWORD).status_code == 401


def test_a_username_may_be_typed_in_full_width(mesh: Mesh, ada: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in ada)
    assert mesh.post("/user/login", username=wide, password=PASSWORD).json()["user"]["username"] == ada


def test_a_password_is_the_same_on_every_keyboard(mesh: Mesh, name: str) -> None:
    composed = "p\u00e4ssw\u00f6rter"
    decomposed = unicodedata.normalize("NFD", composed)
    assert mesh.post("/user/register", username=name, password=composed).status_code == 200

    assert mesh.post("/user/login", username=name, password=decomposed).status_code == 200


def test_a_hash_made_before_passwords_were_normalized_still_works_and_is_replaced(mesh: Mesh, ada: str) -> None:
    composed = "p\u00e4ssw\u00f6rter"
    decomposed = unicodedata.normalize("NFD", composed)
    mesh.rows("user", "UPDATE user SET password_hash = :h WHERE username = :u", u=ada,
              h=PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1).hash(decomposed))

    signed_in = [mesh.post("/user/login", username=ada, password=typed).status_code
                 for typed in (composed, decomposed, composed)]

    assert signed_in == [401, 200, 200]


def test_a_password_with_invisible_characters_is_refused(mesh: Mesh, name: str) -> None:
    refused = mesh.post("/user/register", username=name, password="horses\u200dand\tmules")
    assert (refused.status_code, list(refused.json()["fields"])) == (422, ["password"])


@pytest.mark.parametrize("almost", ["{} ", " {}", "{}\t", "{}."])
def test_a_username_is_exact_but_for_its_case(mesh: Mesh, ada: str, almost: str) -> None:
    assert mesh.post("/user/login", username=almost.format(ada), password=PASSWORD).status_code == 401


def test_a_wrong_password_takes_as_long_as_an_unknown_user(mesh: Mesh, ada: str) -> None:
    def seconds(username: str) -> float:
        started = time.perf_counter()
        mesh.post("/user/login", username=username, password="wrong horse")
        return time.perf_counter() - started

    tries = [(seconds(ada), seconds(f"{ada}{number}")) for number in range(9)]
    known, unknown = (min(times) for times in zip(*tries, strict=True))   # those that nothing else has slowed down

    assert 0.5 < known / unknown < 2


def test_a_weak_hash_is_replaced_at_the_next_sign_in(mesh: Mesh, ada: str) -> None:
    weak = PasswordHasher(memory_cost=8 * 1024, time_cost=1, parallelism=1).hash(PASSWORD)
    mesh.rows("user", "UPDATE user SET password_hash = :weak WHERE username = :ada", weak=weak, ada=ada)

    for _ in range(2):
        assert mesh.post("/user/login", username=ada, password=PASSWORD).status_code == 200

    [row] = mesh.rows("user", "SELECT password_hash FROM user WHERE username = :ada", ada=ada)
    assert "m=19456,t=2,p=1" in row.password_hash


def test_no_password_or_token_is_in_tables_redis_or_logs(mesh: Mesh, name: str) -> None:
    password = "canary " + name
    mesh.post("/user/register", username=name, password=password)
    token = mesh.post("/user/login", username=name, password=password).json()["token"]
    mesh.post("/user/login", username=password, password=password)
    authorize(mesh, token)
    mesh.post("/user/logout", token)

    tables = [str(mesh.rows("user", f"SELECT * FROM {table}")) for table in ("user", "token", "idempotency_key")]
    kept = [*tables, *mesh.redis.keys(), mesh.log("user"), mesh.log("gateway")]
    for secret in (password, token):
        assert not [place[:200] for place in kept if secret in place]


def test_the_migrations_make_the_tables_of_the_models(settings: None) -> None:
    command.check(migrate.alembic_config("user"))
