"""Receipts over HTTP: whose they are, what they add up to, and what is missing while a room is away."""

import datetime as dt
from typing import Any

import nameko

from schemas import order as contract
from services.foundation.rpc.standalone_client import StandaloneCaller
from testbed.mesh import Mesh
from tests.drivers.orders import buy, info, pay
from tests.drivers.snack_orders import SKU, bought_and_paid
from tests.drivers.wallets import fill, pay_by_wallet, user_of

HOME = {"name": "Ada Lovelace", "street": "12 rue de la Paix", "postal_code": "75002", "city": "Paris", "region": None,
        "country": "FR"}


def read(mesh: Mesh, token: str, order: dict[str, Any], **fields: str) -> dict[str, Any]:
    reply = mesh.get("/order/get_receipt", token, order_id=order["order_id"], **fields)
    return dict(reply.json())


def save_address(mesh: Mesh, token: str, **fields: str) -> dict[str, Any]:
    return dict(mesh.post("/user/save_address", token, **{**HOME, **fields}).json())


def check_sums(mesh: Mesh, token: str, order: dict[str, Any], receipt: dict[str, Any]) -> None:
    assert receipt["total"] == sum(line["amount"] for line in receipt["lines"]) == order["total"]
    assert receipt["refunded"] == sum(refund["amount"] for refund in receipt["refunds"])
    assert receipt["refunded"] == info(mesh, token, order)["refunded"]
    assert receipt["remaining"] == receipt["total"] - receipt["refunded"]


def test_a_receipt_adds_up_before_and_after_refunds(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token, order = bought_and_paid(mesh, screening, seats[:2], (SKU, 2))
    receipt = read(mesh, token, order)
    check_sums(mesh, token, order, receipt)
    assert [(line["item"], line.get("seat_id") or line["sku"], line["quantity"]) for line in receipt["lines"]] == [
        ("seat", seats[0], 1), ("seat", seats[1], 1), ("snack", SKU, 2)]
    created, paid, now = (dt.datetime.fromisoformat(receipt[name])
                          for name in ("created_at", "paid_at", "server_time"))
    assert created <= paid <= now
    assert (receipt["method"], receipt["refunds"], receipt["seller"]) == ("sandbox", [], None)
    assert receipt["screening"] == info(mesh, token, order)["screening"]

    part = mesh.post("/order/refund", token, order_id=order["order_id"], seats=seats[:1], to="wallet")
    assert part.status_code == 200, part.text
    receipt = read(mesh, token, order)
    check_sums(mesh, token, order, receipt)
    assert [(each["what"], each["to"]) for each in receipt["refunds"]] == [("seats", "wallet")]
    assert 0 < receipt["remaining"] < receipt["total"]

    assert mesh.post("/order/refund", token, order_id=order["order_id"]).json()["status"] == "refunded"
    receipt = read(mesh, token, order)
    check_sums(mesh, token, order, receipt)
    assert {(each["what"], each["status"]) for each in receipt["refunds"]} == {("seats", "done"), ("snacks", "done")}
    assert (receipt["status"], receipt["remaining"]) == ("refunded", 0)


def test_a_receipt_is_its_buyers_alone_and_made_out_to_their_own_address(
    mesh: Mesh, screening: str, seats: list[str],
) -> None:
    owner, stranger = mesh.buyers(2)
    order = buy(mesh, owner, screening, seats[:1])
    unpaid = mesh.get("/order/get_receipt", owner, order_id=order["order_id"])
    assert (unpaid.status_code, unpaid.json()["code"], unpaid.json()["order_status"]) == (
        409, "order_not_paid", "created")
    fill(mesh, owner, order["total"], order["currency"])
    assert pay_by_wallet(mesh, owner, order).status_code == 200
    assert read(mesh, owner, order)["buyer"]["address"] is None
    home, work = save_address(mesh, owner), save_address(mesh, owner, street="Quay 7")
    strangers = save_address(mesh, stranger)

    for order_id in (order["order_id"], "no-such-order"):
        refused = mesh.get("/order/get_receipt", stranger, order_id=order_id)
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_order")
    assert mesh.get("/order/get_receipt", order_id=order["order_id"]).status_code == 401
    receipt = read(mesh, owner, order)
    assert (receipt["buyer"]["address"], receipt["method"], receipt["unavailable"]) == (home, "wallet", [])
    assert read(mesh, owner, order, address_id=work["address_id"])["buyer"]["address"] == work
    mesh.post("/user/remove_address", owner, address_id=home["address_id"])
    for gone in (home, strangers):
        refused = mesh.get("/order/get_receipt", owner, order_id=order["order_id"], address_id=gone["address_id"])
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_address")
    assert read(mesh, owner, order)["buyer"]["address"] == work


def test_while_the_user_room_is_silent_a_receipt_has_no_buyer_and_says_so(
    mesh: Mesh, screening: str, seats: list[str],
) -> None:
    token = mesh.buyer()
    order = buy(mesh, token, screening, seats[:1])
    pay(mesh, token, order)
    user_id = user_of(mesh, token)
    caller = {"user_id": user_id, "username": user_id, "roles": []}
    with (nameko.config.patch(mesh.settings, clear=True),
          StandaloneCaller(caller).connected() as rooms, mesh.paused("user")):
        receipt = rooms.call(contract.GET_RECEIPT, {"order_id": order["order_id"], "address_id": "whichever"})
    assert (receipt["buyer"], receipt["unavailable"]) == (None, ["buyer"])
    assert (receipt["remaining"], receipt["method"]) == (order["total"], "sandbox")
    assert read(mesh, token, order)["unavailable"] == []
