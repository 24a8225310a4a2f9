"""A hanging room stops the requests that need it, and no others."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from testbed.crowd import Request, all_at_once
from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import buy, info
from tests.drivers.snack_orders import SKU

CROWD = 40  # twice as many as the order room has workers
SOON = 9.0  # seconds; whoever waits for a worker of a full room waits for ten


@contextmanager
def crowd(mesh: Mesh, room: str, requests: list[Request]) -> Iterator[None]:
    """These requests wait for a hanging room during the block; afterwards each has been refused with 503 or 504."""
    with ThreadPoolExecutor(1) as thread, mesh.paused(room):
        answers = thread.submit(all_at_once, int(mesh.environment["MARQUEE_PORT"]), requests)
        yield
        assert {answer.status for answer in answers.result()} <= {503, 504}


def others_are_served(mesh: Mesh) -> None:
    """Other buyers buy, also for a screening that the film room must be asked about, and list their orders."""
    token, other = mesh.buyer(), mesh.fresh_screening(320)
    seat = next(iter(mesh.seats(other)))
    asked = time.monotonic()
    bought = mesh.post("/order/buy", token, screening_id=other, seats=[seat])
    listed = mesh.get("/order/get_list", token)
    assert (bought.status_code, listed.status_code) == (200, 200), (bought.text, listed.text)
    assert time.monotonic() - asked < SOON


@pytest.mark.full_size("integration/order/test_hanging_rooms.py", "integration/foundation/test_deadlines.py")
def test_seats_are_sold_while_the_payment_room_hangs(mesh: Mesh, screening: str, seats: list[str]) -> None:
    buyers, port = mesh.buyers(CROWD), int(mesh.environment["MARQUEE_PORT"])
    bought = all_at_once(port, [Request("/order/buy", token, {"screening_id": screening, "seats": [seat]})
                                for token, seat in zip(buyers, seats, strict=False)])
    orders = [answer.body["order_id"] for answer in bought]
    pays = [Request("/order/pay", token, {"order_id": order_id, "method": "sandbox"})
            for token, order_id in zip(buyers, orders, strict=True)]
    paying = "SELECT COUNT(*) FROM orders WHERE status = 'paying' AND screening_id = :s"
    with crowd(mesh, "payment", pays):
        wait_until(lambda: mesh.rows("order", paying, s=screening)[0][0] >= 10, what="the buyers to be paying")
        others_are_served(mesh)
    wait_until(lambda: {answer.status for answer in all_at_once(port, pays)} == {200}, 60, "everybody to have paid")
    mesh.check_invariants()


def test_a_buyer_whose_payment_room_is_killed_hears_of_it_at_once_and_pays_once(
    mesh: Mesh, screening: str, seats: list[str],
) -> None:
    token, key = mesh.buyer(), "paid-once"
    order = buy(mesh, token, screening, seats[:1])
    pay = Request("/order/pay", token, {"order_id": order["order_id"], "method": "sandbox"}, key)
    port = int(mesh.environment["MARQUEE_PORT"])
    mesh.kill("payment", signal.SIGSTOP)
    with ThreadPoolExecutor(1) as thread:
        paying = thread.submit(all_at_once, port, [pay])
        wait_until(lambda: info(mesh, token, order)["status"] == "paying", what="the payment to begin")
        mesh.kill("payment")
        [answer] = paying.result()
    assert (answer.status, answer.body["code"]) == (503, "outcome_unknown"), "a deadline would be a 504"
    wait_until(lambda: {each.status for each in all_at_once(port, [pay])} == {200}, 60, "the repeated request")
    mesh.check_invariants()


@pytest.mark.full_size("integration/order/test_hanging_rooms.py")
def test_seats_are_sold_while_the_kitchen_hangs(mesh: Mesh, screening: str, seats: list[str]) -> None:
    snacks = [{"sku": SKU, "quantity": 1}]
    buys = [Request("/order/buy", token, {"screening_id": screening, "seats": [seat], "snacks": snacks})
            for token, seat in zip(mesh.buyers(CROWD), seats, strict=False)]
    with crowd(mesh, "kitchen", buys):
        wait_until(lambda: "held" in mesh.seats(screening).values(), what="the buyers to wait for their popcorn")
        others_are_served(mesh)
    mesh.check_invariants()
