"""An address gets nothing but a link until its owner has opened that link."""

import secrets
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from schemas.user import token_id
from services.foundation.rpc.calls import Principal
from testbed.mesh import Mesh, wait_until
from tests.drivers.received_emails import ReceivedEmail, received_emails
from tests.integration.user.conftest import PASSWORD, authorize

SignIn = Callable[[str], str]
LINKS_PER_HOUR = 5


@pytest.fixture
def email() -> str:
    return f"ada.{secrets.token_hex(5)}@cinema.example"


def register(mesh: Mesh, name: str, email: str, **more: Any) -> str:
    """A token of a new account."""
    assert mesh.post("/user/register", username=name, password=PASSWORD, email=email, **more).status_code == 200
    return str(mesh.post("/user/login", username=name, password=PASSWORD).json()["token"])


def emails_to(mesh: Mesh, email: str, count: int) -> list[ReceivedEmail]:
    folder = mesh.folder / "messages"
    return list(wait_until(lambda: len(found := received_emails(folder, email)) >= count and found, 60,
                           f"{count} e-mails"))


def link(message: ReceivedEmail) -> str:
    """The token of the link in it."""
    return message.text.partition("/confirm#")[2].split()[0]


def confirm(mesh: Mesh, token: str) -> requests.Response:
    return mesh.http.post(mesh.url + "/user/confirm_email", json={"token": token}, timeout=60)


def is_confirmed(mesh: Mesh, token: str) -> bool:
    return mesh.get("/user/get_profile", token).json()["email_confirmed_at"] is not None


def events(mesh: Mesh, email: str) -> int:
    """How often the accounts that have this address now have requested a link."""
    return int(mesh.rows("user", "SELECT COUNT(*) FROM outbox JOIN user ON about = user_id WHERE email = :e "
                                 "AND type = 'user.email_given'", e=email)[0][0])


@pytest.mark.full_size("integration/user/test_confirmations.py", "unit/notification/test_confirmation_email.py")
def test_a_stranger_gets_a_link_and_no_word_of_the_user_who_gave_the_address(mesh: Mesh, name: str, email: str) -> None:
    token = register(mesh, name, email, display_name="You won a prize")
    [asked] = emails_to(mesh, email, 1)
    screening = mesh.fresh_screening()
    bought = mesh.post("/order/buy", token, screening_id=screening, seats=list(mesh.seats(screening))[:1]).json()
    assert mesh.post("/order/cancel", token, order_id=bought["order_id"]).status_code == 200
    order = mesh.get("/order/get_info", token, order_id=bought["order_id"]).json()
    user_id = authorize(mesh, token).json()["user_id"]
    wait_until(lambda: [row.status for row in mesh.rows(
        "notification", "SELECT status FROM message WHERE buyer_id = :u AND kind = 'cancelled'", u=user_id)]
        == ["unconfirmed"], 60, "the message that waits")

    assert [message.event_id for message in emails_to(mesh, email, 1)] == [asked.event_id]
    for word in ("prize", name, order["screening"]["film_title"]):
        assert word not in asked.message.as_string() + asked.text + asked.page

    assert confirm(mesh, link(asked)).status_code == 200
    assert is_confirmed(mesh, token)
    _, news = emails_to(mesh, email, 2)
    assert "is cancelled" in news.subject
    assert "Hello You won a prize," in news.text


def test_a_link_confirms_once_however_often_it_is_opened(mesh: Mesh, name: str, email: str) -> None:
    register(mesh, name, email)
    token = link(*emails_to(mesh, email, 1))
    answers: list[int] = []

    def open_link(token: str) -> requests.Response:
        return requests.post(mesh.url + "/user/confirm_email", json={"token": token}, timeout=60)

    openers = [threading.Thread(target=lambda: answers.append(open_link(token).status_code)) for _ in range(4)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()

    assert answers == [200] * 4
    assert mesh.rows("user", "SELECT COUNT(*) FROM outbox JOIN user ON about = user_id WHERE email = :e "
                             "AND type = 'user.email_confirmed'", e=email)[0][0] == 1


def test_the_tables_and_logs_hold_no_link(mesh: Mesh, name: str, email: str) -> None:
    register(mesh, name, email)
    token = link(*emails_to(mesh, email, 1))
    tables = (("user", "confirmation"), ("user", "outbox"), ("user", "idempotency_key"), ("notification", "message"))
    kept = [str(mesh.rows(room, f"SELECT * FROM {table}")) for room, table in tables]
    assert token_id(token) in kept[0]
    assert not [table for table in [*kept, mesh.log("user"), mesh.log("notification"), mesh.log("gateway")]
                if token in table]


def test_an_expired_a_forged_and_a_withdrawn_link_confirm_nothing(
    mesh: Mesh, room: Any, name: str, email: str,
) -> None:
    token = register(mesh, name, email)
    user_id = authorize(mesh, token).json()["user_id"]
    expired, withdrawn = (room.issue_confirmation(user_id=user_id, number=1)["token"] for _ in range(2))
    mesh.rows("user", "UPDATE confirmation SET expires_at = UTC_TIMESTAMP() WHERE token_id = :t", t=token_id(expired))
    answers = [confirm(mesh, link).status_code for link in (expired, "forged")]
    mesh.post("/user/update_profile", token, email="new." + email)
    answers.append(confirm(mesh, withdrawn).status_code)

    assert answers == [409] * 3
    assert not is_confirmed(mesh, token)


def test_a_changed_address_is_confirmed_anew_and_an_unchanged_one_is_not(mesh: Mesh, name: str, email: str) -> None:
    token = register(mesh, name, email)
    confirm(mesh, link(*emails_to(mesh, email, 1)))
    mesh.post("/user/update_profile", token, email=email.replace("cinema", "CINEMA"), display_name="Ada")
    assert is_confirmed(mesh, token)
    assert mesh.post("/user/send_confirmation", token).json()["code"] == "nothing_to_confirm"

    mesh.post("/user/update_profile", token, email="new." + email)
    assert not is_confirmed(mesh, token)
    assert confirm(mesh, link(*emails_to(mesh, "new." + email, 1))).status_code == 200
    assert is_confirmed(mesh, token)


@pytest.mark.full_size("integration/user/test_confirmations.py", "unit/user/test_throttle.py")
def test_an_address_gets_five_links_per_hour_from_all_accounts_together(mesh: Mesh, name: str, email: str) -> None:
    tokens = [register(mesh, f"{name}{number}", email) for number in range(3)]
    asked = [mesh.post("/user/send_confirmation", token) for token in tokens]

    assert [reply.status_code for reply in asked] == [200, 200, 429]
    assert asked[2].json()["retry_after"] > 0
    assert events(mesh, email) == LINKS_PER_HOUR
    register(mesh, name + "9", email)
    assert events(mesh, email) == LINKS_PER_HOUR


@pytest.mark.full_size("integration/user/test_confirmations.py", "unit/user/test_throttle.py")
def test_an_account_requests_five_links_per_hour_for_all_addresses_together(mesh: Mesh, name: str, email: str) -> None:
    token = register(mesh, name, email)
    changed = [mesh.post("/user/update_profile", token, email=f"{number}.{email}") for number in range(LINKS_PER_HOUR)]
    assert [reply.status_code for reply in changed] == [200] * (LINKS_PER_HOUR - 1) + [429], "the first was registering"
    assert int(changed[-1].headers["Retry-After"]) > 60
    last = f"{LINKS_PER_HOUR - 2}.{email}"
    assert mesh.get("/user/get_profile", token).json()["email"] == last
    assert events(mesh, last) == LINKS_PER_HOUR


def test_a_repeated_request_under_one_key_sends_one_link(mesh: Mesh, name: str, email: str) -> None:
    token = register(mesh, name, email)
    for _ in range(3):
        assert mesh.post("/user/send_confirmation", token, key="again").status_code == 200
    assert events(mesh, email) == 2


def test_a_link_requested_for_another_address_is_not_mailed_to_this_one(
    mesh: Mesh, room: Any, name: str, email: str,
) -> None:
    token = register(mesh, name, email)
    user_id = authorize(mesh, token).json()["user_id"]
    room.principal = Principal(user_id=user_id)
    room.update_profile(email="victim." + email)

    assert room.issue_confirmation(user_id=user_id, number=1) == {"email": None, "token": None}
    assert room.issue_confirmation(user_id=user_id, number=2)["email"] == "victim." + email
    assert room.issue_confirmation(user_id="nobody", number=1) == {"email": None, "token": None}
