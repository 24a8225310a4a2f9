"""Free seats: there is nothing to pay, so no provider is asked."""

import json

import pytest

from services.foundation.ids import new_id
from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import buy, make_late, status_of


@pytest.fixture
def screening(mesh: Mesh) -> str:
    """Like another one, and free."""
    like, free = mesh.fresh_screening(40), new_id()
    [row] = mesh.rows("film", "SELECT * FROM screening WHERE screening_id = :s", s=like)
    prices = json.dumps(dict.fromkeys(json.loads(row.prices), 0))
    mesh.rows("film", f"INSERT INTO screening ({', '.join(row._mapping)}) VALUES "
                      f"({', '.join(f':{name}' for name in row._mapping)})",
              **{**row._mapping, "screening_id": free, "prices": prices, "price_from": 0})
    mesh.given_out.add(free)
    mesh.wait_for_map(free)
    return free


def test_a_free_order_has_its_tickets_at_once(mesh: Mesh, screening: str) -> None:
    token, seats = mesh.buyer(), list(mesh.seats(screening))
    order = buy(mesh, token, screening, seats[:2])
    assert order["total"] == 0

    paid = mesh.post("/order/pay", token, order_id=order["order_id"], method="card", return_url="/order/1").json()

    assert (paid["status"], [ticket["status"] for ticket in paid["tickets"]]) == ("paid", ["valid", "valid"])
    assert paid["payment"] == {"payment_id": None, "status": "captured", "redirect_url": None, "reason": None}
    assert mesh.rows("payment", "SELECT 1 FROM payment WHERE order_id = :o", o=order["order_id"]) == []
    back = mesh.post("/order/refund", token, order_id=order["order_id"]).json()
    assert (back["status"], back["refunded"]) == ("refunded", 0)
    mesh.check_invariants()


def test_an_unclaimed_free_order_expires(mesh: Mesh, screening: str) -> None:
    order = buy(mesh, mesh.buyer(), screening, list(mesh.seats(screening))[:1])
    make_late(mesh, order)
    wait_until(lambda: status_of(mesh, order) == "expired", 30, "the order's end")
    mesh.check_invariants()
