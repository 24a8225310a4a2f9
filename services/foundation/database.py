"""MariaDB for a room: short transactions that are retried when they collide."""

import datetime as dt
import logging
import random
from collections.abc import Callable
from typing import Any, TypeVar

import eventlet
import nameko_sqlalchemy
from nameko import config
from sqlalchemy import DateTime, Dialect, String, create_engine, make_url
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.types import TypeDecorator

from schemas.base import Trace
from schemas.errors import RoomUnavailable
from services.foundation.settings import is_loopback

log = logging.getLogger("marquee.database")
T = TypeVar("T")

TRIES = 4
DEADLOCK, LOCK_TIMEOUT = 1213, 1205
TRACED = tuple(Trace().fields)
clock = dt.datetime  # tells the time; a test may put one here that goes as it likes


class CommitUnknown(Exception):
    """The connection broke during COMMIT: the work is either done or not. Read again before deciding."""


def Id(most: int = 64, collation: str = "utf8mb4_bin") -> String:  # noqa: N802 - reads as the type it makes
    """An id, a key or a code of up to `most` characters, compared byte by byte.

    The schemas' own collation forgives case, so two rooms could differ about whose id `A1` is. `ascii_bin` takes less
    room in an index, but MariaDB fails over a question that is not ASCII.
    """
    return String(most, collation=collation)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware datetime, kept as UTC to the millisecond."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name in ("mysql", "mariadb"):
            from sqlalchemy.dialects.mysql import DATETIME

            return dialect.type_descriptor(DATETIME(fsp=3))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        return None if value is None else value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        return None if value is None else value.replace(tzinfo=dt.UTC)


def utc_now() -> dt.datetime:
    """Now, cut to the millisecond that the database keeps."""
    now = clock.now(dt.UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def error_number(problem: BaseException) -> int | None:
    """MariaDB's number for what went wrong, such as 1062 for a duplicate key."""
    original = getattr(problem, "orig", None)
    return original.args[0] if original is not None and original.args else None


def make_engine(uri: str) -> Engine:
    """An engine with a connection for each worker, and some for what goes on beside them."""
    url, workers = make_url(uri), int(config.get("max_workers", 10))
    return create_engine(
        url, isolation_level="READ COMMITTED", hide_parameters=True,  # logs must not hold what people sent us
        pool_size=workers + 5, max_overflow=0, pool_timeout=5, pool_recycle=1800,
        # `run` ends every transaction itself; the pool's own ROLLBACK would be one more round trip.
        pool_reset_on_return=None,
        connect_args={
            # Unasked, PyMySQL reads all the certificates of the system for each connection, in case it may use TLS.
            "ssl_disabled": is_loopback(url.host or ""),
            "connect_timeout": 3, "read_timeout": 15, "write_timeout": 15,
            # A lock we can't have in 3 s is answered as busy; stock MariaDB waits 50.
            "init_command": "SET SESSION innodb_lock_wait_timeout=3, time_zone='+00:00'",
        },
    )


class Transactions:
    """What a room gets to work with: `self.database.run(work)`."""

    def __init__(self, engine: Engine, trace: dict[str, Any] | None = None,
                 on_event: Callable[[], None] = lambda: None) -> None:
        """`trace`: the ids of the call at hand; events written carry them. `on_event`: called when one is committed."""
        self.engine = engine
        self._trace = trace or {}
        self._on_event = on_event

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do `work(connection)` in one transaction and commit it; any exception rolls it back.

        Deadlocks, lock timeouts and connections found dead before COMMIT are tried again, up to TRIES times
        with growing random pauses, so `work` must be repeatable. Raises CommitUnknown, or RoomUnavailable
        when the database can't be reached.
        """
        for attempt in range(1, TRIES + 1):
            committing = False
            try:
                with self.engine.connect() as connection:
                    connection.info.update(trace=self._trace, wrote_event=False)
                    result = work(connection)
                    committing = True
                    connection.commit()
                    if connection.info["wrote_event"]:
                        self._on_event()
                    return result
            except PoolTimeout:
                raise RoomUnavailable(room="database") from None
            except DBAPIError as problem:
                lost = problem.connection_invalidated or isinstance(problem, OperationalError) and _is_lost(problem)
                if committing and lost:
                    raise CommitUnknown() from problem
                if not lost and error_number(problem) not in (DEADLOCK, LOCK_TIMEOUT):
                    raise
                if attempt == TRIES:
                    log.warning("gave up a transaction", extra={"number": error_number(problem)})
                    raise RoomUnavailable(room="database") from problem
                eventlet.sleep(random.uniform(0.005, 0.03) * 2**attempt)
        raise AssertionError("unreachable")

    def run_known(self, work: Callable[[Connection], T]) -> T:
        """The same for work that looks before it acts: when its COMMIT got lost it is simply done again."""
        try:
            return self.run(work)
        except CommitUnknown:
            return self.run(work)

    def read(self, work: Callable[[Connection], T]) -> T:
        """The same for work that only reads."""
        return self.run_known(work)


def _is_lost(problem: OperationalError) -> bool:
    # 2003 can't connect, 2006 gone away, 2013 lost during query, 1927 killed, 1053 shutting down,
    # 1040 and 1203 too many connections.
    return error_number(problem) in (2003, 2006, 2013, 2014, 2055, 1927, 1053, 1040, 1203)


class Database(nameko_sqlalchemy.Database):
    """nameko-sqlalchemy's provider with one engine per process, our defaults, and explicit commits."""

    def setup(self) -> None:
        self.db_uri = config["DB_URIS"][f"{self.container.service_name}:{self.declarative_base.__name__}"]
        self.engine = make_engine(self.db_uri)
        self.on_event: Callable[[], None] = lambda: None

    def get_dependency(self, worker_ctx: Any) -> Transactions:
        trace = {name: worker_ctx.context_data[name] for name in TRACED if name in worker_ctx.context_data}
        return Transactions(self.engine, trace, self.on_event)

    def worker_teardown(self, worker_ctx: Any) -> None:
        """Nothing is left open between calls."""
