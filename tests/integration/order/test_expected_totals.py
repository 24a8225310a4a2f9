"""A buyer who names the expected total pays that or nothing: at a changed price no seat and no snack is taken."""

from typing import Any

import pytest

from testbed.mesh import Mesh, wait_until
from tests.drivers.snack_orders import let_reservations_end, menu, snacks_left


@pytest.fixture(scope="module")
def screening(mesh: Mesh) -> str:
    return mesh.fresh_screening(200)


@pytest.fixture
def seats(mesh: Mesh, screening: str) -> list[str]:
    return [seat for seat, state in mesh.seats(screening).items() if state == "free"]


def prices(mesh: Mesh, screening: str) -> dict[str, int]:
    chart = mesh.get("/film/get_hall_info", screening_id=screening).json()["chart"]
    return {seat["seat_id"]: seat["price"] for seat in chart["seats"]}


def buy(mesh: Mesh, token: str, **fields: Any) -> tuple[int, dict[str, Any]]:
    reply = mesh.post("/order/buy", token, "one-key", **fields)
    return reply.status_code, dict(reply.json())


def assert_nothing_is_taken(mesh: Mesh, screening: str, seat: str) -> None:
    assert mesh.seats(screening)[seat] == "free"
    assert mesh.rows("order", "SELECT 1 FROM seat_claim WHERE screening_id = :s AND seat_id = :seat", s=screening,
                     seat=seat) == []


def test_seats_at_a_changed_price_are_not_sold(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token, price = mesh.buyer(), prices(mesh, screening)[seats[0]]
    wish: dict[str, Any] = {"screening_id": screening, "seats": seats[:1]}
    for wrong in (price - 1, price + 1, 0):
        status, refusal = buy(mesh, token, **wish, total=wrong)
        assert (status, refusal["code"], refusal["total"]) == (409, "price_changed", price)
        assert refusal["seats"] == [{"seat_id": seats[0], "price": price}]
        assert (refusal["snacks"], refusal["currency"]) in [([], "EUR"), ([], "CNY")]
        assert_nothing_is_taken(mesh, screening, seats[0])

    status, order = buy(mesh, token, **wish, total=price)
    assert (status, order["total"]) == (200, price)
    mesh.check_invariants()


def test_snacks_at_a_changed_price_are_sold_on_the_second_try(mesh: Mesh, screening: str, seats: list[str]) -> None:
    cinema = mesh.get("/film/get_hall_info", screening_id=screening).json()["screening"]["cinema"]["cinema_id"]
    let_reservations_end(mesh, cinema)
    sku, snack = max(menu(mesh, cinema).items())
    token, seat, before = mesh.buyer(), prices(mesh, screening)[seats[0]], snacks_left(mesh, cinema, sku)
    wish = {"screening_id": screening, "seats": seats[:1], "snacks": [{"sku": sku, "quantity": 2}]}
    dearer = "UPDATE snack SET price = price + :more WHERE cinema_id = :c AND sku = :s"
    mesh.rows("kitchen", dearer, c=cinema, s=sku, more=50)
    try:
        status, refusal = buy(mesh, token, **wish, total=seat + 2 * snack["price"])
        assert (status, refusal["code"], refusal["total"]) == (409, "price_changed", seat + 2 * snack["price"] + 100)
        assert [(each["sku"], each["price"]) for each in refusal["snacks"]] == [(sku, snack["price"] + 50)]
        assert_nothing_is_taken(mesh, screening, seats[0])
        wait_until(lambda: snacks_left(mesh, cinema, sku) == before, what="the snacks to be on sale again")

        status, order = buy(mesh, token, **wish, total=refusal["total"])
        assert (status, order["total"]) == (200, refusal["total"])
    finally:
        mesh.rows("kitchen", dearer, c=cinema, s=sku, more=-50)
    mesh.check_invariants()
