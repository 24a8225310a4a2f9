"""MariaDB for a room: short transactions that are retried when they collide."""

import datetime as dt
import logging
import os
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import eventlet
import nameko_sqlalchemy
from nameko import config
from pymysql.err import OperationalError as DriverError
from sqlalchemy import ColumnElement, create_engine, delete, event, make_url
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from schemas.base import Trace
from schemas.errors import RoomUnavailable, StorageFull
from services.foundation import metrics
from services.foundation.readiness.probe import Probe
from services.foundation.readiness.storage import RETRY_SECONDS
from services.foundation.settings import is_loopback
from services.foundation.tracing.statements import traced

log = logging.getLogger("marquee.database")
T = TypeVar("T")

TRIES = 4
MOST_DELETED = 1000
DEADLOCK, LOCK_TIMEOUT = 1213, 1205
FULL = (1021, 1114)    # the disk, a table: InnoDB says the latter when the disk does not let a table grow
CONNECT_SECONDS = 3
TRACED = tuple(Trace().fields)
clock = dt.datetime  # a test may replace it by a clock of its own


class CommitUnknown(Exception):
    """The connection broke during COMMIT: the work is done entirely or not at all. Read again before deciding."""


def utc_now() -> dt.datetime:
    """The present moment in UTC, cut to the millisecond as the database keeps it."""
    now = clock.now(dt.UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def error_number(problem: BaseException) -> int | None:
    """MariaDB's number for an error, such as 1062 for a duplicate key; None for errors of another origin."""
    original = getattr(problem, "orig", None)
    return original.args[0] if original is not None and original.args else None


def delete_some(tx: Connection, table: Any, *which: ColumnElement[bool]) -> int:
    """Delete at most MOST_DELETED of these rows, and return how many; 0 means that none is left.

    `purging.purge` repeats it.
    """
    return int(tx.execute(delete(table).where(*which).with_dialect_options(mysql_limit=MOST_DELETED)).rowcount)


def make_engine(uri: str) -> Engine:
    """An engine with a connection for each worker (`max_workers` in config.yml) and five for background threads.

    A connection that is not free within 5 s, a server that does not answer in 15 s, and a lock held by others for 3 s
    are errors.
    """
    url, workers = make_url(uri), int(config.get("max_workers", 10))
    engine = create_engine(
        url, isolation_level="READ COMMITTED", hide_parameters=True,  # logs must not hold what people sent us
        pool_size=workers + 5, max_overflow=0, pool_timeout=5, pool_recycle=1800,
        # `run` ends every transaction itself; the pool's own ROLLBACK would be one more round trip.
        pool_reset_on_return=None,
        connect_args={
            # Unasked, PyMySQL reads all the certificates of the system for each connection, in case it may use TLS.
            "ssl_disabled": is_loopback(url.host or ""),
            "connect_timeout": CONNECT_SECONDS, "read_timeout": 15, "write_timeout": 15,
            # After 3 s without a lock the caller is told to try again; stock MariaDB waits 50 s.
            "init_command": "SET SESSION innodb_lock_wait_timeout=3, time_zone='+00:00'",
        },
    )
    event.listen(engine, "do_connect", _connect_in_time)
    return engine


def _connect_in_time(dialect: Any, record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
    # PyMySQL's connect_timeout ends before the greeting, for which a server that hangs would be waited 15 s.
    with eventlet.Timeout(CONNECT_SECONDS, DriverError(2003, "no greeting in time")):
        return dialect.connect(*arguments, **options)


class ConnectionsInUse:
    """The connections of an engine that transactions have at the moment, so that all can be ended at once."""

    def __init__(self, engine: Engine) -> None:
        self._found: set[Any] = set()
        event.listen(engine, "checkout", lambda connection, record, proxy: self._found.add(connection))
        event.listen(engine, "checkin", lambda connection, record: self._found.discard(connection))
        event.listen(engine, "close", lambda connection, record: self._found.discard(connection))
        event.listen(engine, "invalidate", lambda connection, record, problem: self._found.discard(connection))

    def end(self) -> None:
        """Shut them down: whoever waits for an answer finds the connection lost, as if the server had gone."""
        for connection in list(self._found):
            with suppress(OSError, AttributeError), \
                    socket.socket(fileno=os.dup(connection._sock.fileno())) as end:  # None if it is closed already
                end.shutdown(socket.SHUT_RDWR)


class Transactions:
    """Runs a room's transactions: `self.database.run(work)`."""

    def __init__(self, engine: Engine, trace: dict[str, Any] | None = None,
                 on_event: Callable[[], None] = lambda: None, is_silent: Callable[[], bool] = lambda: False) -> None:
        """`trace`: ids of the call at hand, for its events. `on_event`: called after each commit that has events.

        `is_silent`: tells that the server does not answer, so that transactions are refused at once.
        """
        self.engine = engine
        self._trace = trace or {}
        self._on_event = on_event
        self._is_silent = is_silent

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do `work(connection)` in one transaction and commit it; any exception rolls it back.

        Deadlocks, lock timeouts and connections lost before COMMIT are retried up to TRIES times after growing random
        pauses, so `work` must be repeatable. Raises CommitUnknown when the connection is lost during COMMIT,
        StorageFull when MariaDB has no storage left, and RoomUnavailable when it can't be reached, is known to be
        silent, or the retries are used up.
        """
        for attempt in range(1, TRIES + 1):
            committing = False
            try:
                with self._connection() as connection:
                    result = work(connection)
                    committing = True
                    connection.commit()
                    self._committed(connection)
                    return result
            except PoolTimeout:
                raise RoomUnavailable(room="database") from None
            except DBAPIError as problem:
                lost = problem.connection_invalidated or isinstance(problem, OperationalError) and _is_lost(problem)
                if committing and lost:
                    raise CommitUnknown() from problem
                if error_number(problem) in FULL:
                    raise StorageFull(retry_after=RETRY_SECONDS) from problem
                if not lost and error_number(problem) not in (DEADLOCK, LOCK_TIMEOUT):
                    raise
                if attempt == TRIES:
                    log.warning("gave up on a transaction", extra={"number": error_number(problem)})
                    raise RoomUnavailable(room="database") from problem
                eventlet.sleep(random.uniform(0.005, 0.03) * 2**attempt)
        raise AssertionError("unreachable")

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        if self._is_silent():
            raise RoomUnavailable(room="database")
        with self.engine.connect() as connection, traced(connection):
            connection.info.update(trace=self._trace, wrote_event=False, counts=[])
            yield connection

    def _committed(self, connection: Connection) -> None:
        for count in connection.info["counts"]:
            count()
        if connection.info["wrote_event"]:
            self._on_event()

    def run_repeatable(self, work: Callable[[Connection], T]) -> T:
        """Like `run`, for work that finds out by itself whether it is done already: a lost COMMIT repeats it.

        Raises CommitUnknown only when the repetition loses its COMMIT, too, or can't be tried.
        """
        try:
            return self.run(work)
        except CommitUnknown as unknown:
            try:
                return self.run(work)
            except RoomUnavailable:
                raise unknown from None

    def read(self, work: Callable[[Connection], T]) -> T:
        """Like `run`, for work that only reads: a lost COMMIT repeats it."""
        try:
            return self.run(work)
        except CommitUnknown:
            return self.run(work)


def _is_lost(problem: OperationalError) -> bool:
    # 2003 can't connect, 2006 gone away, 2013 lost during query, 2014 commands out of sync, 2055 lost connection,
    # 1927 killed, 1053 shutting down, 1040 and 1203 too many connections.
    return error_number(problem) in (2003, 2006, 2013, 2014, 2055, 1927, 1053, 1040, 1203)


class Database(nameko_sqlalchemy.Database):
    """Injects Transactions: `database = Database(Base)` in a room.

    Unlike nameko-sqlalchemy's provider it has one engine per process, the limits of `make_engine`, and no session per
    call that would be committed implicitly. While its probe finds MariaDB silent, transactions are refused at once, and
    those that wait for it are ended.
    """

    def setup(self) -> None:
        """Make the engine for the room's own schema, `DB_URIS` in config.yml; no connection is opened yet."""
        self.db_uri = config["DB_URIS"][f"{self.container.service_name}:{self.declarative_base.__name__}"]
        self.engine = make_engine(self.db_uri)
        pool: Any = self.engine.pool
        metrics.watch_pool(self.container.service_name, "mariadb", pool.checkedout, pool.checkedin)
        self.on_event: Callable[[], None] = lambda: None
        self._probed = create_engine(self.engine.url, pool_size=1, max_overflow=0, isolation_level="AUTOCOMMIT",
                                     connect_args={"ssl_disabled": is_loopback(self.engine.url.host or "")})
        self.probe = Probe("mariadb", self._ask, when_silent=ConnectionsInUse(self.engine).end)

    def start(self) -> None:
        """Probe MariaDB from now on."""
        self.probe.start(self.container)

    def _ask(self) -> None:
        try:
            with self._probed.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except BaseException:
            self._probed.dispose()
            raise

    def get_dependency(self, worker_ctx: Any) -> Transactions:
        """Transactions whose events carry the trace of this call."""
        trace = {name: worker_ctx.context_data[name] for name in TRACED if name in worker_ctx.context_data}
        return Transactions(self.engine, trace, self.on_event, self.is_silent)

    def is_silent(self) -> bool:
        """Whether MariaDB does not answer at the moment."""
        return not self.probe.answers

    def worker_teardown(self, worker_ctx: Any) -> None:
        """Do nothing: the base class would close a session, but no transaction outlives its `run`."""
