"""Transactions on a real MariaDB: which are retried, which are given up, and whose outcome is unknown."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from schemas.errors import Forbidden, RoomUnavailable
from services.foundation.database import TRIES, CommitUnknown, ConnectionsInUse, Transactions, make_engine
from testbed.mesh import Mesh, free_ports
from tests.drivers.lost_answers import Line
from tests.drivers.relay import Relay


@pytest.fixture
def table(order_engine: Engine) -> Iterator[None]:
    """Two purses with nothing in them."""
    with order_engine.begin() as tx:
        tx.execute(text("CREATE TABLE purse (owner VARCHAR(20) PRIMARY KEY, amount INT NOT NULL) ENGINE=InnoDB"))
        tx.execute(text("INSERT INTO purse VALUES ('anna', 0), ('ben', 0)"))
    yield
    with order_engine.begin() as tx:
        tx.execute(text("DROP TABLE purse"))


@pytest.fixture
def transactions(order_engine: Engine, table: None) -> Transactions:
    return Transactions(order_engine)


def add(tx: Connection, owner: str, amount: int = 1) -> None:
    tx.execute(text("UPDATE purse SET amount = amount + :amount WHERE owner = :owner"),
               {"owner": owner, "amount": amount})


def amounts(engine: Engine) -> dict[str, int]:
    with engine.begin() as tx:
        return {row.owner: row.amount for row in tx.execute(text("SELECT owner, amount FROM purse"))}


def test_work_is_committed_and_its_result_returned(transactions: Transactions) -> None:
    def work(tx: Connection) -> str:
        add(tx, "anna", 5)
        return "done"

    assert transactions.run(work) == "done"
    assert amounts(transactions.engine) == {"anna": 5, "ben": 0}


@pytest.mark.parametrize("problem", [Forbidden(), ZeroDivisionError()], ids=["refused", "broken"])
def test_work_that_raises_leaves_nothing(transactions: Transactions, problem: Exception) -> None:
    def work(tx: Connection) -> None:
        add(tx, "anna", 5)
        raise problem

    with pytest.raises(type(problem)):
        transactions.run(work)
    assert amounts(transactions.engine) == {"anna": 0, "ben": 0}


def test_a_duplicate_key_is_not_retried(transactions: Transactions) -> None:
    tries = []

    def work(tx: Connection) -> None:
        tries.append(1)
        tx.execute(text("INSERT INTO purse VALUES ('anna', 1)"))

    with pytest.raises(IntegrityError):
        transactions.run(work)
    assert len(tries) == 1


def test_reads_see_only_what_is_committed(transactions: Transactions) -> None:
    with transactions.engine.connect() as other:
        add(other, "anna", 5)
        read = "SELECT amount FROM purse WHERE owner = 'anna'"
        assert transactions.read(lambda tx: tx.execute(text(read)).scalar_one()) == 0


def test_two_transactions_that_wait_for_each_other_both_succeed(transactions: Transactions) -> None:
    both_have_begun = threading.Barrier(2)
    tries = []

    def transfer(order: list[str]) -> None:
        def work(tx: Connection) -> None:
            tries.append(order)
            add(tx, order[0])
            if len(tries) <= 2:
                both_have_begun.wait(10)
            add(tx, order[1])

        transactions.run(work)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(transfer, [["anna", "ben"], ["ben", "anna"]]))
    assert amounts(transactions.engine) == {"anna": 2, "ben": 2}
    assert len(tries) == 3


def test_a_lock_that_is_never_given_back_is_given_up(transactions: Transactions) -> None:
    tries = []

    def work(tx: Connection) -> None:
        tries.append(1)
        tx.execute(text("SET STATEMENT innodb_lock_wait_timeout = 0 FOR UPDATE purse SET amount = 1"))

    with transactions.engine.connect() as other:
        add(other, "anna")
        with pytest.raises(RoomUnavailable):
            transactions.run(work)
    assert len(tries) == TRIES
    assert amounts(transactions.engine) == {"anna": 0, "ben": 0}


def test_a_connection_that_is_killed_before_the_commit_is_replaced(
    transactions: Transactions, order_engine: Engine,
) -> None:
    tries = []

    def work(tx: Connection) -> None:
        tries.append(1)
        add(tx, "anna", 5)
        if len(tries) == 1:
            victim = tx.execute(text("SELECT CONNECTION_ID()")).scalar_one()
            with order_engine.connect() as other:
                other.exec_driver_sql(f"KILL {victim}")
        add(tx, "ben", 5)

    transactions.run(work)
    assert len(tries) == 2
    assert amounts(transactions.engine) == {"anna": 5, "ben": 5}


def test_every_connection_killed_while_idle_costs_nobody_anything(transactions: Transactions) -> None:
    with ThreadPoolExecutor(3) as threads:
        victims = set(threads.map(lambda _: transactions.run(
            lambda tx: (tx.execute(text("SELECT CONNECTION_ID(), SLEEP(0.05)")).first() or [0])[0]), range(6)))
    killer = create_engine(transactions.engine.url)
    with killer.connect() as other:
        for victim in victims:
            other.exec_driver_sql(f"KILL {victim}")
    killer.dispose()
    for _ in victims:
        transactions.run(lambda tx: add(tx, "anna"))
    assert amounts(transactions.engine)["anna"] == len(victims)


# --- the line to MariaDB breaks ---

@pytest.fixture
def over(servers: Mesh, relay: Callable[..., Relay], table: None) -> Iterator[Callable[[Line], Transactions]]:
    """`over(line)`: transactions over that line."""
    engines: list[Engine] = []

    def build(line: Line) -> Transactions:
        port = servers.environment["MARQUEE_DB_PORT"]
        wire = relay(port, on_request=line.on_request, on_reply=line.on_reply)
        engines.append(make_engine(servers.settings["DB_URIS"]["order:Base"].replace(port, str(wire.port))))
        return Transactions(engines[-1])

    yield build
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize(("lose", "amount"), [("request", 0), ("reply", 1)])
def test_a_connection_that_breaks_during_the_commit_leaves_the_outcome_unknown(
    over: Callable[[Line], Transactions], order_engine: Engine, lose: str, amount: int,
) -> None:
    """The same to the caller, the opposite in the database: so nothing may be assumed."""
    line = Line(b"COMMIT", lose)
    transactions = over(line)
    transactions.run(lambda tx: add(tx, "ben"))
    line.armed = True
    with pytest.raises(CommitUnknown):
        transactions.run(lambda tx: add(tx, "anna"))
    assert amounts(order_engine)["anna"] == amount

    transactions.run(lambda tx: add(tx, "anna"))
    assert amounts(order_engine)["anna"] == amount + 1


@pytest.mark.parametrize("lose", ["request", "reply"])
def test_a_connection_that_breaks_before_the_commit_is_replaced(
    over: Callable[[Line], Transactions], order_engine: Engine, lose: str,
) -> None:
    line = Line(b"UPDATE", lose)
    line.armed = True
    over(line).run(lambda tx: add(tx, "anna"))
    assert amounts(order_engine)["anna"] == 1


def test_a_database_that_is_down_is_unavailable_soon(servers: Mesh) -> None:
    port = str(free_ports(1)[0])
    uri = servers.settings["DB_URIS"]["order:Base"].replace(servers.environment["MARQUEE_DB_PORT"], port)
    started = time.monotonic()
    with pytest.raises(RoomUnavailable):
        Transactions(make_engine(uri)).run(lambda tx: add(tx, "anna"))
    assert time.monotonic() - started < 3


def test_a_transaction_without_a_free_connection_is_refused(servers: Mesh, table: None) -> None:
    engine = create_engine(servers.settings["DB_URIS"]["order:Base"], pool_size=1, max_overflow=0, pool_timeout=0.1)
    with engine.connect(), pytest.raises(RoomUnavailable):
        Transactions(engine).run(lambda tx: add(tx, "anna"))
    Transactions(engine).run(lambda tx: add(tx, "anna"))
    assert amounts(engine)["anna"] == 1
    engine.dispose()


def test_a_server_that_takes_no_more_connections_is_unavailable(servers: Mesh) -> None:
    """Other rooms may have them all. Here a socket says so in MariaDB's words."""
    sentence = b"\xff\x10\x04Too many connections"  # 0xff: an error, 0x0410: number 1040
    with socket.create_server(("127.0.0.1", 0)) as full_server:
        def refuse() -> None:
            with suppress(OSError):
                while True:
                    client, _ = full_server.accept()
                    client.sendall(len(sentence).to_bytes(3, "little") + b"\x00" + sentence)
                    client.close()

        threading.Thread(target=refuse, daemon=True).start()
        port = str(full_server.getsockname()[1])
        uri = servers.settings["DB_URIS"]["order:Base"].replace(servers.environment["MARQUEE_DB_PORT"], port)
        with pytest.raises(RoomUnavailable):
            Transactions(make_engine(uri)).run(lambda tx: add(tx, "anna"))


@pytest.mark.parametrize(("frozen_at", "outcome"), [(b"COMMIT", CommitUnknown), (b"UPDATE", RoomUnavailable)])
def test_what_waits_for_a_database_that_is_found_silent_is_ended(
    servers: Mesh, relay: Callable[..., Relay], table: None, frozen_at: bytes, outcome: type[Exception],
) -> None:
    found_silent, armed = threading.Event(), threading.Event()

    def freeze(piece: bytes) -> bool:
        if armed.is_set() and frozen_at in piece:
            armed.clear()
            wire.freeze()
        return True

    wire = relay(servers.environment["MARQUEE_DB_PORT"], on_request=freeze)
    engine = make_engine(servers.settings["DB_URIS"]["order:Base"].replace(
        servers.environment["MARQUEE_DB_PORT"], str(wire.port)))
    in_use, transactions = ConnectionsInUse(engine), Transactions(engine, is_silent=found_silent.is_set)
    transactions.run(lambda tx: add(tx, "ben"))
    armed.set()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(transactions.run, lambda tx: add(tx, "anna"))
        with pytest.raises(TimeoutError):   # the control: by itself it would wait for 15 s
            waiting.result(1.5)
        found_silent.set()
        in_use.end()
        with pytest.raises(outcome):
            waiting.result(3)
        with pytest.raises(RoomUnavailable):
            transactions.run(lambda tx: add(tx, "anna"))
    wire.heal()
    found_silent.clear()
    transactions.run(lambda tx: add(tx, "ben"))
    engine.dispose()


@pytest.mark.parametrize("commits", [1, 2])
def test_a_repeatable_write_in_doubt_is_not_reported_as_failed(order_engine: Engine, commits: int) -> None:
    lost = [CommitUnknown()] * commits

    class Database(Transactions):
        def run(self, work: Callable[[Connection], Any]) -> Any:
            raise lost.pop() if lost else RoomUnavailable(room="database")

    with pytest.raises(CommitUnknown):
        Database(order_engine).run_repeatable(lambda tx: add(tx, "anna"))
