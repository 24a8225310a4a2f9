"""Rooms and servers are killed, paused and emptied while customers buy: what customers were told stays true."""

import itertools
import json
import random
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from testbed.mesh import Mesh, wait_until
from tests.integration.campaign.customers import Customers, Stock, broken_promises
from tests.integration.campaign.recovery import seconds_to_purchase
from tests.sizes import Size

pytestmark = pytest.mark.alone
Tell = Callable[[str, object], None]
PURCHASES = 150   # at most so many between two faults
CUSTOMERS = 4
SERVERS = ("rabbitmq", "redis", "mariadb")
PAUSED = ("order", "redis", "payment", "mariadb", "gateway", "rabbitmq", "film", "user")
PAUSE = 3.0       # seconds


def kill(mesh: Mesh, program: str) -> None:
    mesh.kill(program)


def pause(mesh: Mesh, program: str) -> None:
    mesh.kill(program, signal.SIGSTOP)
    time.sleep(PAUSE)
    mesh.kill(program, signal.SIGCONT)


def empty(mesh: Mesh, _program: str) -> None:
    mesh.redis.flushall()


Fault = tuple[str, Callable[[Mesh, str], None], str]


def faults(mesh: Mesh, size: Size, dice: random.Random) -> Iterator[Fault]:
    """Each program killed about as often as every other one, and the pauses and losses in between, in any order."""
    programs = sorted(mesh.supervisor.programs()) if size.kills > len(PAUSED) else ["gateway", "order", *SERVERS]
    kills = list(itertools.islice(itertools.cycle(dice.sample(programs, len(programs))), size.kills))
    drawn: list[Fault] = [(f"{program} killed", kill, program) for program in kills]
    drawn += [(f"{program} paused for {PAUSE:.0f} s", pause, program) for program in PAUSED[:size.pauses]]
    drawn += [("redis emptied", empty, "redis")] * size.pauses
    dice.shuffle(drawn)
    return iter(drawn)


def test_nothing_is_lost_or_sold_twice_whatever_is_killed_paused_or_emptied(
        mesh: Mesh, size: Size, seed: int, record_property: Tell) -> None:
    dice, taken, count = random.Random(seed), defaultdict[str, list[float]](list), 0
    stock = Stock(mesh)
    stock.fill(PURCHASES)
    customers = Customers(stock, random.Random(seed))

    with customers.shopping(CUSTOMERS):
        for what, happen, program in faults(mesh, size, dice):
            happen(mesh, program)
            taken[what].append(seconds_to_purchase(stock, time.monotonic()))
            count += 1
            mesh.wait_ready()
            stock.fill(PURCHASES)
            time.sleep(dice.uniform(0.2, 1))

    record_property("tried", f"{count:,} kills, pauses and losses while {len(customers.latest()):,} orders were placed")
    record_property("recovery", json.dumps(taken))
    assert customers.faults == []
    assert len(customers.latest()) > count, "customers must have bought between the faults"
    wait_until(lambda: not broken_promises(mesh, customers), 60, "what the customers were told")
    mesh.check_invariants()


def test_a_promise_that_is_broken_is_noticed(mesh: Mesh, seed: int) -> None:
    """The negative control: customers were told of an order that is lost, of another's seats, and of a refund."""
    stock = Stock(mesh)
    stock.fill(40)
    customers = Customers(stock, random.Random(seed))
    with customers.shopping(2):   # each may yet give one order back; so two of four stay paid
        wait_until(lambda: sum(told.status == "paid" for told in customers.latest().values()) >= 4, 60, "paid orders")
    assert broken_promises(mesh, customers) == []
    paid, other = [told for told in customers.latest().values() if told.status == "paid"][:2]

    customers.told += [replace(paid, order_id="lost"), replace(paid, seats=other.seats),
                       replace(other, status="refunded")]

    assert sorted(line.split(" ", 1)[0] for line in broken_promises(mesh, customers)) == sorted(
        ("lost", paid.order_id, other.order_id))
