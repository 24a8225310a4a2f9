"""Buyers who pay at the provider's page in time, late, twice or never, compared with MariaDB."""

from typing import Any

import pytest
import requests

from testbed.mesh import Mesh, wait_until
from tests.drivers.commands import decide
from tests.drivers.orders import buy, choose, info, make_late, start, status_of

at_full_size = pytest.mark.full_size("integration/order/test_paying_at_a_page.py", "integration/model/test_stories.py")


@pytest.fixture
def token(mesh: Mesh) -> str:
    return mesh.buyer()


def capture_late(mesh: Mesh, paying: dict[str, Any]) -> None:
    """Have the provider capture a payment that it had cancelled, and send its webhook."""
    payment = paying["payment"]["payment_id"]
    mesh.rows("payment", "UPDATE sandbox_charge SET status = 'captured' WHERE payment_id = :p", p=payment)
    mesh.rows("payment", "INSERT INTO webhook_inbox (provider, event_id, type, payment_id, received_at, due_at, tries) "
                         "VALUES ('sandbox', :e, 'charge.captured', :p, UTC_TIMESTAMP(), UTC_TIMESTAMP(), 0)",
              e=f"late-{payment}", p=payment)


def test_a_buyer_pays_at_the_page_and_returns_to_the_tickets(mesh: Mesh, token: str, screening: str,
                                                             seats: list[str]) -> None:
    order = buy(mesh, token, screening, seats[:2])

    paying = start(mesh, token, order)
    assert (paying["status"], paying["payment"]["status"], paying["tickets"]) == ("paying", "pending", [])
    back = choose(mesh, paying, "pay")

    assert (back.status_code, back.headers["Location"]) == (303, f"/order/{order['order_id']}")
    wait_until(lambda: info(mesh, token, order)["status"] == "paid", 60, "the tickets")
    paid = info(mesh, token, order)
    assert [ticket["seat_id"] for ticket in paid["tickets"]] == seats[:2]
    assert paid["payment"] is None
    mesh.check_invariants()


def test_an_order_is_paid_though_its_buyer_never_returns(mesh: Mesh, token: str, screening: str,
                                                         seats: list[str]) -> None:
    order = buy(mesh, token, screening, seats[:2])
    choose(mesh, start(mesh, token, order), "pay")

    wait_until(lambda: status_of(mesh, order) == "paid", 60, "the webhook")
    mesh.check_invariants()


def test_paying_again_leads_to_the_same_page(mesh: Mesh, token: str, screening: str, seats: list[str]) -> None:
    order = buy(mesh, token, screening, seats[:2])

    first = start(mesh, token, order, "a-key")
    again = start(mesh, token, order, "a-key")
    other = start(mesh, token, order, "another-key")

    assert first == again
    assert other["payment"] == first["payment"]
    assert len(mesh.rows("payment", "SELECT 1 FROM payment WHERE order_id = :o", o=order["order_id"])) == 1


@pytest.mark.parametrize(("choice", "reason"), [("decline", "declined"), ("insufficient_funds", "insufficient_funds")])
def test_a_buyer_with_a_declined_card_tries_again_and_pays_once(mesh: Mesh, token: str, screening: str,
                                                                seats: list[str], choice: str, reason: str) -> None:
    order = buy(mesh, token, screening, seats[:2])
    first = start(mesh, token, order)
    assert first["payment"]["reason"] is None
    choose(mesh, first, choice)
    wait_until(lambda: (info(mesh, token, order)["payment"] or {}).get("status") == "failed", 60, "the bad news")
    assert info(mesh, token, order)["payment"]["reason"] == reason

    second = start(mesh, token, order)
    assert second["payment"]["payment_id"] != first["payment"]["payment_id"]
    choose(mesh, second, "pay")

    wait_until(lambda: status_of(mesh, order) == "paid", 60, "the second attempt")
    charges = mesh.rows("payment", "SELECT amount FROM sandbox_charge WHERE order_id = :o AND status = 'captured'",
                        o=order["order_id"])
    assert [row.amount for row in charges] == [order["total"]]
    mesh.check_invariants()


def test_a_buyer_who_leaves_the_page_keeps_the_seats_until_the_deadline(mesh: Mesh, token: str, screening: str,
                                                                        seats: list[str]) -> None:
    order = buy(mesh, token, screening, seats[:2])
    paying = start(mesh, token, order)
    assert choose(mesh, paying, "abandon").headers["Location"] == f"/order/{order['order_id']}?payment=abandoned"
    assert status_of(mesh, order) == "paying"
    assert mesh.seats(screening)[seats[0]] == "held"

    make_late(mesh, order)
    wait_until(lambda: status_of(mesh, order) == "expired", 60, "the order's end")

    refused = mesh.post("/order/pay", token, order_id=order["order_id"], method="card", return_url="/")
    assert (refused.status_code, refused.json()["code"]) == (409, "order_expired")
    over = requests.get(mesh.url + paying["payment"]["redirect_url"], timeout=10, allow_redirects=False)
    assert (over.status_code, over.headers["Location"]) == (303, f"/order/{order['order_id']}")
    mesh.check_invariants()


@at_full_size
def test_a_payment_in_the_last_second_is_found_before_the_seats_are_freed(mesh: Mesh, token: str, screening: str,
                                                                          seats: list[str]) -> None:
    order = buy(mesh, token, screening, seats[:2])
    paying = start(mesh, token, order)
    with mesh.without("order"):
        choose(mesh, paying, "pay")
        make_late(mesh, order)

    wait_until(lambda: status_of(mesh, order) == "paid", 60, "the payment to be found")
    mesh.check_invariants()


def test_a_late_payment_gets_its_seats_if_they_are_free(mesh: Mesh, token: str, screening: str,
                                                        seats: list[str]) -> None:
    order = buy(mesh, token, screening, seats[:2])
    paying = start(mesh, token, order)
    make_late(mesh, order)
    wait_until(lambda: status_of(mesh, order) == "expired", 60, "the order's end")

    capture_late(mesh, paying)

    wait_until(lambda: status_of(mesh, order) == "paid", 60, "the order to become paid by the late money")
    after = info(mesh, token, order)
    assert [ticket["status"] for ticket in after["tickets"]] == ["valid", "valid"]
    assert (after["revived"], after["end_reason"]) == (True, None)
    wait_until(lambda: mesh.seats(screening)[seats[0]] == "sold", 60, "the map")
    [row] = mesh.rows("order", "SELECT body FROM outbox WHERE about = :o AND type = 'order.paid'", o=order["order_id"])
    assert b'"revived":true' in row.body
    mesh.check_invariants()


@at_full_size
def test_a_late_payment_goes_back_if_one_of_its_seats_is_gone(mesh: Mesh, token: str, screening: str,
                                                              seats: list[str]) -> None:
    order = buy(mesh, token, screening, seats[:2])
    paying = start(mesh, token, order)
    make_late(mesh, order)
    wait_until(lambda: status_of(mesh, order) == "expired", 60, "the order's end")
    other = buy(mesh, mesh.buyer(), screening, seats[1:2])

    capture_late(mesh, paying)

    def given_back() -> Any:
        return mesh.rows("payment", "SELECT refunded FROM sandbox_charge WHERE payment_id = :p AND refunded > 0",
                         p=paying["payment"]["payment_id"])

    [charge] = wait_until(given_back, 60, "the money to go back")
    assert charge.refunded == order["total"]
    after = info(mesh, token, order)
    assert (after["status"], after["refunded"], after["tickets"]) == ("expired", order["total"], [])
    assert (after["revived"], after["end_reason"]) == (False, "paid_late")
    assert status_of(mesh, other) == "created"
    told = mesh.rows("order", "SELECT type FROM outbox WHERE about = :o ORDER BY sequence", o=order["order_id"])
    assert [row.type for row in told] == ["order.created", "order.paying", "order.expired", "order.paid_late"]
    mesh.check_invariants()


def test_a_payment_for_a_cancelled_order_goes_back(mesh: Mesh, token: str, screening: str, seats: list[str]) -> None:
    order = buy(mesh, token, screening, seats[:2])
    paying = start(mesh, token, order)
    assert mesh.post("/order/cancel", token, order_id=order["order_id"]).json()["status"] == "cancelled"

    capture_late(mesh, paying)

    wait_until(lambda: info(mesh, token, order)["refunded"] == order["total"], 60, "the money to go back")
    after = info(mesh, token, order)
    assert (after["status"], after["end_reason"]) == ("cancelled", "paid_late")
    mesh.check_invariants()


def test_a_payment_of_a_wrong_amount_is_reviewed(mesh: Mesh, token: str, screening: str, seats: list[str]) -> None:
    order = buy(mesh, token, screening, seats[:2])
    paying = start(mesh, token, order)
    mesh.rows("payment", "UPDATE sandbox_charge SET amount = amount - 1 WHERE payment_id = :p",
              p=paying["payment"]["payment_id"])
    choose(mesh, paying, "pay")

    wait_until(lambda: status_of(mesh, order) == "review", 60, "the review")
    make_late(mesh, order)
    assert mesh.seats(screening)[seats[0]] == "held"
    assert info(mesh, token, order)["tickets"] == []
    decide(mesh, order["order_id"], "release")


def test_a_card_payment_needs_an_allowed_return_url(mesh: Mesh, token: str, screening: str, seats: list[str]) -> None:
    order = buy(mesh, token, screening, seats[:1])

    nowhere = mesh.post("/order/pay", token, order_id=order["order_id"], method="card")
    elsewhere = mesh.post("/order/pay", token, order_id=order["order_id"], method="card",
                          return_url="https://evil.example/")

    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "fields_invalid")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "return_url_refused")
    assert start(mesh, token, order)["status"] == "paying"
