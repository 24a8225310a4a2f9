"""Whole meshes on clusters that lose a node while seats are bought and paid: what was acknowledged stays."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from testbed.mesh import Mesh, running_mesh, wait_until
from testbed.rabbitmq_cluster import rabbitmq_cluster
from testbed.redis_cluster import redis_cluster

pytestmark = [pytest.mark.alone, pytest.mark.full_size("integration/storms/test_storms.py")]
Tell = Callable[[str, object], None]
BUYERS, SCREENINGS = 8, 12


class Shoppers:
    """Buyers who buy seat after seat and pay every other order, while a node is killed."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh, self.over = mesh, threading.Event()
        self.screenings = [mesh.fresh_screening() for _ in range(SCREENINGS)]
        self.seats = {screening: list(mesh.seats(screening)) for screening in self.screenings}
        self.orders: dict[str, tuple[str, str]] = {}    # acknowledged: what each has
        self.paid: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.bought_at: dict[str, float] = {}
        self.slowest = 0.0

    def shop(self, number: int) -> None:
        for turn in range(10_000):
            screening = self.screenings[(turn + number) % SCREENINGS]
            seats = self.seats[screening]
            if self.over.is_set():
                return
            self.buy(self.mesh.buyer(), screening, seats[(turn * BUYERS + number * 7) % len(seats)], turn % 2 == 0)

    def buy(self, token: str, screening: str, seat: str, paying: bool) -> None:
        started = time.monotonic()
        answer = self.mesh.post("/order/buy", token, str(uuid.uuid4()), screening_id=screening, seats=[seat])
        self.note(answer.status_code, started)
        if answer.status_code != 200:
            return
        order = answer.json()["order_id"]
        self.orders[order] = screening, seat
        self.bought_at[screening] = time.monotonic()
        if paying:
            started = time.monotonic()
            answer = self.mesh.post("/order/pay", token, str(uuid.uuid4()), order_id=order, method="sandbox")
            self.note(answer.status_code, started)
            if answer.status_code == 200 and answer.json()["status"] == "paid":
                self.paid.append(order)

    def note(self, status: int, started: float) -> None:
        self.statuses[status] += 1
        self.slowest = max(self.slowest, time.monotonic() - started)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Inside, they shop; at the end nothing may have failed in another way than by a refusal."""
        with ThreadPoolExecutor(BUYERS) as threads:
            shopping = [threads.submit(self.shop, number) for number in range(BUYERS)]
            try:
                self.wait_for_sales()
                yield
            finally:
                self.over.set()
            for each in shopping:
                each.result()
        assert set(self.statuses) <= {200, 409, 503, 504}, self.statuses

    def wait_for_sales(self) -> None:
        """Wait until something was bought in each screening from now on."""
        begun = time.monotonic()
        wait_until(lambda: len(self.bought_at) == SCREENINGS and min(self.bought_at.values()) > begun, 60,
                   "a sale in each screening")

    def check(self) -> None:
        """Every acknowledged order is there with its seat, and what follows from paid ones has come."""
        rows = self.mesh.rows("order", "SELECT order_id, screening_id, seat_id FROM seat_claim")
        claims = {row.order_id: (row.screening_id, row.seat_id) for row in rows}
        assert {order: claims.get(order) for order in self.orders} == self.orders
        assert len(set(self.orders.values())) == len(self.orders), "no seat was sold twice"
        self.mesh.wait_ready()
        wait_until(lambda: not set(self.paid) - self.with_points(), 120, "the points of paid orders")
        self.mesh.check_invariants(180)

    def with_points(self) -> set[str]:
        return {row.order_id for row in self.mesh.rows("loyalty", "SELECT order_id FROM order_points WHERE is_paid")}


def test_a_redis_cluster_loses_a_master(tmp_path: Path, record_property: Tell) -> None:
    with redis_cluster(tmp_path / "redis") as cluster, \
            running_mesh(tmp_path / "mesh", MARQUEE_REDIS_URI=cluster.uri) as mesh:
        shoppers = Shoppers(mesh)
        with shoppers.at_work():
            victim = cluster.master_with_replica()
            victim.kill()
            killed = time.monotonic()
            shoppers.wait_for_sales()
            recovered = time.monotonic() - killed
            victim.start()    # as the replica of the one that has taken over
            wait_until(lambda: len(cluster.masters()) == 3 and cluster.replicas_linked(), 60, "the replica")
            shoppers.wait_for_sales()
        shoppers.check()
    record_property("tried", f"{len(shoppers.orders)} orders on six Redis servers, a master killed: sales everywhere "
                             f"again after {recovered:.1f} s, slowest answer {shoppers.slowest:.1f} s")


def test_a_rabbitmq_cluster_loses_a_node(tmp_path: Path, record_property: Tell) -> None:
    with rabbitmq_cluster(tmp_path / "rabbitmq") as cluster, \
            running_mesh(tmp_path / "mesh", MARQUEE_AMQP_URI=cluster.uri) as mesh:
        shoppers = Shoppers(mesh)
        with shoppers.at_work():
            cluster.nodes[0].kill()    # to which every process is connected
            killed = time.monotonic()
            shoppers.wait_for_sales()
            recovered = time.monotonic() - killed
            cluster.nodes[0].start()
            wait_until(cluster.nodes[0].answers, 120, "the node")
            shoppers.wait_for_sales()
        shoppers.check()
    record_property("tried", f"{len(shoppers.orders)} orders on three RabbitMQ nodes, one killed: sales everywhere "
                             f"again after {recovered:.1f} s, slowest answer {shoppers.slowest:.1f} s")
