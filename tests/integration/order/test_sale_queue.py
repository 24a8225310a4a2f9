"""A screening with a queue: who buys, who waits, and what managers and the desk do."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from testbed.mesh import Mesh, wait_until


@pytest.fixture
def hall(mesh: Mesh) -> Iterator[str]:
    """A screening whose queue a manager has opened; numbers are given by arrival."""
    screening = mesh.fresh_screening(40)
    assert switch(mesh, "open", screening, draw_at=past())["mode"] == "hand"
    yield screening
    switch(mesh, "close", screening)


def past() -> str:
    return (dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)).isoformat()


def switch(mesh: Mesh, to: str, screening: str, **fields: Any) -> dict[str, Any]:
    reply = mesh.post(f"/order/{to}_queue", mesh.staff(), screening_id=screening, **fields)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


@pytest.fixture
def buy(mesh: Mesh, hall: str) -> Callable[..., requests.Response]:
    free = iter([seat for seat, state in mesh.seats(hall).items() if state == "free"])
    return lambda token, key=None, **fields: mesh.post(
        "/order/buy", token, key, **{"screening_id": hall, "seats": [next(free)], **fields})


def join(mesh: Mesh, token: str, hall: str) -> dict[str, Any]:
    reply = mesh.post("/order/join_queue", token, screening_id=hall)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def code(reply: requests.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


def test_a_buyer_waits_for_a_pass_and_buys_with_it(
        mesh: Mesh, hall: str, buy: Callable[..., requests.Response]) -> None:
    ada, ben = mesh.buyers(2)
    refused = buy(ada)
    assert code(refused) == (409, "queue_required")
    assert (refused.json()["waiting"], refused.json()["draw_at"]) == (0, None)
    assert code(mesh.get("/order/get_place", ada, screening_id=hall)) == (404, "not_in_queue")

    place = join(mesh, ada, hall)
    assert (place["status"], place["number"]) == ("admitted", None)
    assert join(mesh, ada, hall)["pass"] == mesh.get("/order/get_place", ada, screening_id=hall).json()["pass"]
    assert code(buy(ben, **{"pass": place["pass"]})) == (409, "queue_required")
    assert code(buy(ada, **{"pass": place["pass"][:-1]})) == (409, "queue_required")
    seats = list(mesh.seats(hall))[20:21]
    bought = buy(ada, "the-key", seats=seats, **{"pass": place["pass"]})
    assert bought.status_code == 200, bought.text
    repeated = buy(ada, "the-key", seats=seats)     # the pass is no part of what was bought
    assert repeated.json()["order_id"] == bought.json()["order_id"]


def test_people_wait_in_the_order_of_their_numbers(mesh: Mesh, hall: str) -> None:
    """With passes for 50, and five people let in a second: of those who join at once, some wait a moment."""
    tokens = mesh.buyers(12)
    places = [join(mesh, token, hall) for token in tokens]
    waiting = [place for place in places if place["status"] == "waiting"]
    numbers = [place["number"] for place in waiting]
    assert numbers == sorted(set(numbers))
    assert all(place["people_before"] < place["number"] and place["wait_seconds"] >= 1 for place in waiting)
    assert {place["pass"] for place in waiting} <= {None}
    wait_until(lambda: {mesh.get("/order/get_place", token, screening_id=hall).json()["status"] for token in tokens}
               == {"admitted"}, 60, "everybody's turn")


def test_before_the_sale_begins_nobody_buys_and_numbers_are_not_drawn(mesh: Mesh) -> None:
    screening, ada = mesh.fresh_screening(40), mesh.buyer()
    begins = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    switch(mesh, "open", screening, draw_at=begins.isoformat())
    place = join(mesh, ada, screening)
    assert (place["status"], place["number"], place["pass"]) == ("drawing", None, None)
    assert abs(dt.datetime.fromisoformat(place["draw_at"]) - begins) < dt.timedelta(milliseconds=2)
    refused = mesh.post("/order/buy", ada, screening_id=screening, seats=list(mesh.seats(screening))[:1])
    assert code(refused) == (409, "queue_required")
    assert refused.json()["draw_at"] == place["draw_at"]
    closed = switch(mesh, "close", screening)
    assert (closed["mode"], join(mesh, ada, screening)["status"]) == ("closed", "off")


def test_the_desk_sells_without_a_pass(mesh: Mesh, hall: str, buy: Callable[..., requests.Response]) -> None:
    cinema = mesh.get("/film/get_hall_info", screening_id=hall).json()["screening"]["cinema"]["cinema_id"]
    [here] = mesh.buyers(1, json.dumps([f"cashier@{cinema}"]))
    [elsewhere] = mesh.buyers(1, json.dumps(["cashier@elsewhere"]))
    assert buy(here).status_code == 200
    assert code(buy(elsewhere)) == (409, "queue_required")


def test_only_managers_of_the_cinema_change_a_queue(mesh: Mesh, hall: str) -> None:
    for roles in ([], ["cook"], ["manager@elsewhere"]):
        [token] = mesh.buyers(1, json.dumps(roles))
        assert mesh.post("/order/close_queue", token, screening_id=hall).status_code == 403
    unknown = mesh.post("/order/open_queue", mesh.staff(), screening_id="nowhere")
    assert code(unknown) == (404, "unknown_screening")


def test_a_queue_lost_with_redis_lets_everybody_buy(
        mesh: Mesh, hall: str, buy: Callable[..., requests.Response]) -> None:
    ada = mesh.buyer()
    join(mesh, ada, hall)
    mesh.redis.delete(*mesh.redis.keys(f"queue:{{{hall}}}*"))
    assert mesh.get("/order/get_place", ada, screening_id=hall).json()["status"] == "off"
    assert buy(ada).status_code == 200
