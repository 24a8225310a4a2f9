"""Orders with a payment under review: they keep their seats, and then have tickets or end."""

from collections.abc import Callable
from typing import Any

import nameko
import pytest
from kombu import Connection

from operations.checks.money import reviews_have_their_payment
from operations.checks.snapshot import Snapshot
from services.foundation.amqp import json_serializer
from testbed.mesh import Mesh, wait_until
from tests.drivers import commands
from tests.drivers.orders import buy, choose, info, make_late, start, status_of

at_full_size = pytest.mark.full_size("integration/order/test_reviewed_orders.py", "integration/model/test_model.py")

Reviewed = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def screening(mesh: Mesh) -> str:
    return mesh.fresh_screening(320)


@pytest.fixture
def token(mesh: Mesh) -> str:
    return mesh.buyer()


@pytest.fixture
def reviewed(mesh: Mesh, screening: str, token: str) -> Reviewed:
    """An order whose provider recorded another amount."""
    def order(more: int) -> dict[str, Any]:
        seats = [seat for seat, state in mesh.seats(screening).items() if state == "free"]
        bought = buy(mesh, token, screening, seats[:2])
        paying = start(mesh, token, bought)
        at_the_bank(mesh, paying, f"amount = amount + {more}")
        choose(mesh, paying, "pay")
        wait_until(lambda: status_of(mesh, bought) == "review", 60, "the review")
        return {**bought, "payment": paying["payment"], "held": seats[:2]}

    return order


def at_the_bank(mesh: Mesh, order: dict[str, Any], change: str) -> None:
    mesh.rows("payment", f"UPDATE sandbox_charge SET {change} WHERE payment_id = :p", p=order["payment"]["payment_id"])


def decide(mesh: Mesh, order: dict[str, Any], decision: str) -> None:
    commands.decide(mesh, order["order_id"], decision)


def dispute(mesh: Mesh, order: dict[str, Any]) -> None:
    """Have the buyer's bank take the money back."""
    mesh.rows("payment", "INSERT INTO reversal SELECT CONCAT('dp_', order_id), captured_payment_id, order_id, "
                         "'dispute', amount, currency, 'open', UTC_TIMESTAMP(3) FROM account WHERE order_id = :o",
              o=order["order_id"])


def taken_about(channel: Any, queue: str, order_id: str) -> Any:
    """The message about this order, taken off the queue; those about other orders may still come and stay."""
    others: list[Any] = []

    def found() -> Any:
        while (message := channel.basic_get(queue, no_ack=True)) is not None:
            if json_serializer.decode(message.body)["body"]["order_id"] == order_id:
                return message
            others.append(message)
        return None

    taken = wait_until(found, 60, "the news about the order")
    for other in others:
        channel.basic_publish(other, exchange="", routing_key=queue)
    return taken


def told(mesh: Mesh, order: dict[str, Any]) -> list[str]:
    return [row.type for row in mesh.rows("order", "SELECT type FROM outbox WHERE about = :o ORDER BY sequence",
                                          o=order["order_id"])]


@pytest.mark.full_size("integration/order/test_reviewed_orders.py", "integration/model/test_stories.py")
def test_seats_under_review_stay_held_however_long_it_takes(mesh: Mesh, screening: str, token: str,
                                                            reviewed: Reviewed) -> None:
    order = reviewed(-1)
    make_late(mesh, order)

    mesh.redis.delete(f"seats:{{{screening}}}")  # the map is drawn anew, from the claims
    assert mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=order["held"][:1]).status_code == 409
    assert [mesh.seats(screening)[seat] for seat in order["held"]] == ["held", "held"]
    assert info(mesh, token, order)["status"] == "review"
    mesh.check_invariants()

    decide(mesh, order, "release")
    wait_until(lambda: status_of(mesh, order) == "expired", 60, "the order's end")
    wait_until(lambda: mesh.seats(screening)[order["held"][0]] == "free", 60, "the seat to be free")
    assert told(mesh, order) == ["order.created", "order.paying", "order.review", "order.expired"]
    mesh.check_invariants()


def test_an_order_whose_payment_is_accepted_has_tickets(mesh: Mesh, screening: str, token: str,
                                                        reviewed: Reviewed) -> None:
    order = reviewed(-1)
    at_the_bank(mesh, order, "amount = amount + 1")

    decide(mesh, order, "pay")
    wait_until(lambda: status_of(mesh, order) == "paid", 60, "the tickets")
    assert [ticket["status"] for ticket in info(mesh, token, order)["tickets"]] == ["valid", "valid"]
    wait_until(lambda: mesh.seats(screening)[order["held"][0]] == "sold", 60, "the map")
    mesh.check_invariants()


@at_full_size
def test_a_dismissed_payment_goes_back_and_its_buyer_gets_a_message(mesh: Mesh, screening: str, token: str,
                                                                    reviewed: Reviewed) -> None:
    order = reviewed(+100)
    at_the_bank(mesh, order, "status = 'captured'")

    decide(mesh, order, "refund")
    wait_until(lambda: mesh.rows("payment", "SELECT 1 FROM sandbox_refund WHERE payment_id = :p AND amount = :a",
                                 p=order["payment"]["payment_id"], a=order["total"] + 100), 60, "the money to go back")
    wait_until(lambda: info(mesh, token, order)["refunded"] == order["total"] + 100, 60, "the order to say so")
    assert told(mesh, order)[-2:] == ["order.expired", "order.paid_late"]
    assert status_of(mesh, order) == "expired"
    mesh.check_invariants()


@pytest.mark.full_size("integration/order/test_reviewed_orders.py", "integration/model/test_stories.py")
def test_a_decision_that_arrives_before_its_review_ends_the_order(
        mesh: Mesh, screening: str, token: str) -> None:
    seats = [seat for seat, state in mesh.seats(screening).items() if state == "free"]
    order = buy(mesh, token, screening, seats[:1])
    paying = {**order, "payment": start(mesh, token, order)["payment"]}
    with mesh.without("order"):
        at_the_bank(mesh, paying, "amount = amount - 1")
        choose(mesh, paying, "pay")
        wait_until(lambda: mesh.rows("payment", "SELECT 1 FROM payment WHERE payment_id = :p AND status = 'review'",
                                     p=paying["payment"]["payment_id"]), 60, "the review")
        decide(mesh, order, "release")
        make_late(mesh, order)

    wait_until(lambda: status_of(mesh, order) == "expired", 60, "the order's end")
    mesh.check_invariants()


def test_an_order_in_review_without_a_payment_in_review_is_a_breach(mesh: Mesh, reviewed: Reviewed) -> None:
    order = reviewed(-1)
    change = "UPDATE payment SET status = :s WHERE payment_id = :p"
    mesh.rows("payment", change, s="cancelled", p=order["payment"]["payment_id"])
    try:
        with nameko.config.patch(mesh.settings, clear=True), Snapshot.open() as snapshot:
            breaches = list(reviews_have_their_payment(snapshot))
        assert [breach for breach in breaches if order["order_id"] in breach] == [
            f"order {order['order_id']} is in review, but none of its payments is"]
    finally:
        mesh.rows("payment", change, s="review", p=order["payment"]["payment_id"])
        decide(mesh, order, "release")


@at_full_size
def test_an_accepted_payment_for_a_cancelled_screening_goes_back(mesh: Mesh, token: str) -> None:
    screening = mesh.fresh_screening(40)
    order = buy(mesh, token, screening, list(mesh.seats(screening))[:1])
    paying = {**order, "payment": start(mesh, token, order)["payment"]}
    at_the_bank(mesh, paying, "amount = amount - 1")
    choose(mesh, paying, "pay")
    wait_until(lambda: status_of(mesh, order) == "review", 60, "the review")
    summary = mesh.post("/order/cancel_screening", mesh.staff(), screening_id=screening, dry_run=False,
                        reason="broken").json()
    assert (summary["orders_in_review"], summary["paid_orders"]) == (1, 0)

    at_the_bank(mesh, paying, "amount = amount + 1")
    decide(mesh, order, "pay")
    wait_until(lambda: status_of(mesh, order) == "refunded", 60, "the money to go back")
    assert info(mesh, token, order)["refunded"] == order["total"]
    mesh.check_invariants()


def test_an_order_whose_payment_was_reversed_loses_its_tickets_by_decision(mesh: Mesh, screening: str,
                                                                           token: str) -> None:
    seats = [seat for seat, state in mesh.seats(screening).items() if state == "free"][:2]
    order = buy(mesh, token, screening, seats)
    paid = mesh.post("/order/pay", token, order_id=order["order_id"], method="sandbox").json()
    assert paid["status"] == "paid"
    dispute(mesh, order)
    decide(mesh, order, "void")

    wait_until(lambda: status_of(mesh, order) == "refunded", 60, "the order's end")
    after = info(mesh, token, order)
    assert (after["end_reason"], after["refunded"]) == ("reversed", order["total"])
    assert [(ticket["status"], ticket["code"]) for ticket in after["tickets"]] == [("void", None)] * 2
    wait_until(lambda: [mesh.seats(screening)[seat] for seat in seats] == ["free", "free"], 60, "the seats to be free")
    assert mesh.rows("payment", "SELECT 1 FROM sandbox_refund JOIN sandbox_charge USING (payment_id) "
                                "WHERE order_id = :o", o=order["order_id"]) == []
    mesh.check_invariants()


@pytest.mark.full_size("integration/order/test_reviewed_orders.py")
def test_a_reversal_that_arrives_before_the_capture_is_applied_voids_the_tickets(mesh: Mesh, screening: str,
                                                                                 token: str) -> None:
    seats = [seat for seat, state in mesh.seats(screening).items() if state == "free"]
    order = buy(mesh, token, screening, seats[:1])
    paying = start(mesh, token, order)
    queue = "payment.captured:order.book_captured"
    with Connection(mesh.settings["AMQP_URI"]) as connection, connection.channel() as channel:
        with mesh.without("order"):
            choose(mesh, paying, "pay")
            captured = taken_about(channel, queue, order["order_id"])
            dispute(mesh, order)
            decide(mesh, order, "void")

        wait_until(lambda: status_of(mesh, order) == "refunded", 60, "the order's end")
        told_by_then = told(mesh, order)
        channel.basic_publish(captured, exchange="", routing_key=queue)
    wait_until(lambda: mesh.in_queues(queue) == 0, 60, "the late news")
    assert (status_of(mesh, order), told(mesh, order)) == ("refunded", told_by_then)
    mesh.check_invariants()
