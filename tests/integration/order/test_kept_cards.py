"""Orders paid with a card that their buyer has kept, over HTTP."""

from typing import Any

import pytest

from services.payment.sandbox import faults
from testbed.mesh import Mesh, wait_until
from tests.drivers.kept_cards import keep_card, pay_by_card
from tests.drivers.orders import buy, choose, info, pay, status_of
from tests.drivers.wallets import user_of


def will(mesh: Mesh, order: dict[str, Any], fault: faults.Fault) -> None:
    mesh.rows("payment", "INSERT INTO sandbox_instruction (order_id, trouble, times) VALUES (:o, :f, 1)",
              o=order["order_id"], f=fault)


def test_an_order_is_paid_with_a_kept_card_at_once(mesh: Mesh, screening: str, seats: list[str]) -> None:
    ada = mesh.buyer()
    [card] = keep_card(mesh, ada, buy(mesh, ada, screening, seats[:1]))
    order = buy(mesh, ada, screening, seats[1:3])
    will(mesh, order, "decline")

    declined = pay_by_card(mesh, ada, order, card_id=card["card_id"])
    assert (declined.status_code, declined.json()["code"]) == (409, "payment_declined")
    assert info(mesh, ada, order)["payment"]["reason"] == "declined"
    paid = [pay_by_card(mesh, ada, order, "one-key", card_id=card["card_id"]).json() for _ in range(2)]

    assert paid[0]["status"] == "paid"
    assert {**paid[0], "server_time": None} == {**paid[1], "server_time": None}
    assert [ticket["seat_id"] for ticket in paid[0]["tickets"]] == seats[1:3]
    [charge] = mesh.rows("payment", "SELECT amount FROM sandbox_charge WHERE order_id = :o AND status = 'captured'",
                         o=order["order_id"])
    assert charge.amount == order["total"]
    mesh.check_invariants()


@pytest.mark.full_size("integration/order/test_kept_cards.py", "integration/payment/test_kept_cards.py")
def test_a_bank_that_wants_a_step_is_visited(mesh: Mesh, screening: str, seats: list[str]) -> None:
    ada = mesh.buyer()
    [card] = keep_card(mesh, ada, buy(mesh, ada, screening, seats[:1]), "challenge")
    order = buy(mesh, ada, screening, seats[1:2])

    paying = pay_by_card(mesh, ada, order, card_id=card["card_id"]).json()
    assert (paying["status"], paying["payment"]["status"]) == ("paying", "pending")
    choose(mesh, paying, "confirm", code="1234")
    wait_until(lambda: status_of(mesh, order) == "paid", 20, "the webhook")


def test_a_card_is_named_only_where_it_can_pay(mesh: Mesh, screening: str, seats: list[str]) -> None:
    ada = mesh.buyer()
    order = buy(mesh, ada, screening, seats[:1])
    wrong: list[dict[str, Any]] = [
        {"card_id": "c1", "method": "wallet"}, {"save_card": True, "method": "wallet"},
        {"card_id": "c1", "method": "sandbox", "return_url": None}, {"card_id": "c1", "save_card": True}]

    replies = [mesh.post("/order/pay", ada, order_id=order["order_id"], **{
        name: value for name, value in {"method": "card", "return_url": "/", **way}.items() if value is not None})
        for way in wrong]

    assert {(reply.status_code, reply.json()["code"]) for reply in replies} == {(422, "fields_invalid")}
    assert status_of(mesh, order) == "created"
    pay(mesh, ada, order)


@pytest.mark.full_size("integration/order/test_kept_cards.py", "integration/payment/test_kept_cards.py")
def test_a_removed_account_has_no_cards(mesh: Mesh, screening: str, seats: list[str]) -> None:
    ada = mesh.buyer()
    [card] = keep_card(mesh, ada, buy(mesh, ada, screening, seats[:1]))
    reply = mesh.post("/user/remove", mesh.buyers(1, '["admin"]')[0], user_id=user_of(mesh, ada))
    assert reply.status_code == 200, reply.text

    def status() -> str:
        [row] = mesh.rows("payment", "SELECT status FROM card WHERE card_id = :c", c=card["card_id"])
        return str(row.status)

    wait_until(lambda: status() == "detached", 30, "the card's end")
