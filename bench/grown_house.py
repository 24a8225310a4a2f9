"""A month of a large house, made by MariaDB itself: orders that are over, their money, mails, points and traces."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import text

from services.user.search import index
from testbed.filling import UNCHECKED, fill
from testbed.mesh import Mesh

MONTH, SETTLED = 30 * 86_400, 3 * 86_400   # seconds; the newest order is three days old
PRICES = '{"standard": 900, "premium": 1300, "couple": 2000, "wheelchair": 900, "companion": 0}'
SEATS = """CONCAT('[{"seat_id": "A', seq, '", "kind": "standard", "price": 900}]')"""


@dataclass(frozen=True)
class Size:
    """How many rows there are of each kind."""

    orders: int
    screenings: int
    accounts: int


@dataclass(frozen=True)
class Filling:
    """Rows of a room's table, and what their columns have that must not be just anything."""

    room: str
    table: str
    rows: int
    columns: dict[str, str]


def grow(mesh: Mesh, size: Size, tell: Callable[[str], object]) -> None:
    """Fill the rooms' tables. `tell` hears of each table before it is filled."""
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    for filling in fillings(mesh, size, now):
        tell(f"{filling.rows:,} rows for {filling.room}.{filling.table}")
        moment = f"TIMESTAMP '{now}' - INTERVAL {SETTLED} + FLOOR(seq * {MONTH - SETTLED} / {filling.rows}) SECOND"
        # The same for an order in all rooms, and sorted by time as new_id's are.
        prefix = f"CONCAT(LPAD(LOWER(HEX(1000 * UNIX_TIMESTAMP({moment}))), 12, '0'), '7')"
        with mesh.engine(filling.room).begin() as tx:
            tx.execute(UNCHECKED)
            fill(tx, filling.table, filling.columns, prefix, moment, filling.rows)
            tx.execute(text(f"ANALYZE TABLE `{filling.table}`"))


def fillings(mesh: Mesh, size: Size, now: str) -> Iterator[Filling]:
    orders, accounts = size.orders, size.accounts
    member, past = f"CONCAT('grown', 1 + seq MOD {accounts})", f"CONCAT('grown', 1 + seq MOD {size.screenings // 2})"
    nothing = dict.fromkeys(("ask_again_at", "unpaid_slot", "needed_at", "kitchen_status", "pick_up_code", "end_reason",
                             "time_zone", "traceparent"), "NULL")
    yield Filling("film", "screening", size.screenings, _screening(mesh, size, now))
    yield Filling("order", "orders", orders, {
        **nothing, "guest": "0", "status": "'completed'", "seats": SEATS, "snacks": "'[]'", "refund_tiers": "'[]'",
        "buyer_id": member, "buyer_number": f"1 + FLOOR(seq / {accounts})", "screening_id": past, "refunded": "0",
        "total": "900", "currency": "'EUR'", "revived": "0", "extended": "0", "kitchen_sequence": "0"})
    yield Filling("order", "seat_claim", orders, {"screening_id": past, "seat_id": "CONCAT('A', seq)",
                                                  "state": "'SOLD'"})
    yield Filling("order", "ticket", orders, {
        "screening_id": past, "seat_id": "CONCAT('A', seq)", "status": "'valid'", "admitted_at": "NULL"})
    for room, rows in (("order", orders), ("payment", orders), ("user", accounts)):
        yield Filling(room, "outbox", rows, {"sequence": "1000", "trace": "'{}'", "body": "'{}'"})
    yield from _money_and_mails(orders, accounts, member)
    yield from _accounts(accounts, now)
    yield from _traces(mesh, now)


def _money_and_mails(orders: int, accounts: int, member: str) -> Iterator[Filling]:
    yield Filling("payment", "account", orders, {"status": "'captured'", "refunded": "0"})
    yield Filling("payment", "payment", orders, {"status": "'captured'", "provider": "'sandbox'",
                                                 "traceparent": "NULL"})
    yield Filling("payment", "sandbox_charge", orders, {"status": "'captured'", "traceparent": "NULL"})
    yield Filling("kitchen", "ticket", orders // 4, {"status": "'collected'", "purchase": "NULL",
                                                     "waiting_code": "NULL"})
    yield Filling("notification", "message", orders, {
        "status": "'sent'", "kind": "'order_paid'", "buyer_id": member, "facts": "'{}'", "traceparent": "NULL"})
    yield Filling("loyalty", "member", accounts, {"user_id": "CONCAT('grown', seq)"})
    yield Filling("loyalty", "order_points", orders, {"user_id": member, "is_guest": "0"})
    yield Filling("loyalty", "entry", orders, {"user_id": member})
    yield Filling("wallet", "account", accounts, {"user_id": "CONCAT('grown', seq)", "currency": "'EUR'"})


def _accounts(accounts: int, now: str) -> Iterator[Filling]:
    yield Filling("user", "user", accounts, {
        "user_id": "CONCAT('grown', seq)", "username": "CONCAT('grown', seq)", "folded": "CONCAT('grown', seq)",
        "email": "NULL", "roles": "'[]'", "removed_at": "NULL", "search_version": str(index.VERSION)})
    yield Filling("user", "token", accounts, {"user_id": "CONCAT('grown', seq)",
                                              "expires_at": f"TIMESTAMP '{now}' + INTERVAL 4 HOUR"})


def _screening(mesh: Mesh, size: Size, now: str) -> dict[str, str]:
    """From a month ago until a month from now, in all halls."""
    films, halls = (", ".join(f"'{row[0]}'" for row in mesh.rows("film", f"SELECT {what}_id FROM {what}"))
                    for what in ("film", "hall"))
    starts = f"TIMESTAMP '{now}' + INTERVAL FLOOR(seq * {2 * MONTH} / {size.screenings}) - {MONTH} SECOND"
    return {"screening_id": "CONCAT('grown', seq)", "film_id": f"ELT(1 + seq MOD {films.count(',') + 1}, {films})",
            "hall_id": f"ELT(1 + seq MOD {halls.count(',') + 1}, {halls})", "starts_at": starts,
            "ends_at": f"{starts} + INTERVAL 2 HOUR", "local_date": f"DATE({starts})", "currency": "'EUR'",
            "price_from": "900", "prices": f"'{PRICES}'", "cancelled_at": "NULL"}


def _traces(mesh: Mesh, now: str) -> Iterator[Filling]:
    """As many spans as are kept, ten in each trace, over as many hours as they are kept."""
    kept = mesh.settings["insight"]
    spans, seconds = int(kept["kept_spans"]) * 9 // 10, int(float(kept["kept_hours"]) * 3600 * 9 // 10)
    started = f"1000000 * (UNIX_TIMESTAMP('{now}') - FLOOR(seq * {seconds} / {{}}))"
    yield Filling("insight", "trace", spans // 10, {
        "trace_id": "LPAD(seq, 32, '0')", "started_at": started.format(spans // 10),
        "ended_at": started.format(spans // 10) + " + 20000", "duration": "20000", "spans": "10", "errors": "0",
        "status_code": "200", "room": "'gateway'", "name": "'POST /order/buy'"})
    yield Filling("insight", "span", spans, {
        "trace_id": "LPAD(1 + FLOOR((seq - 1) / 10), 32, '0')", "span_id": "LPAD(seq, 16, '0')", "room": "'order'",
        "started_at": started.format(spans), "duration": "2000", "name": "'order.buy'", "status": "'unset'",
        "peer": "NULL", "kind": "'server'", "details": "'{}'"})
