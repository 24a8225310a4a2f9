"""Couple seats and companion places: over HTTP, on the map, in the count of free seats."""

import pytest

from testbed.mesh import Mesh
from tests.drivers.orders import buy, pay


@pytest.fixture(scope="module")
def screening(mesh: Mesh) -> str:
    return mesh.fresh_screening(320)


def test_half_a_couple_seat_is_neither_sold_nor_refunded(mesh: Mesh, screening: str) -> None:
    token, couple = mesh.buyer(), ["N7", "N8"]
    for some, missing in ((["N8"], ["N7"]), (["N6", "N7"], ["N5", "N8"])):
        reply = mesh.post("/order/buy", token, screening_id=screening, seats=some)
        assert (reply.status_code, reply.json()["code"]) == (422, "couple_seat_parted"), reply.text
        assert reply.json()["missing"] == missing
    assert [mesh.seats(screening)[seat] for seat in couple] == ["free", "free"]

    order = buy(mesh, token, screening, [*couple, "M1"])
    pay(mesh, token, order)
    for half in couple:
        reply = mesh.post("/order/refund", token, order_id=order["order_id"], seats=[half])
        assert (reply.status_code, reply.json()["code"]) == (422, "couple_seat_parted"), reply.text
    assert mesh.rows("order", "SELECT COUNT(*) AS n FROM refund WHERE order_id = :o", o=order["order_id"])[0].n == 0
    back = mesh.post("/order/refund", token, order_id=order["order_id"], seats=couple).json()
    assert back["status"] == "part_refunded"
    assert {seat["seat_id"]: seat.get("goes_with") for seat in mesh.get(
        "/order/refund_preview", token, order_id=order["order_id"]).json()["seats"]} == {"M1": None}


def test_the_half_of_an_older_order_is_refunded_alone_and_not_offered(mesh: Mesh, screening: str) -> None:
    token = mesh.buyer()
    order = buy(mesh, token, screening, ["N9", "N10"])
    pay(mesh, token, order)
    left = mesh.get("/film/get_hall_info", screening_id=screening).json()["screening"]["seats_left"]
    mesh.rows("order", "UPDATE orders SET seats = REPLACE(REPLACE(seats, ', \"goes_with\": \"N9\"', ''), "
                       "', \"goes_with\": \"N10\"', '') WHERE order_id = :o", o=order["order_id"])

    assert mesh.post("/order/refund", token, order_id=order["order_id"], seats=["N9"]).status_code == 200

    hall = mesh.get("/film/get_hall_info", screening_id=screening).json()
    assert hall["screening"]["seats_left"] == left
    assert {seat["seat_id"]: seat["state"] for seat in hall["seats"]}["N9"] == "sold"
    assert mesh.post("/order/refund", token, order_id=order["order_id"], seats=["N10"]).json()["status"] == "refunded"
    mesh.check_invariants()


def test_a_companion_place_needs_a_wheelchair_place_of_the_same_order(mesh: Mesh, screening: str) -> None:
    token = mesh.buyer()
    reply = mesh.post("/order/buy", token, screening_id=screening, seats=["G2"])
    assert (reply.status_code, reply.json()["code"], reply.json()["seats"]) == (422, "companion_alone", ["G2"])

    order = buy(mesh, token, screening, ["G1", "G2"])
    pay(mesh, token, order)
    alone = mesh.post("/order/refund", token, order_id=order["order_id"], seats=["G1"])
    assert (alone.status_code, alone.json()["code"], alone.json()["seats"]) == (422, "companion_alone", ["G2"])
    assert mesh.post("/order/refund", token, order_id=order["order_id"]).json()["status"] == "refunded"


def test_the_demo_audience_buys_whole_couple_seats(mesh: Mesh) -> None:
    """It buys as any buyer does, so half a couple seat is refused to it, too."""
    rows = mesh.rows("order", "SELECT screening_id, seat_id FROM seat_claim JOIN orders USING (order_id, screening_id) "
                              "WHERE buyer_id LIKE 'demo-audience-%'")
    couples = 0
    for screening_id in {row.screening_id for row in rows}:
        mesh.wait_for_map(screening_id)  # Redis may have forgotten it
        hall = mesh.get("/film/get_hall_info", screening_id=screening_id).json()
        taken = {row.seat_id for row in rows if row.screening_id == screening_id}
        halves = {seat["seat_id"]: seat["goes_with"] for seat in hall["chart"]["seats"] if "goes_with" in seat}
        assert {halves[seat] for seat in taken & halves.keys()} == taken & halves.keys()
        couples += len(taken & halves.keys()) // 2
    assert couples
