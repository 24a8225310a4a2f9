"""A changed password ends every other session at once; nobody changes it without the old one, or unseen."""

from collections.abc import Callable
from typing import Any

import pytest

from schemas.errors import Busy
from services.foundation.database import Transactions
from services.foundation.rpc.calls import Principal
from testbed.mesh import Mesh, wait_until
from tests.drivers.received_emails import received_emails
from tests.integration.user.conftest import PASSWORD, Interrupted, authorize, user_id_of

SignIn = Callable[[str], str]
NEW = "a better horse"


def change(mesh: Mesh, token: str, old: str = PASSWORD, new: str = NEW) -> Any:
    return mesh.post("/user/change_password", token, old_password=old, new_password=new)


def login(mesh: Mesh, name: str, password: str) -> int:
    return int(mesh.post("/user/login", username=name, password=password).status_code)


def test_a_changed_password_ends_every_other_session_at_once(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    here, there = sign_in(ada), sign_in(ada)
    assert authorize(mesh, there).status_code == 200

    assert change(mesh, here).json() == {}

    assert [authorize(mesh, token).status_code for token in (here, there)] == [200, 401]
    assert [login(mesh, ada, password) for password in (PASSWORD, NEW)] == [401, 200]


def test_a_repeated_change_is_done_once(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    here = sign_in(ada)
    assert change(mesh, here).status_code == 200
    later = mesh.post("/user/login", username=ada, password=NEW).json()["token"]

    assert change(mesh, here).status_code == 200

    assert authorize(mesh, later).status_code == 200


def test_a_wrong_old_password_changes_nothing_and_counts_as_an_attempt(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    token, limit = sign_in(ada), mesh.settings["user"]["login_failures"]
    codes = [change(mesh, token, old="wrong horse").json()["code"] for _ in range(limit + 1)]
    assert codes == ["wrong_password"] * limit + ["too_often"]
    assert authorize(mesh, token).status_code == 200


@pytest.mark.parametrize("new", ["short", "tab\tbed horse", ""])
def test_a_bad_new_password_is_named(mesh: Mesh, ada: str, sign_in: SignIn, new: str) -> None:
    refused = change(mesh, sign_in(ada), new=new)
    assert (refused.status_code, list(refused.json()["fields"])) == (422, ["new_password"])
    assert login(mesh, ada, PASSWORD) == 200


def test_of_two_changes_at_once_the_second_has_to_name_the_new_password(
    mesh: Mesh, room: Any, database: Transactions, ada: str, sign_in: SignIn,
) -> None:
    room.principal = Principal(user_id=authorize(mesh, sign_in(ada)).json()["user_id"], username=ada)
    room.database = Interrupted(database, lambda: change(mesh, sign_in(ada), new="the thief's horse"))

    with pytest.raises(Busy):
        room.change_password(old_password=PASSWORD, new_password=NEW)

    assert [login(mesh, ada, password) for password in ("the thief's horse", NEW)] == [200, 401]


def test_another_password_and_another_address_are_one_event_each_and_the_latter_goes_to_the_old_address(
    mesh: Mesh, room: Any, name: str,
) -> None:
    old, new = (f"{each}.{name[-12:]}@cinema.example" for each in ("old", "new"))
    mesh.post("/user/register", username=name, password=PASSWORD, email=old)
    mesh.rows("user", "UPDATE user SET email_confirmed_at = UTC_TIMESTAMP() WHERE username = :n", n=name)
    token, member = mesh.post("/user/login", username=name, password=PASSWORD).json()["token"], user_id_of(mesh, name)
    for _ in range(2):
        assert change(mesh, token).status_code == 200
    assert mesh.post("/user/update_profile", token, email=new).json()["email"] == new

    told = mesh.rows("user", "SELECT type, sequence, body FROM outbox WHERE INSTR(body, :u) AND type IN "
                             "('user.password_changed', 'user.email_changed') ORDER BY type", u=member)
    assert [row.type for row in told] == ["user.email_changed", "user.password_changed"]
    assert not any(address in str(row.body) for row in told for address in (old, new))
    assert room.get_former_email(user_id=member, number=told[0].sequence)["email"] == old


@pytest.mark.full_size("integration/user/test_password_changes.py", "unit/notification/test_change_recipients.py")
def test_the_holder_is_told_of_another_password_and_of_another_address_at_the_old_one(mesh: Mesh, name: str) -> None:
    old, new = (f"{each}.{name[-12:]}@cinema.example" for each in ("old", "new"))
    mesh.post("/user/register", username=name, password=PASSWORD, email=old)
    mesh.rows("user", "UPDATE user SET email_confirmed_at = UTC_TIMESTAMP() WHERE username = :n", n=name)
    token = mesh.post("/user/login", username=name, password=PASSWORD).json()["token"]

    def notices(address: str) -> list[str]:
        mails = received_emails(mesh.folder / "messages", address)
        return [mail.text for mail in mails if mail.text and "/forgotten" in mail.text]

    for _ in range(2):
        assert change(mesh, token).status_code == 200
    wait_until(lambda: notices(old), 30, "the mail about the password")
    assert mesh.post("/user/update_profile", token, email=new).json()["email"] == new
    told = wait_until(lambda: len(found := notices(old)) > 1 and found, 30, "the mail about the address")

    assert sorted("password" in text.split("If that was you")[0] for text in told) == [False, True]
    assert notices(new) == []
    member, rows = user_id_of(mesh, name), "SELECT email FROM former_email WHERE user_id = :m"
    assert [row.email for row in mesh.rows("user", rows, m=member)] == [old]
    assert mesh.post("/user/close_account", token, password=NEW).status_code == 200
    assert mesh.rows("user", rows, m=member) == []
