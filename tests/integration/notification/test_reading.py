"""Members read their messages on the pages."""

from typing import Any

from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import buy, pay


def messages(mesh: Mesh, token: str, **query: Any) -> dict[str, Any]:
    reply = mesh.get("/notification/get_messages", token, **query)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def unread(mesh: Mesh, token: str) -> int:
    return int(mesh.get("/notification/get_unread", token).json()["unread"])


def read_at(mesh: Mesh, token: str, message_id: str) -> Any:
    return {each["message_id"]: each["read_at"] for each in messages(mesh, token)["messages"]}[message_id]


def test_messages_are_read_by_their_member_alone_and_once(mesh: Mesh) -> None:
    token, other = mesh.buyers(2)
    screening = mesh.fresh_screening(40)
    orders = [buy(mesh, token, screening, [seat]) for seat in list(mesh.seats(screening))[:2]]
    for order in orders:
        pay(mesh, token, order)
    wait_until(lambda: unread(mesh, token) == 2, what="two messages")

    newest = messages(mesh, token, limit=1)
    oldest = messages(mesh, token, limit=1, cursor=newest["next_cursor"])
    found = newest["messages"] + oldest["messages"]
    assert {message["order_id"] for message in found} == {order["order_id"] for order in orders}
    assert [(message["kind"], message["read_at"]) for message in found] == [("paid", None)] * 2
    assert all(message["title"] for message in found)
    assert (newest["unread"], oldest["next_cursor"]) == (2, None)

    ids = [message["message_id"] for message in found]
    assert messages(mesh, other)["messages"] == []
    assert mesh.post("/notification/mark_read", other, message_ids=ids).json() == {"unread": 0}
    assert unread(mesh, token) == 2
    assert mesh.post("/notification/mark_read", token, message_ids=ids[:1]).json() == {"unread": 1}
    first_time = read_at(mesh, token, ids[0])
    assert mesh.post("/notification/mark_read", token, message_ids=[*ids, "no-such-message"]).json() == {"unread": 0}
    assert mesh.post("/notification/mark_read", token, message_ids=ids).json() == {"unread": 0}
    assert first_time
    assert read_at(mesh, token, ids[0]) == first_time


def test_a_link_to_confirm_an_address_is_no_message_to_read(mesh: Mesh) -> None:
    token = mesh.buyer()
    profile = mesh.post("/user/update_profile", token, email="ada@example.org").json()
    wait_until(lambda: mesh.rows("notification", "SELECT 1 FROM message WHERE buyer_id = :u", u=profile["user_id"]))
    assert messages(mesh, token) | {"server_time": ""} == {
        "messages": [], "unread": 0, "next_cursor": None, "server_time": ""}


def test_a_wrong_cursor_and_an_empty_list_are_refused(mesh: Mesh) -> None:
    token = mesh.buyer()
    assert mesh.get("/notification/get_messages", token, cursor="x").status_code == 422
    assert mesh.post("/notification/mark_read", token, message_ids=[]).status_code == 422
    assert mesh.post("/notification/mark_read", message_ids=["a"]).status_code == 401
