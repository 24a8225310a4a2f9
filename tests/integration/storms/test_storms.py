"""Many buyers, few seats. The truth is read from MariaDB, then every invariant is checked."""

import random
import threading
from collections import Counter

import pytest

from testbed.crowd import Answer, Request, all_at_once
from testbed.halls import units
from testbed.mesh import Mesh, wait_until

pytestmark = pytest.mark.alone
SEED = 20261121


def port_of(mesh: Mesh) -> int:
    return int(mesh.environment["MARQUEE_PORT"])


def buy(token: str, screening: str, seats: list[str]) -> Request:
    return Request("/order/buy", token, {"screening_id": screening, "seats": seats})


def claims(mesh: Mesh, screening: str) -> dict[str, str]:
    """Seat id -> order id, from the referee."""
    rows = mesh.rows("order", "SELECT seat_id, order_id FROM seat_claim WHERE screening_id = :s", s=screening)
    return {row.seat_id: row.order_id for row in rows}


def check_all_or_nothing(mesh: Mesh, screening: str, answers: list[Answer]) -> None:
    """What buyers were told is exactly what MariaDB has: whole orders, and nothing else."""
    told = {seat["seat_id"]: answer.body["order_id"] for answer in answers if answer.status == 200
            for seat in answer.body["seats"]}
    assert sum(len(answer.body["seats"]) for answer in answers if answer.status == 200) == len(told), "sold twice"
    assert claims(mesh, screening) == told


def sell_out(mesh: Mesh, screening: str, disturb: threading.Thread | None = None) -> list[Answer]:
    """500 buyers, each after 1 to 4 seats or couple seats drawn by chance, again and again until nothing is left."""
    dice, answers = random.Random(SEED), list[Answer]()
    whole = units(mesh.get("/film/get_hall_info", screening_id=screening).json())
    if disturb:
        disturb.start()
    while free := [unit for unit in whole if not claims(mesh, screening).keys() & set(unit)]:
        wanted = [sum(dice.sample(free, min(len(free), dice.randint(1, 4))), []) for _ in range(500)]
        requests = [buy(token, screening, some) for token, some in zip(mesh.buyers(500), wanted, strict=True)]
        answers += all_at_once(port_of(mesh), requests)
    if disturb:
        disturb.join()
    return answers


def test_500_buyers_of_a_hall_of_200_get_200_seats_and_none_twice(mesh: Mesh) -> None:
    screening = mesh.fresh_screening(200)

    answers = sell_out(mesh, screening)

    assert set(Counter(answer.status for answer in answers)) == {200, 409}
    assert {answer.body["code"] for answer in answers if answer.status == 409} == {"seats_taken"}
    check_all_or_nothing(mesh, screening, answers)
    assert len(claims(mesh, screening)) == 200
    wait_until(lambda: set(mesh.seats(screening).values()) == {"held"}, what="a map without a free seat")
    mesh.check_invariants()


def test_one_of_a_hundred_buyers_gets_the_seat_twenty_times(mesh: Mesh) -> None:
    screening = mesh.fresh_screening(200)
    seats = list(mesh.seats(screening))[:20]

    for seat in seats:
        answers = all_at_once(port_of(mesh), [buy(token, screening, [seat]) for token in mesh.buyers(100)])
        statuses = Counter(answer.status for answer in answers)
        assert statuses == {200: 1, 409: 99}, f"seat {seat}"
    assert len(claims(mesh, screening)) == 20
    mesh.check_invariants()


def test_overlapping_sets_of_four_seats_are_never_split(mesh: Mesh) -> None:
    screening, dice = mesh.fresh_screening(200), random.Random(SEED)
    pool = list(mesh.seats(screening))[:40]

    answers = all_at_once(port_of(mesh), [buy(token, screening, dice.sample(pool, 4)) for token in mesh.buyers(200)])

    assert set(Counter(answer.status for answer in answers)) == {200, 409}
    check_all_or_nothing(mesh, screening, answers)
    assert all(count == 4 for count in Counter(claims(mesh, screening).values()).values())
    wait_until(lambda: {s for s, state in mesh.seats(screening).items() if state != "free"} ==
               set(claims(mesh, screening)), what="a map that shows exactly the claims")
    mesh.check_invariants()


def test_a_redis_emptied_ten_times_in_the_middle_of_the_sale_changes_nothing(mesh: Mesh) -> None:
    screening = mesh.fresh_screening(200)
    stop = threading.Event()

    def empty_redis() -> None:
        for _ in range(10):
            mesh.redis.flushall()  # a private Redis, of this test run only
            if stop.wait(0.15):
                return

    answers = sell_out(mesh, screening, threading.Thread(target=empty_redis))
    stop.set()

    assert set(Counter(answer.status for answer in answers)) <= {200, 409}
    check_all_or_nothing(mesh, screening, answers)
    assert len(claims(mesh, screening)) == 200
    wait_until(lambda: set(mesh.seats(screening).values()) == {"held"}, what="the map rebuilt from MariaDB")
    mesh.check_invariants()


@pytest.fixture
def no_referee(mesh: Mesh) -> object:
    """The guard removed: MariaDB no longer minds two claims on one seat."""
    mesh.rows("order", "ALTER TABLE seat_claim DROP PRIMARY KEY, ADD PRIMARY KEY (screening_id, seat_id, order_id)")
    yield
    mesh.rows("order", "DELETE c FROM seat_claim c JOIN seat_claim d ON c.screening_id = d.screening_id "
                       "AND c.seat_id = d.seat_id AND c.order_id > d.order_id")
    mesh.rows("order", "DELETE FROM orders WHERE status = 'created' AND order_id NOT IN "
                       "(SELECT order_id FROM seat_claim)")
    mesh.rows("order", "DELETE FROM outbox WHERE about NOT IN (SELECT order_id FROM orders)")
    mesh.rows("order", "ALTER TABLE seat_claim DROP PRIMARY KEY, ADD PRIMARY KEY (screening_id, seat_id)")


def test_without_the_referee_a_lost_redis_sells_a_seat_twice(mesh: Mesh, no_referee: object) -> None:
    """The negative control: it is the primary key, not the board, that keeps the promise."""
    screening = mesh.fresh_screening(200)
    seat = next(iter(mesh.seats(screening)))
    key = f"seats:{{{screening}}}"
    sold = 0
    for token in mesh.buyers(5):
        mesh.redis.hdel(key, seat)  # Redis forgets this one hold
        sold += mesh.post("/order/buy", token, screening_id=screening, seats=[seat]).status_code == 200

    assert sold > 1
    assert mesh.operate("check", check=False).returncode != 0
