"""Guests buy without an account, get a link to their tickets, and hand their orders to the account they sign in to."""

import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import buy, info, pay
from tests.drivers.received_emails import ReceivedEmail, received_emails

PASSWORD = "correct horse"


def guest(mesh: Mesh, **fields: Any) -> str:
    reply = mesh.post("/user/start_guest", **fields)
    assert set(reply.json()) == {"token", "expires_at"}
    return str(reply.json()["token"])


def paid_with_address(mesh: Mesh, token: str, order: dict[str, Any], email: str) -> None:
    reply = mesh.post("/order/pay", token, order_id=order["order_id"], method="sandbox", email=email)
    assert reply.json()["status"] == "paid", reply.text


def mails(mesh: Mesh, email: str, count: int) -> list[ReceivedEmail]:
    folder = mesh.folder / "messages"
    return list(wait_until(lambda: len(found := received_emails(folder, email)) >= count and found, 60, "the mails"))


def link_in(mail: ReceivedEmail, order: dict[str, Any]) -> str:
    [token] = re.findall(rf"/order/{order['order_id']}#([\w-]{{43}})\b", mail.text)
    return str(token)


def send(mesh: Mesh, method: str, link: str) -> requests.Response:
    """What a link's page does, without any session."""
    return requests.post(f"{mesh.url}/user/{method}", json={"token": link}, timeout=60)


@pytest.fixture
def email() -> str:
    return f"grace.{secrets.token_hex(4)}@cinema.example"


@pytest.mark.full_size("integration/order/test_guests.py", "integration/user/test_adopting_guests.py",
                       "browser/test_guests.py")
def test_a_guest_buys_and_opens_the_order_elsewhere_by_a_link_that_works_once_and_confirms_the_address(
    mesh: Mesh, screening: str, seats: list[str], email: str,
) -> None:
    token = guest(mesh)
    order = buy(mesh, token, screening, seats[:2])
    paid_with_address(mesh, token, order, email)
    [tickets] = mails(mesh, email, 1)
    assert "Hello,\n" in tickets.text
    assert seats[0] in tickets.text
    assert mesh.post("/order/refund", token, order_id=order["order_id"], seats=seats[:1]).status_code == 200
    wait_until(lambda: mesh.rows("notification", "SELECT status FROM message WHERE order_id = :o AND kind = "
                                          "'part_refunded' AND status = 'unconfirmed'", o=order["order_id"]))
    assert len(received_emails(mesh.folder / "messages", email)) == 1  # the address is a stranger's, as far as we know

    opened = send(mesh, "open_order", link_in(tickets, order))

    assert opened.json()["order_id"] == order["order_id"]
    assert info(mesh, opened.json()["token"], order)["tickets"]
    again = send(mesh, "open_order", link_in(tickets, order))
    assert (again.status_code, again.json()["code"]) == (409, "link_over")
    [_, refund] = mails(mesh, email, 2)  # it has waited for the address to be confirmed
    assert "given back" in refund.subject
    assert send(mesh, "send_order_link", link_in(tickets, order)).status_code == 200
    another = mails(mesh, email, 3)[-1]
    assert send(mesh, "open_order", link_in(another, order)).status_code == 200


def test_a_payment_under_a_used_key_changes_no_address(mesh: Mesh, screening: str, seats: list[str],
                                                       email: str) -> None:
    token, key = guest(mesh), secrets.token_hex(8)
    order = buy(mesh, token, screening, seats[:1])
    fields = {"order_id": order["order_id"], "method": "sandbox"}
    for language in ("zh", "en"):    # the page was switched before the answer came
        reply = mesh.post("/order/pay", token, key, **fields, email=email, language=language)
        assert reply.json()["status"] == "paid", reply.text
    reused = mesh.post("/order/pay", token, key, **fields, email=f"other.{email}")
    assert (reused.status_code, reused.json()["code"]) == (422, "key_reused")
    assert mesh.rows("user", "SELECT email, language FROM guest WHERE email LIKE :e", e=f"%{email}") == [(email, "zh")]


def test_a_guest_without_an_address_buys_all_the_same_and_holds_one_unpaid_order(
    mesh: Mesh, screening: str, seats: list[str],
) -> None:
    token = guest(mesh)
    order = buy(mesh, token, screening, seats[:1])
    second = mesh.post("/order/buy", token, screening_id=screening, seats=seats[1:2])
    assert (second.status_code, second.json()["code"], second.json()["most_orders"]) == (409, "too_many_holds", 1)
    pay(mesh, token, order)
    buy(mesh, token, screening, seats[1:2])
    assert [each["status"] for each in mesh.get("/order/get_list", token).json()["orders"]] == ["created", "paid"]
    assert mesh.get("/order/get_receipt", token, order_id=order["order_id"]).json()["unavailable"] == []


def test_a_guest_uses_no_wallet_no_kept_card_and_nothing_of_an_account(mesh: Mesh, screening: str,
                                                                      seats: list[str]) -> None:
    token = guest(mesh)
    fields = {"order_id": buy(mesh, token, screening, seats[:1])["order_id"], "method": "card", "return_url": "/"}
    for wish in ({"method": "wallet"}, {"save_card": True}, {"card_id": "c1"}):
        assert mesh.post("/order/pay", token, **fields | wish).json()["code"] == "members_only"
    assert mesh.post("/order/pay", token, **fields, email="no address").json()["code"] == "fields_invalid"
    assert mesh.post("/order/refund", token, order_id=fields["order_id"], to="wallet").json()["code"] == "members_only"
    member = mesh.post("/order/pay", mesh.buyer(), **fields, email="ada@cinema.example")
    assert member.json()["code"] == "fields_invalid"


def test_whoever_signs_in_as_a_guest_has_the_guests_orders_and_what_belongs_to_them(
    mesh: Mesh, screening: str, seats: list[str], email: str,
) -> None:
    token, name = guest(mesh, language="zh"), "grace" + secrets.token_hex(6)
    paid = buy(mesh, token, screening, seats[:1])
    paid_with_address(mesh, token, paid, email)
    unpaid = buy(mesh, token, screening, seats[1:2])
    [tickets] = mails(mesh, email, 1)
    assert (tickets.message["Content-Language"], "票" in tickets.subject) == ("zh", True)
    link = link_in(tickets, paid)

    assert mesh.post("/user/register", token, username=name, password=PASSWORD).status_code == 200

    assert mesh.get("/order/get_list", token).status_code == 401
    member = mesh.post("/user/login", token, username=name, password=PASSWORD).json()["token"]
    wait_until(lambda: len(mesh.get("/order/get_list", member).json()["orders"]) == 2, 30, "the orders")
    pay(mesh, member, unpaid)
    assert mesh.post("/order/refund", member, order_id=paid["order_id"]).status_code == 200
    assert send(mesh, "open_order", link).json()["code"] == "link_over"
    kinds = wait_until(lambda: len(found := mesh.get("/notification/get_messages", member).json()["messages"]) == 3
                       and sorted(each["kind"] for each in found), 30, "the messages")
    assert kinds == ["paid", "paid", "refunded"]
    wait_until(lambda: mesh.get("/loyalty/get_points", member).json()["lifetime"], 30, "the points")


def test_of_many_who_sign_in_with_one_guests_token_one_has_the_orders(mesh: Mesh, screening: str,
                                                                     seats: list[str]) -> None:
    token = guest(mesh)
    order = buy(mesh, token, screening, seats[:1])
    names = ["grace" + secrets.token_hex(6) for _ in range(4)]
    with ThreadPoolExecutor(4) as crowd:
        assert {reply.status_code for reply in crowd.map(
            lambda name: requests.post(mesh.url + "/user/register", json={
                "username": name, "password": PASSWORD, "guest_token": token}, timeout=60), names)} == {200}
    members = [mesh.post("/user/login", username=name, password=PASSWORD).json()["token"] for name in names]

    owners = wait_until(lambda: [each for each in members if "tickets" in info(mesh, each, order)], 30, "an owner")

    assert len(owners) == 1
    events = mesh.rows("user", "SELECT 1 FROM outbox WHERE type = 'user.guest_adopted' AND about = "
                       "(SELECT guest_id FROM guest WHERE adopted_by = (SELECT buyer_id FROM "
                       f"{mesh.engine('order').url.database}.orders WHERE order_id = :o))", o=order["order_id"])
    assert len(events) == 1


def test_a_page_keeps_a_guest_in_the_cookie_of_its_session(mesh: Mesh, screening: str, seats: list[str]) -> None:
    page, name = requests.Session(), "grace" + secrets.token_hex(6)
    page.headers["X-Session"] = "cookie"
    mesh.post("/user/register", username=name, password=PASSWORD)

    started = page.post(mesh.url + "/user/start_guest", json={"language": "zh"}, timeout=30)

    assert set(started.json()) == {"expires_at"}
    assert "HttpOnly" in started.headers["Set-Cookie"]
    bought = page.post(mesh.url + "/order/buy", json={"screening_id": screening, "seats": seats[:1]}, timeout=30)
    signed_in = page.post(mesh.url + "/user/login", json={"username": name, "password": PASSWORD}, timeout=30)
    assert signed_in.json()["user"]["language"] == "zh"    # that of the guest, who is the account's by now
    order = {"order_id": bought.json()["order_id"]}
    wait_until(lambda: page.get(mesh.url + "/order/get_info", params=order, timeout=30).ok, 30, "the order")
