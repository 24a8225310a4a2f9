"""A forgotten password is set anew by a mailed link: once, only by the owner of the confirmed address."""

import secrets
from typing import Any

import pytest

from schemas.errors import TooOften
from schemas.user import token_id
from schemas.user.self_service import PasswordResetOver
from services.foundation.rpc.calls import Principal
from services.user import store
from testbed.mesh import Mesh, wait_until
from tests.drivers.received_emails import received_emails
from tests.integration.user.conftest import PASSWORD, authorize

NEW = "a better horse"


@pytest.fixture
def email() -> str:
    return f"ada.{secrets.token_hex(5)}@cinema.example"


def open_account(mesh: Mesh, name: str, email: str) -> str:
    """A token of a new account with a confirmed address."""
    assert mesh.post("/user/register", username=name, password=PASSWORD, email=email).status_code == 200
    mesh.rows("user", "UPDATE user SET email_confirmed_at = UTC_TIMESTAMP() WHERE username = :n", n=name)
    return str(mesh.post("/user/login", username=name, password=PASSWORD).json()["token"])


def ask(mesh: Mesh, name: str) -> Any:
    return mesh.post("/user/request_password_reset", username=name)


def links(mesh: Mesh, email: str, count: int = 1) -> list[str]:
    """The tokens of the links in at least `count` messages."""
    def tokens() -> list[str]:
        texts = [message.text for message in received_emails(mesh.folder / "messages", email)]
        return [text.partition("/reset#")[2].split()[0] for text in texts if "/reset#" in text]

    return list(wait_until(lambda: len(found := tokens()) >= count and found, 60, f"{count} links"))


def issued(mesh: Mesh, room: Any, name: str) -> str:
    """The token of a link that nobody mails."""
    [account] = mesh.rows("user", "SELECT user_id, email_events FROM user WHERE username = :n", n=name)
    return str(room.issue_password_reset(user_id=account.user_id, number=account.email_events)["token"])


def reset(mesh: Mesh, token: str, password: str = NEW) -> Any:
    fields = {"token": token, "new_password": password}
    return mesh.http.post(mesh.url + "/user/reset_password", json=fields, timeout=60)


def login(mesh: Mesh, name: str, password: str) -> int:
    return int(mesh.post("/user/login", username=name, password=password).status_code)


def asked(mesh: Mesh, name: str) -> int:
    """How many links were requested for the account."""
    return int(mesh.rows("user", "SELECT COUNT(*) FROM outbox JOIN user ON about = user_id WHERE username = :n "
                                 "AND type = 'user.password_reset_requested'", n=name)[0][0])


def places_of(mesh: Mesh, *sought: str) -> list[str]:
    """The tables and logs that hold one of these."""
    tables = (("user", "password_reset"), ("user", "outbox"), ("user", "user"), ("notification", "message"))
    texts = {f"{room}.{table}": str(mesh.rows(room, f"SELECT * FROM {table}")) for room, table in tables}
    texts |= {f"log of {room}": mesh.log(room) for room in ("user", "notification", "gateway")}
    return [place for place, text in texts.items() if any(each in text for each in sought)]


def test_a_link_sets_the_password_once_ends_all_sessions_and_stands_in_no_table_or_log(
    mesh: Mesh, name: str, email: str,
) -> None:
    session = open_account(mesh, name, email)
    assert ask(mesh, name).json() == {}
    [token] = links(mesh, email)

    assert reset(mesh, token).json() == {}

    assert authorize(mesh, session).status_code == 401
    assert [login(mesh, name, password) for password in (PASSWORD, NEW)] == [401, 200]
    assert reset(mesh, token).status_code == 200  # the answer was lost
    assert reset(mesh, token, "a third horse").json()["code"] == "password_reset_over"
    assert login(mesh, name, NEW) == 200
    assert places_of(mesh, token, PASSWORD, NEW) == []
    assert "user.password_reset" in places_of(mesh, token_id(token)), "the control: the link's hash is kept"


def test_the_answer_does_not_tell_whether_there_is_an_account(mesh: Mesh, name: str, email: str) -> None:
    mesh.post("/user/register", username=name, password=PASSWORD, email=email)  # which is not confirmed
    answers = [ask(mesh, each) for each in (name, email, "nobody" + name, "x" + email, "@", "no name")]
    assert {(reply.status_code, reply.text) for reply in answers} == {(200, "{}")}
    assert asked(mesh, name) == 0


@pytest.mark.full_size("unit/user/test_throttle.py", "integration/user/test_password_resets.py")
def test_a_name_is_asked_for_five_times_an_hour_whoever_has_it(mesh: Mesh, name: str, email: str) -> None:
    open_account(mesh, name, email)
    for who in (name, "nobody" + name):
        assert [ask(mesh, who).status_code for _ in range(6)] == [200] * 5 + [429]
    assert ask(mesh, email).status_code == 200
    assert asked(mesh, name) == 5  # that many for the account, by whatever name


def test_too_many_links_are_refused_to_a_name_and_silently_not_mailed_for_an_account(
    mesh: Mesh, room: Any, name: str, email: str,
) -> None:
    user_id = authorize(mesh, open_account(mesh, name, email)).json()["user_id"]
    count = room.reset_throttle.count
    count.side_effect = [TooOften(retry_after=1), None, TooOften(retry_after=1)]
    with pytest.raises(TooOften):
        room.request_password_reset(username=name)
    assert room.request_password_reset(username=email) == {}
    assert [call.args for call in count.mock_calls] == [(name,), (email,), (f"account {user_id}",)]
    assert asked(mesh, name) == 0


def test_an_account_is_found_by_its_address_in_any_spelling(mesh: Mesh, name: str, email: str) -> None:
    open_account(mesh, name, email)
    assert ask(mesh, email.upper()).status_code == 200
    assert asked(mesh, name) == 1
    ask(mesh, email.replace("a", "á", 1))  # which MariaDB takes for the same
    assert asked(mesh, name) == 1


def test_an_expired_a_forged_and_a_withdrawn_link_set_nothing(mesh: Mesh, room: Any, name: str, email: str) -> None:
    session = open_account(mesh, name, email)
    expired, withdrawn = issued(mesh, room, name), issued(mesh, room, name)
    mesh.rows("user", "UPDATE password_reset SET expires_at = UTC_TIMESTAMP() WHERE token_id = :t", t=token_id(expired))
    codes = [reset(mesh, token).json()["code"] for token in (expired, "forged")]
    mesh.post("/user/change_password", session, old_password=PASSWORD, new_password="a second horse")
    codes.append(reset(mesh, withdrawn).json()["code"])

    assert codes == ["password_reset_over"] * 3
    assert [login(mesh, name, password) for password in (NEW, "a second horse")] == [401, 200]


def test_a_link_is_not_mailed_to_an_address_given_later(mesh: Mesh, room: Any, name: str, email: str) -> None:
    user_id = authorize(mesh, open_account(mesh, name, email)).json()["user_id"]
    number = mesh.rows("user", "SELECT email_events FROM user WHERE user_id = :u", u=user_id)[0][0]
    assert room.issue_password_reset(user_id=user_id, number=number)["email"] == email
    room.principal = Principal(user_id=user_id)
    room.update_profile(email="thief." + email)
    mesh.rows("user", "UPDATE user SET email_confirmed_at = UTC_TIMESTAMP() WHERE user_id = :u", u=user_id)

    assert room.issue_password_reset(user_id=user_id, number=number)["email"] == email
    age(mesh, user_id, days=7)

    nothing = {"email": None, "username": None, "token": None}
    assert room.issue_password_reset(user_id=user_id, number=number) == nothing
    assert room.issue_password_reset(user_id="nobody", number=1) == nothing
    kept = mesh.rows("user", "SELECT email FROM password_reset WHERE user_id = :u", u=user_id)
    assert {row.email for row in kept} == {email}


def move(mesh: Mesh, session: str, email: str | None) -> None:
    """Give the account another address, and confirm it."""
    assert mesh.post("/user/update_profile", session, email=email).status_code == 200
    mesh.rows("user", "UPDATE user SET email_confirmed_at = UTC_TIMESTAMP() WHERE email = :e", e=email)


def age(mesh: Mesh, user_id: str, days: int) -> None:
    """Let its former addresses have been replaced so many days earlier."""
    mesh.rows("user", "UPDATE former_email SET replaced_at = replaced_at - INTERVAL :d DAY WHERE user_id = :u",
              d=days, u=user_id)


def recipient(mesh: Mesh, room: Any, user_id: str) -> Any:
    """Where a link that is requested now goes."""
    number = mesh.rows("user", "SELECT email_events FROM user WHERE user_id = :u", u=user_id)[0][0]
    return room.issue_password_reset(user_id=user_id, number=number)["email"]


def test_a_stolen_session_does_not_keep_the_account(mesh: Mesh, name: str, email: str) -> None:
    session, thief = open_account(mesh, name, email), "thief." + email
    move(mesh, session, thief)
    assert [ask(mesh, each).json() for each in (thief, email, name)] == [{}] * 3
    assert asked(mesh, name) == 3
    token = links(mesh, email, 3)[0]
    move(mesh, session, "second." + thief)   # which does not withdraw the link

    assert reset(mesh, token).json() == {}

    assert authorize(mesh, session).status_code == 401
    assert [login(mesh, name, password) for password in (PASSWORD, NEW)] == [401, 200]
    assert not [mail for mail in received_emails(mesh.folder / "messages", thief) if "/reset#" in mail.text]


def test_the_first_address_that_was_replaced_gets_the_links_for_seven_days(
    mesh: Mesh, room: Any, name: str, email: str,
) -> None:
    session, second, third = open_account(mesh, name, email), "second." + email, "third." + email
    user_id = authorize(mesh, session).json()["user_id"]
    move(mesh, session, second)
    age(mesh, user_id, days=6)
    move(mesh, session, third)
    assert recipient(mesh, room, user_id) == email

    age(mesh, user_id, days=1)
    assert recipient(mesh, room, user_id) == third   # never the second, which a thief may have given
    assert (ask(mesh, email).json(), asked(mesh, name)) == ({}, 0)

    move(mesh, session, None)
    assert recipient(mesh, room, user_id) == third
    assert mesh.post("/user/remove", mesh.buyers(1, '["admin"]')[0], user_id=user_id).status_code == 200
    assert recipient(mesh, room, user_id) is None
    assert mesh.rows("user", "SELECT * FROM former_email WHERE user_id = :u", u=user_id) == []


def test_a_member_who_knows_the_password_ends_what_a_former_address_may(
    mesh: Mesh, room: Any, name: str, email: str,
) -> None:
    session, own = open_account(mesh, name, email), "own." + email
    user_id = authorize(mesh, session).json()["user_id"]
    move(mesh, session, own)
    assert recipient(mesh, room, user_id) == email

    fields = {"old_password": PASSWORD, "new_password": NEW}
    assert mesh.post("/user/change_password", session, **fields).json() == {}
    assert recipient(mesh, room, user_id) == own


def test_of_two_passwords_sent_with_one_link_at_once_one_is_set(
    mesh: Mesh, room: Any, name: str, email: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_account(mesh, name, email)
    token = issued(mesh, room, name)

    def lock_too_late(tx: Any, user_id: str, lock: Any = store.lock_account) -> Any:
        assert reset(mesh, token, "the faster horse").status_code == 200
        return lock(tx, user_id)

    monkeypatch.setattr(store, "lock_account", lock_too_late)

    with pytest.raises(PasswordResetOver):
        room.reset_password(token=token, new_password=NEW)

    assert [login(mesh, name, password) for password in ("the faster horse", NEW)] == [200, 401]
