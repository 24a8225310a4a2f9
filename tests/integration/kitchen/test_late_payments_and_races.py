"""Snacks that are paid late, and cooks and buyers who act at the same moment."""

from typing import Any

import pytest

from testbed.crowd import Request, all_at_once
from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import buy, charge, info, make_late, refunds
from tests.drivers.snack_orders import (
    SKU,
    bought_and_paid,
    let_reservations_end,
    menu,
    restock,
    snacks_left,
    ticket_of,
    wait_for_step,
)

at_full_size = pytest.mark.full_size(
    "integration/kitchen/test_late_payments_and_races.py", "integration/model/test_model.py")


def expired_order(mesh: Mesh, screening: str, seat: str) -> tuple[str, dict[str, Any]]:
    """The token of a buyer, and an order with a popcorn that expired unpaid."""
    token = mesh.buyer()
    order = buy(mesh, token, screening, [seat], (SKU, 1))
    make_late(mesh, order)
    wait_for_step(mesh, token, order, "released")
    return token, order


def test_a_late_payment_gets_popcorn_that_is_still_there(mesh: Mesh, screening: str, cinema: str, seats: list[str],
                                                         staff: str) -> None:
    before = snacks_left(mesh, cinema)
    token, order = expired_order(mesh, screening, seats[0])
    assert snacks_left(mesh, cinema) == before
    charge(mesh, order)

    wait_for_step(mesh, token, order, "new")
    assert info(mesh, token, order)["status"] == "paid"
    assert ticket_of(mesh, staff, order)["short"] is False
    assert snacks_left(mesh, cinema) == before - 1
    mesh.check_invariants()


def test_a_late_payment_for_popcorn_sold_meanwhile_makes_a_ticket_with_snacks_missing(
    mesh: Mesh, screening: str, cinema: str, seats: list[str], staff: str,
) -> None:
    restock(mesh, staff, cinema, 1)
    token, order = expired_order(mesh, screening, seats[0])
    bought_and_paid(mesh, screening, seats[1:2], (SKU, 1))
    assert snacks_left(mesh, cinema) == 0
    charge(mesh, order)

    wait_for_step(mesh, token, order, "new")
    ticket = ticket_of(mesh, staff, order)
    assert (ticket["short"], [snack["missing"] for snack in ticket["snacks"]]) == (True, [1])
    assert snacks_left(mesh, cinema) == 0
    # Given back, it gives the stock nothing that it did not take, and the buyer everything.
    mesh.post("/order/refund", token, order_id=order["order_id"])
    wait_until(lambda: info(mesh, token, order)["status"] == "refunded", 60, "the refund")
    assert info(mesh, token, order)["refunded"] == order["total"]
    assert snacks_left(mesh, cinema) == 0
    mesh.check_invariants()
    restock(mesh, staff, cinema, 200)


@at_full_size
def test_a_cook_and_a_refund_at_once_agree_which_was_first(mesh: Mesh, screening: str, cinema: str, seats: list[str],
                                                           staff: str) -> None:
    sold = [bought_and_paid(mesh, screening, [seat], (SKU, 1)) for seat in seats[:8]]
    before = snacks_left(mesh, cinema)
    answers = all_at_once(int(mesh.environment["MARQUEE_PORT"]), [
        Request(path, who, {"order_id": order["order_id"]})
        for token, order in sold for path, who in (("/kitchen/start", staff), ("/order/refund", token))])

    given_up = 0
    for (token, order), started in zip(sold, answers[::2], strict=True):
        wait_until(lambda t=token, o=order: info(mesh, t, o)["status"] == "refunded", 60, "the refund")  # type: ignore[misc]
        begun, price = started.status == 200, order["snacks"][0]["price"]
        assert begun or (started.body["code"], started.body["step"]) == ("kitchen_step_taken", "given_up")
        wait_for_step(mesh, token, order, "preparing" if begun else "given_up")
        assert refunds(mesh, order)["snacks"] == ((0, price, "done") if begun else (price, 0, "done"))
        given_up += not begun
    assert snacks_left(mesh, cinema) == before + given_up
    mesh.check_invariants()


@at_full_size
def test_a_cook_and_a_cancelled_screening_at_once_refund_everything(mesh: Mesh, staff: str) -> None:
    """Everybody gets everything back; what was not begun is on sale again, what was begun is not."""
    screening = mesh.fresh_screening(40)
    cinema = str(mesh.get("/film/get_hall_info", screening_id=screening).json()["screening"]["cinema"]["cinema_id"])
    let_reservations_end(mesh, cinema)
    snack = sorted(menu(mesh, cinema))[0]
    sold = [bought_and_paid(mesh, screening, [seat], (snack, 1)) for seat in list(mesh.seats(screening))[:8]]
    before = snacks_left(mesh, cinema, snack)
    cancel = Request("/order/cancel_screening", staff,
                     {"screening_id": screening, "dry_run": False, "reason": "broken"})
    started = all_at_once(int(mesh.environment["MARQUEE_PORT"]), [cancel, *(
        Request("/kitchen/start", staff, {"order_id": order["order_id"]}) for _, order in sold)])[1:]

    for (token, order), answer in zip(sold, started, strict=True):
        wait_until(lambda t=token, o=order: info(mesh, t, o)["status"] == "refunded", 60, "the refund")  # type: ignore[misc]
        assert info(mesh, token, order)["refunded"] == order["total"]
        wait_for_step(mesh, token, order, "preparing" if answer.status == 200 else "given_up")
    assert snacks_left(mesh, cinema, snack) == before + sum(answer.status != 200 for answer in started)
    mesh.check_invariants()
