"""Many buyers want few seats. MariaDB says who got them, then every invariant is checked."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from testbed.crowd import Answer, Request, all_at_once
from testbed.halls import units
from testbed.mesh import Mesh, wait_until
from tests.drivers.commands import command
from tests.sizes import Size

pytestmark = pytest.mark.alone
Tell = Callable[[str, object], None]


def port_of(mesh: Mesh) -> int:
    return int(mesh.environment["MARQUEE_PORT"])


def buy(token: str, screening: str, seats: list[str]) -> Request:
    return Request("/order/buy", token, {"screening_id": screening, "seats": seats})


def claims(mesh: Mesh, screening: str) -> dict[str, str]:
    """Seat id -> order id, as MariaDB has it."""
    rows = mesh.rows("order", "SELECT seat_id, order_id FROM seat_claim WHERE screening_id = :s", s=screening)
    return {row.seat_id: row.order_id for row in rows}


def check_all_or_nothing(mesh: Mesh, screening: str, answers: list[Answer]) -> None:
    """The buyers were told exactly what MariaDB has: whole orders, and nothing else."""
    told = {seat["seat_id"]: answer.body["order_id"] for answer in answers if answer.status == 200
            for seat in answer.body["seats"]}
    assert sum(len(answer.body["seats"]) for answer in answers if answer.status == 200) == len(told), "sold twice"
    assert claims(mesh, screening) == told


def sell_out(mesh: Mesh, screening: str, buyers: int, seed: int) -> list[Answer]:
    """So many buyers at once want 1 to 4 seats or couple seats, drawn by chance; again until all seats are sold."""
    dice, answers = random.Random(seed), list[Answer]()
    whole = units(mesh.get("/film/get_hall_info", screening_id=screening).json())
    while free := [unit for unit in whole if not claims(mesh, screening).keys() & set(unit)]:
        wanted = [sum(dice.sample(free, min(len(free), dice.randint(1, 4))), []) for _ in range(buyers)]
        requests = [buy(token, screening, some) for token, some in zip(mesh.buyers(buyers), wanted, strict=True)]
        answers += all_at_once(port_of(mesh), requests)
    return answers


def test_a_crowd_buys_every_seat_of_a_hall_once(mesh: Mesh, size: Size, seed: int, record_property: Tell) -> None:
    screening = mesh.fresh_screening(size.hall)

    answers = sell_out(mesh, screening, size.buyers, seed)

    assert set(Counter(answer.status for answer in answers)) == {200, 409}
    assert {answer.body["code"] for answer in answers if answer.status == 409} == {"seats_taken"}
    check_all_or_nothing(mesh, screening, answers)
    assert len(claims(mesh, screening)) == size.hall
    wait_until(lambda: set(mesh.seats(screening).values()) == {"held"}, what="a map without a free seat")
    record_property("tried", f"{len(answers):,} requests of {size.buyers} buyers for {size.hall} seats")
    mesh.check_invariants()


def test_one_of_a_hundred_buyers_gets_the_seat_each_time(mesh: Mesh, size: Size) -> None:
    screening = mesh.fresh_screening(200)
    seats = list(mesh.seats(screening))[:size.contested_seats]

    for seat in seats:
        answers = all_at_once(port_of(mesh), [buy(token, screening, [seat]) for token in mesh.buyers(100)])
        statuses = Counter(answer.status for answer in answers)
        assert statuses == {200: 1, 409: 99}, f"seat {seat}"
    assert len(claims(mesh, screening)) == size.contested_seats
    mesh.check_invariants()


def test_overlapping_sets_of_four_seats_are_never_split(mesh: Mesh, size: Size, seed: int) -> None:
    screening, dice = mesh.fresh_screening(200), random.Random(seed)
    pool = list(mesh.seats(screening))[:40]

    answers = all_at_once(port_of(mesh), [buy(token, screening, dice.sample(pool, 4))
                                          for token in mesh.buyers(size.buyers)])

    assert set(Counter(answer.status for answer in answers)) == {200, 409}
    check_all_or_nothing(mesh, screening, answers)
    assert all(count == 4 for count in Counter(claims(mesh, screening).values()).values())
    wait_until(lambda: {s for s, state in mesh.seats(screening).items() if state != "free"} ==
               set(claims(mesh, screening)), what="a map that shows exactly the claims")
    mesh.check_invariants()


def test_a_redis_emptied_again_and_again_during_the_sale_changes_nothing(mesh: Mesh, size: Size, seed: int) -> None:
    screening = mesh.fresh_screening(size.hall)

    with redis_emptied_again_and_again(mesh) as times:
        answers = sell_out(mesh, screening, size.buyers, seed)

    assert len(times) > 2
    assert set(Counter(answer.status for answer in answers)) <= {200, 409}
    check_all_or_nothing(mesh, screening, answers)
    assert len(claims(mesh, screening)) == size.hall
    wait_until(lambda: set(mesh.seats(screening).values()) == {"held"}, what="the map rebuilt from MariaDB")
    mesh.check_invariants()


@contextmanager
def redis_emptied_again_and_again(mesh: Mesh) -> Iterator[list[float]]:
    """Ten times at most, while the body runs; yields the times at which it was done."""
    over, times = threading.Event(), list[float]()

    def empty() -> None:
        while len(times) < 10 and not over.wait(0.15):
            mesh.redis.flushall()  # a private Redis, of this test run only
            times.append(time.monotonic())

    thread = threading.Thread(target=empty)
    thread.start()
    try:
        yield times
    finally:
        over.set()
        thread.join()


@pytest.fixture
def no_referee(mesh: Mesh) -> object:
    """The guard is removed: MariaDB allows two claims on one seat."""
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
    assert command(mesh, "check").exit_code != 0
    with pytest.raises(AssertionError):   # nor would a session of tests end well
        mesh.check_invariants(seconds=1)
