"""Seats, tokens and limits on a Redis Cluster of real servers, one of which is killed while seats are sold."""

import datetime as dt
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from limits import RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import Engine, text

from schemas.errors import Busy
from schemas.order.refusals import SeatsTaken
from services.foundation.database import Transactions, utc_now
from services.foundation.ids import new_id
from services.foundation.redis_client import connect, limits_storage
from services.order.buying.new_order import NewOrder
from services.order.buying.purchase import Purchase
from services.order.screenings.screening_snapshot import ScreeningSnapshot
from services.order.seat_boards import SeatBoards, odd_seats, wanted_marks
from services.seating.board import Board
from services.user import tokens
from testbed.mesh import wait_until
from testbed.redis_cluster import RedisCluster, redis_cluster

MINUTE = dt.timedelta(minutes=1)
SCREENINGS = [f"cluster-{number}" for number in range(12)]
SEATS = [f"{row}{number}" for row in "ABCDEFGHJK" for number in range(1, 21)]
BUYERS = 6
PAUSE = 0.05    # of a buyer, so that there are seats left when the replica takes over


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    with redis_cluster(tmp_path_factory.mktemp("redis"), replicas=1) as cluster:
        yield cluster


@pytest.fixture
def client(cluster: RedisCluster) -> Iterator[Any]:
    with connect(cluster.uri) as client:
        yield client


class Sale:
    """Buyers of seats, through the order room's own steps."""

    def __init__(self, database: Transactions, boards: SeatBoards) -> None:
        self.database, self.boards = database, boards
        self.told = dict[tuple[str, str], str]()    # seats and the order that has them, as buyers were told

    def buy(self, screening_id: str, seat: str) -> bool:
        """Whether the seat was bought, not refused."""
        order, now = new_id(), utc_now()
        screening = ScreeningSnapshot(screening_id, "Arrival", "kanal", "Kino am Kanal", "Saal 1", now + 60 * MINUTE,
                                      now + 180 * MINUTE, "EUR", {})
        purchase = Purchase(
            self.database, self.boards, snacks=None, unpaid_orders=None,  # type: ignore[arg-type]
            key=KEYS_OF_NOBODY, order=NewOrder(
                order, order, order, screening, [{"seat_id": seat, "kind": "standard", "price": 900}], [], now,
                now + 8 * MINUTE))
        try:
            purchase.complete([])
        except (SeatsTaken, Busy):
            return False
        assert self.told.setdefault((screening_id, seat), order) == order, "sold twice"
        return True

    def claims(self) -> dict[tuple[str, str], str]:
        query = "SELECT screening_id, seat_id, order_id FROM seat_claim WHERE screening_id LIKE 'cluster-%'"
        return self.database.read(lambda tx: {(row.screening_id, row.seat_id): row.order_id
                                              for row in tx.execute(text(query))})

    def odd(self, board: Board) -> dict[str, list[str]]:
        """The seats at which boards contradict the claims, by screening."""
        marks = self.database.read(lambda tx: wanted_marks(tx, *SCREENINGS))
        boards = {screening: board.snapshot(screening) for screening in SCREENINGS}
        return {screening: odd for screening, look in boards.items()
                if look and (odd := odd_seats(look, marks[screening]))}


KEYS_OF_NOBODY: Any = SimpleNamespace(given=False, store_reply=lambda *_: None, raise_if_answered=lambda *_: None)


@pytest.fixture
def sale(client: Any, order_engine: Engine) -> Sale:
    return Sale(Transactions(order_engine), SeatBoards(Board(client), SimpleNamespace(  # type: ignore[arg-type]
        announce=lambda *ids: None)))


def test_tokens_limits_and_keys_are_spread_over_the_masters(client: Any) -> None:
    digests = [f"{number:064x}" for number in range(20)]
    tokens.revoke(client, *digests)
    assert {client.get(f"token:{digest}") for digest in digests} == {"revoked"}
    assert client.dbsize() == 20 == len(list(client.scan_iter("token:*")))
    assert client.delete(*(f"token:{digest}" for digest in digests)) == 20

    limiter, twice = MovingWindowRateLimiter(limits_storage(client, "login")), RateLimitItemPerMinute(2)
    for name in ("ada", "ben", "eve"):
        assert [limiter.hit(twice, name) for _ in range(3)] == [True, True, False]
        limiter.clear(twice, name)
        assert limiter.hit(twice, name)


def test_no_seat_is_sold_twice_while_a_master_is_killed_and_what_it_lost_comes_from_mariadb(
    cluster: RedisCluster, client: Any, sale: Sale, monkeypatch: pytest.MonkeyPatch,
) -> None:
    board, over, bought_at = Board(client), threading.Event(), dict[str, float]()
    wishes = [(screening, seat) for seat in SEATS for screening in SCREENINGS] * 2

    def shop(number: int) -> None:
        for screening, seat in wishes[number % 2:]:
            if over.is_set():
                return
            if sale.buy(screening, seat):
                bought_at[screening] = time.monotonic()
            time.sleep(PAUSE)

    with ThreadPoolExecutor(BUYERS) as buyers:
        shopping = [buyers.submit(shop, number) for number in range(BUYERS)]
        wait_until(lambda: len(bought_at) == len(SCREENINGS), 20, "a sale in each screening")
        sale.boards.repair(sale.database)
        victim = cluster.master_with_replica()
        victim.kill()
        killed = time.monotonic()
        wait_until(lambda: min(bought_at.values()) > killed, 20, "a sale in each screening after the kill")
        over.set()
        for each in shopping:
            each.result()
    assert set(board.taken_seats(SCREENINGS)) == set(SCREENINGS), "each map can be read"
    assert sale.claims() == sale.told, "no acknowledged order is lost, and no other one is there"
    assert len(sale.told) > 2 * len(SCREENINGS)

    # The replica may lack the last writes that buyers were told of.
    lost = next(screening for screening in SCREENINGS if client.nodes_manager.get_node_from_slot(
        client._connected().keyslot(f"seats:{{{screening}}}")).port not in {
            node.port for node in cluster.nodes[:3]})
    seat = next(seat for screening, seat in sale.told if screening == lost)
    client.hdel(f"seats:{{{lost}}}", seat)
    assert sale.odd(board)[lost] == [seat]
    with monkeypatch.context() as patch:
        patch.setattr(Board, "run_id", lambda self: sale.boards._run_id)    # the control: nobody hears of the failover
        monkeypatch.setattr(sale.boards, "_checked_until", utc_now() + MINUTE)
        monkeypatch.setattr(sale.boards, "_recheck_until", {})
        assert sale.boards.repair(sale.database) == 0
        assert lost in sale.odd(board)
    assert sale.boards.repair(sale.database) >= 1
    wait_until(lambda: not sale.odd(board), 20, "boards that show the claims")
