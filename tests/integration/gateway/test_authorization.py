"""The authorization matrix, tried over HTTP: every public method for every kind of caller.

In CI it is tried with one caller for each answer that a method has; tests/contracts compares every cell with the
contract.
"""

import random
from typing import Any

import pytest
import requests

from testbed.mesh import Mesh
from tests.contracts.authorization import CALLERS, MATRIX, OWN_THINGS
from tests.drivers.kept_cards import keep_card
from tests.drivers.orders import buy, info, pay
from tests.drivers.snack_orders import SKU, bought_and_paid
from tests.sizes import Size

REFUSED = {"unauthenticated": "1", "forbidden": "3"}


def cell(reply: requests.Response) -> str:
    """What the matrix calls this reply. A request that is let through may be refused for another reason."""
    if reply.status_code < 400:
        return "+"
    assert reply.status_code < 500, reply.text
    return REFUSED.get(reply.json()["code"], "+")


@pytest.fixture(scope="module")
def screening(mesh: Mesh) -> str:
    return mesh.fresh_screening(320)


@pytest.fixture(scope="module")
def cinema(mesh: Mesh, screening: str) -> str:
    return str(mesh.get("/film/get_hall_info", screening_id=screening).json()["screening"]["cinema"]["cinema_id"])


@pytest.fixture(scope="module")
def tokens(mesh: Mesh, cinema: str) -> dict[str, str | None]:
    """A token for each kind of caller."""
    roles = {"buyer": "[]", "cook here": f'["cook@{cinema}"]', "cook elsewhere": '["cook@another-cinema"]',
             "revoked": '["admin"]'}
    tokens = {caller: mesh.buyers(1, roles.get(caller, f'["{caller}"]'))[0] for caller in CALLERS[2:]}
    assert mesh.get("/user/get_profile", tokens["revoked"]).status_code == 200  # so that every cache knows it
    assert mesh.post("/user/logout", tokens["revoked"]).status_code == 200
    return {"signed out": None, "guest": mesh.post("/user/start_guest").json()["token"], **tokens}


@pytest.fixture(scope="module")
def about_the_cinema(mesh: Mesh, screening: str, cinema: str) -> dict[str, dict[str, Any]]:
    """The fields of a call to each method that concerns a cinema, so that the room gets as far as to look for it."""
    seats = [seat for seat, state in mesh.seats(screening).items() if state == "free"][:2]
    _, ticket = bought_and_paid(mesh, screening, seats, (SKU, 1))
    order = {"order_id": ticket["order_id"]}
    return {
        "kitchen.get_queue": {"cinema_id": cinema}, "kitchen.start": order, "kitchen.finish": order,
        "kitchen.hand_over": order, "kitchen.undo": {**order, "status": "ready"},
        "kitchen.restock": {"cinema_id": cinema, "sku": "no-such-snack", "stock": 1},
        "order.cancel_screening": {"screening_id": screening, "dry_run": True},
    }


@pytest.mark.parametrize("name", sorted(MATRIX))
def test_a_method_serves_only_the_callers_of_the_matrix(
    mesh: Mesh, tokens: dict[str, str | None], about_the_cinema: dict[str, dict[str, Any]], name: str, size: Size,
    seed: int,
) -> None:
    # No method has this field: a caller who is let through is told so, and nothing happens.
    fields = about_the_cinema.get(name, {"no_such_field": 1})
    path = "/" + name.replace(".", "/")

    expected = dict(zip(CALLERS, MATRIX[name], strict=True))
    callers = list(tokens) if size.matrix else one_for_each_answer(expected, random.Random(f"{seed} {name}"))

    found = {caller: cell(mesh.post(path, tokens[caller], **fields)) for caller in callers}

    assert found == {caller: expected[caller] for caller in callers}


def one_for_each_answer(cells: dict[str, str], dice: random.Random) -> list[str]:
    return [dice.choice([caller for caller, its in cells.items() if its == answer])
            for answer in sorted(set(cells.values()))]


POSTAL = {"name": "Ada", "street": "Quay 7", "city": "Paris", "country": "FR"}


def test_a_member_reaches_nothing_of_another_member(mesh: Mesh, screening: str) -> None:
    owner, stranger = mesh.buyers(2)
    seats = [seat for seat, state in mesh.seats(screening).items() if state == "free"][:6]
    order, strangers = buy(mesh, owner, screening, seats[:2]), buy(mesh, stranger, screening, seats[2:4])
    [card] = keep_card(mesh, owner, kept := buy(mesh, owner, screening, seats[4:5]))
    pay(mesh, stranger, paid := buy(mesh, stranger, screening, seats[5:]))
    address = mesh.post("/user/save_address", owner, **POSTAL).json()
    [session] = mesh.get("/user/get_sessions", owner).json()["sessions"]
    things = {"order_id": order["order_id"], "address_id": address["address_id"], "session_id": session["session_id"],
              "card_id": card["card_id"]}
    more = {("order.pay", "order_id"): {"method": "sandbox"},
            ("order.pay", "card_id"): {"method": "card", "return_url": "/", "order_id": strangers["order_id"]},
            ("order.get_receipt", "address_id"): {"order_id": paid["order_id"]},
            ("user.save_address", "address_id"): {**POSTAL, "city": "Lyon"}}
    before = {**info(mesh, owner, order), "server_time": None}

    def codes(token: str) -> dict[tuple[str, str], tuple[int, str | None]]:
        replies = {thing: mesh.post("/" + thing[0].replace(".", "/"), token, **{thing[1]: things[thing[1]]},
                                    **more.get(thing, {})) for thing in sorted(OWN_THINGS)}
        return {thing: (reply.status_code, reply.json().get("code")) for thing, reply in replies.items()}

    # What is not there has ended or is removed: those two change nothing, and say so.
    idempotent = {"user.end_session": (200, None), "user.remove_address": (200, None)}
    refused = {"order_id": (404, "unknown_order"), "address_id": (404, "unknown_address"),
               "card_id": (404, "unknown_card")}
    assert codes(stranger) == {(name, field): idempotent.get(name) or refused[field] for name, field in OWN_THINGS}
    assert {**info(mesh, owner, order), "server_time": None} == before
    assert mesh.get("/user/get_addresses", owner).json()["addresses"] == [address]
    assert mesh.get("/payment/get_cards", owner).json() == [card]
    assert mesh.get("/payment/get_cards", stranger).json() == []
    own = mesh.get("/order/get_list", stranger).json()["orders"]
    assert {each["order_id"] for each in own} == {strangers["order_id"], paid["order_id"]}
    more["order.pay", "card_id"]["order_id"] = order["order_id"]
    more["order.get_receipt", "address_id"]["order_id"] = kept["order_id"]
    assert {status for status, _ in codes(owner).values()} & {403, 404} == set()
    assert mesh.get("/user/get_sessions", owner).status_code == 401  # which ended it, last of all
