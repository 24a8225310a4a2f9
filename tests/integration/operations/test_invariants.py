"""Each invariant reports its breaches: every kind of breach is written into the tables, one after another."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import nameko
import pytest
from sqlalchemy import text

from operations.checks.invariants import INVARIANTS
from operations.checks.snapshot import Snapshot
from services.foundation.database import utc_now
from testbed.mesh import Mesh, wait_until
from tests.drivers.kept_cards import keep_card, pay_by_card
from tests.drivers.orders import buy, pay
from tests.drivers.snack_orders import SKU, bought_and_paid, wait_for_step
from tests.drivers.wallets import fill, pay_by_wallet, user_of
from tests.sizes import Size

ROOMS = ("order", "payment", "kitchen", "wallet", "auditor")
# When these end while the rooms are being stopped, the kitchen does not hear of it.
ENDING_SOON = ("SELECT 1 FROM orders WHERE status IN ('created', 'paying') AND snacks <> '[]' "
               "AND expires_at BETWEEN UTC_TIMESTAMP(3) - INTERVAL 5 SECOND AND UTC_TIMESTAMP(3) + INTERVAL 30 SECOND")
AN_HOUR_AGO = "UTC_TIMESTAMP(3) - INTERVAL 1 HOUR"


@dataclass(frozen=True)
class Breach:
    """A change of one room's tables that breaks exactly the invariants `named`; `words` occur in the report.

    `rows`: the table and the condition on its rows that are put back afterwards. In `rows` and `change`, {s} is a
    screening, {unpaid}, {paid}, {refunded}, {cooked}, {by_wallet} and {by_card} are orders; {refunded} and {cooked}
    have a snack. {card} is a kept card, and {holder} its holder.
    """

    named: str
    words: str
    room: str
    rows: str
    change: str
    undo: str = ""
    needs_all: bool = False  # it is found by a check of everything only


def copy(table: str, like: str, **other: str) -> str:
    """SQL that copies a row of the table, with other values in some columns."""
    columns = {"payment": "payment_id, order_id, attempt, provider, method, amount, currency, status, created_at, "
                          "tried_at",
               "sandbox_charge": "payment_id, order_id, amount, currency, status, refunded, created_at, wrong_codes",
               "account": "order_id, status, amount, currency, captured_payment_id, refunded, changed_at",
               "ticket": "ticket_id, order_id, screening_id, seat_id, code, status"}[table]
    values = ", ".join(other.get(name, name) for name in columns.split(", "))
    return f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} WHERE {like}"


def claim(seat: str, order_id: str, state: str) -> str:
    return f"INSERT INTO seat_claim VALUES ('{{s}}', '{seat}', '{order_id}', '{state}')"


MINE, PAID, COOKED = "screening_id = '{s}'", "order_id = '{paid}'", "about = '{cooked}'"
REFUNDS = "INSERT INTO refund (refund_id, order_id, {columns}) VALUES ('odd', '{{paid}}', {values})"
TOO_MUCH_BACK = REFUNDS.format(
    columns="payment_id, amount, currency, status, attempt, covered, created_at, tried_at",
    values=f"(SELECT captured_payment_id FROM account WHERE {PAID}), 999999, 'EUR', 'done', 1, 0, NOW(), NOW()")
MORE_OWED = REFUNDS.format(columns="amount, kept, reason, currency, status, requested_at, ask_again_at",
                           values="1, 0, 'asked', 'EUR', 'done', NOW(), NOW()")

CARD, BY_CARD = "card card_id = '{card}'", "payment order_id = '{by_card}'"
WALLET_PAYMENT = "reservation source_type = 'payment'"
RESERVATION = ("INSERT INTO reservation (source_type, source_id, user_id, amount, currency, order_id, status, "
               "created_at) VALUES ('payment', 'odd', 'nobody', 5, 'EUR', 'nobody', '{}', NOW())")

BREACHES = [
    Breach("I1", "has lost its primary key", "order", "seat_claim " + MINE,
           "ALTER TABLE seat_claim DROP PRIMARY KEY, ADD KEY plain (screening_id, seat_id)",
           "ALTER TABLE seat_claim DROP KEY plain, ADD PRIMARY KEY (screening_id, seat_id)"),
    Breach("I1", "has 2 claims", "order", "seat_claim " + MINE,
           "ALTER TABLE seat_claim DROP PRIMARY KEY, ADD KEY plain (screening_id, seat_id); "
           f"INSERT INTO seat_claim SELECT * FROM seat_claim WHERE {PAID}",
           "ALTER TABLE seat_claim DROP KEY plain, ADD PRIMARY KEY (screening_id, seat_id)"),
    Breach("I2", "ticket without a sold claim", "order", "seat_claim " + MINE,
           f"DELETE FROM seat_claim WHERE {PAID}"),
    Breach("I2", "sold claim without a ticket", "order", "seat_claim " + MINE, claim("Z9", "{paid}", "SOLD")),
    Breach("I2 I4", "1 tickets too many", "order", "ticket " + MINE,
           copy("ticket", PAID, ticket_id="'odd'", code="'odd'")),
    Breach("I3", "PENDING claim on Z9 by an order that is refunded", "order", "seat_claim " + MINE,
           claim("Z9", "{refunded}", "PENDING")),
    Breach("I3", "PENDING claim on Z9 by an order that is unknown", "order", "seat_claim " + MINE,
           claim("Z9", "nobody", "PENDING")),
    Breach("I3", "is created with 0 claims", "order", "seat_claim " + MINE,
           "DELETE FROM seat_claim WHERE order_id = '{unpaid}'"),
    Breach("I3 I2", "SOLD claim on", "order", "seat_claim " + MINE,
           "UPDATE seat_claim SET state = 'SOLD' WHERE order_id = '{unpaid}'"),
    Breach("I4", "is paid: captured", "order", "refund " + PAID, MORE_OWED),
    Breach("I4", "is paid: captured", "payment", "account " + PAID,
           f"UPDATE account SET currency = 'XTS' WHERE {PAID}"),
    Breach("I4", "the money for its snacks is not accounted for", "order", "refund order_id = '{refunded}'",
           "DELETE FROM refund WHERE refund_id = 'snacks-{refunded}'"),
    Breach("I4", "is refunded, but", "payment", "refund order_id = '{refunded}'",
           "UPDATE refund SET status = 'requested' WHERE order_id = '{refunded}'"),
    Breach("I5", "was charged 2 times", "payment", "payment " + PAID,
           copy("payment", PAID, payment_id="'odd'", attempt="99")),
    Breach("I5", "999999 refunded of", "payment", "refund " + PAID, TOO_MUCH_BACK),
    Breach("I6", "has no event", "order", "outbox about = '{paid}'", "DELETE FROM outbox WHERE about = '{paid}'"),
    Breach("I6", "its 2 events end with order.paid at 3", "order", "outbox about = '{paid}'",
           "DELETE FROM outbox WHERE about = '{paid}' AND sequence = 2"),
    Breach("I6", "has lost the events before its change 2", "order", "outbox about = '{paid}'",
           "DELETE FROM outbox WHERE about = '{paid}' AND sequence = 1"),
    Breach("I6", "end with order.paying at 2", "order", "outbox about = '{paid}'",
           "DELETE FROM outbox WHERE about = '{paid}' AND sequence = 3"),
    Breach("I6", "end with order.expired at 3", "order", "outbox about = '{paid}'",
           "UPDATE outbox SET type = 'order.expired' WHERE about = '{paid}' AND sequence = 3"),
    Breach("I6", "was never published", "order", "outbox about = '{paid}'",
           f"UPDATE outbox SET published_at = NULL, occurred_at = {AN_HOUR_AGO} WHERE about = '{{paid}}'"),
    Breach("I7", "its entries sum to 1", "wallet", "entry account_id LIKE 'house-%'",
           "UPDATE entry SET amount = amount + 1 WHERE account_id LIKE 'house-sales-%' LIMIT 1"),
    Breach("I7", "have no transfer", "wallet", "transfer source_type = 'payment'",
           "DELETE FROM transfer WHERE source_type = 'payment'"),
    Breach("I7", "posted, 0 reserved, but", "wallet", "account 1 = 1", "UPDATE account SET posted = posted + 1"),
    Breach("I7", "is less than nothing", "wallet", "account 1 = 1",
           "ALTER TABLE account DROP CONSTRAINT nothing_spent_that_is_not_there; UPDATE account SET posted = -1",
           "ALTER TABLE account ADD CONSTRAINT nothing_spent_that_is_not_there CHECK (posted - reserved >= 0)"),
    Breach("I7", "has entries and no balance", "wallet", "account 1 = 1", "DELETE FROM account"),
    Breach("I7", "no money moved", "wallet", "reservation source_id = 'odd'", RESERVATION.format("captured")),
    Breach("I7", "that was not reserved for it", "wallet", WALLET_PAYMENT,
           "UPDATE reservation SET status = 'released' WHERE order_id = '{by_wallet}'"),
    Breach("I7", "was taken for order nobody, and is captured in our books", "wallet", WALLET_PAYMENT,
           "UPDATE reservation SET order_id = 'nobody' WHERE order_id = '{by_wallet}'"),
    Breach("I7", "money is reserved for payment odd, which is unknown", "wallet", "reservation source_id = 'odd'",
           RESERVATION.format("reserved")),
    Breach("I7", "is in a wallet, and not in our books", "wallet", "transfer kind = 'credit'",
           "UPDATE transfer SET source_type = 'refund' WHERE source_type = 'adjustment'"),
    Breach("I8", "money for an order that does not exist: nobody", "payment", "account order_id = 'nobody'",
           copy("account", PAID, order_id="'nobody'", captured_payment_id="'odd'", refunded="0")),
    Breach("I8", "took payment odd", "payment", "sandbox_charge payment_id = 'odd'",
           copy("sandbox_charge", PAID, payment_id="'odd'", refunded="0")),
    Breach("I10", "less than none", "kitchen", "snack cinema_id = '{cinema}'",
           "ALTER TABLE snack DROP CONSTRAINT nothing_sold_that_is_not_there; "
           "UPDATE snack SET left_over = -1 WHERE cinema_id = '{cinema}'",
           "ALTER TABLE snack ADD CONSTRAINT nothing_sold_that_is_not_there CHECK (left_over >= 0)"),
    Breach("I10", "supplied, but", "kitchen", "snack cinema_id = '{cinema}'",
           "UPDATE snack SET supplied = supplied + 1 WHERE cinema_id = '{cinema}' LIMIT 1", needs_all=True),
    Breach("I10", "is given_up and still has", "kitchen", "ticket_line order_id = '{refunded}'",
           "UPDATE ticket_line SET taken = 1 WHERE order_id = '{refunded}'"),
    Breach("I11", "is paid, its snacks are reserved", "kitchen", "ticket order_id = '{cooked}'",
           "UPDATE ticket SET status = 'reserved' WHERE order_id = '{cooked}'"),
    Breach("I11", "for order nobody, which has none", "kitchen", "ticket order_id = 'nobody'",
           "INSERT INTO ticket (order_id, cinema_id, status, version, confirmed, until) "
           "VALUES ('nobody', '{cinema}', 'new', 2, 1, NOW())"),
    Breach("I11", "has not heard of order.paid", "order", "outbox " + COOKED,
           f"UPDATE outbox SET event_id = MD5(event_id), published_at = {AN_HOUR_AGO} WHERE {COOKED}"),
    Breach("I11", "has missed a change of its snacks", "kitchen", "outbox " + COOKED,
           f"UPDATE outbox SET sequence = sequence + 1, published_at = {AN_HOUR_AGO} WHERE {COOKED} "
           "ORDER BY sequence DESC"),
    Breach("I12", "in the film room, but not in the order room", "film", "screening " + MINE,
           "UPDATE screening SET cancelled_at = NOW() WHERE " + MINE),
    Breach("I12", "in the order room, but not in the film room", "order", "cancelled_screening " + MINE,
           "INSERT INTO cancelled_screening (screening_id, cancelled_by, cancelled_at) "
           "VALUES ('{s}', 'nobody', NOW())"),
    Breach("I13 I6", "in review, but none of its payments is", "order", "orders order_id = '{unpaid}'",
           "UPDATE orders SET status = 'review' WHERE order_id = '{unpaid}'"),
    Breach("I14", "member nobody has 5 points and 5 in a lifetime, by the entries 0 and 0", "loyalty",
           "member user_id = 'nobody'",
           "INSERT INTO member (user_id, balance, lifetime, has_chosen, profile_version) "
           "VALUES ('nobody', 5, 5, 0, 0)"),
    Breach("I14", "order odd has 0 points, but 7 are due", "loyalty", "order_points order_id = 'odd'",
           "INSERT INTO order_points VALUES ('odd', 'nobody', 1, 0, 70, 0, 1, 10, 0, 0, 0, 1, 0)"),
    Breach("I16", "points for odd", "loyalty", "check_in check_in_id = 'odd'",
           "INSERT INTO check_in (check_in_id, user_id, local_date, time_zone, day, cycle, streak, points, "
           f"checked_in_at) VALUES ('odd', 'nobody', '2026-01-01', 'UTC', 1, 1, 1, 5, {AN_HOUR_AGO})"),
    Breach("I17", "is kept for nobody, who has no account", "payment", CARD,
           "UPDATE card SET user_id = 'nobody' WHERE card_id = '{card}'"),
    Breach("I17", "whose account has ended", "payment", "card_holder user_id = '{holder}'",
           "UPDATE card_holder SET ended = 1 WHERE user_id = '{holder}'"),
    Breach("I17", "whose account has ended", "user", "user 1 = 0",
           f"UPDATE user SET removed_at = {AN_HOUR_AGO} WHERE user_id = '{{holder}}'",
           "UPDATE user SET removed_at = NULL WHERE user_id = '{holder}'"),
    Breach("I17", "was kept without a payment of its holder's", "payment", CARD,
           "UPDATE card SET payment_id = 'odd' WHERE card_id = '{card}'"),
    Breach("I17", "which is another's", "payment", BY_CARD,
           "UPDATE payment SET user_id = 'nobody' WHERE order_id = '{by_card}'"),
    Breach("I17", "has paid for 2 members", "payment", "payment order_id IN ('{by_card}', '{refunded}')",
           "UPDATE payment SET card_token = 'odd' WHERE order_id IN ('{by_card}', '{refunded}')"),
    Breach("I17", "cards have a cvc", "payment", CARD, "ALTER TABLE card ADD cvc VARCHAR(4)",
           "ALTER TABLE card DROP cvc"),
    Breach("I17", "is known by its number", "payment", CARD,
           "UPDATE card SET token = '4242424242424242' WHERE card_id = '{card}'"),
    Breach("I17", "is by the number of a card", "payment", BY_CARD,
           "UPDATE payment SET card_token = '4242 4242 4242 4242' WHERE order_id = '{by_card}'"),
    Breach("I17", "is detached, and not forgotten", "payment", CARD,
           "UPDATE card SET status = 'detached' WHERE card_id = '{card}'"),
    Breach("I18", "who is ada by now", "user", "guest guest_id = '{holder}'",
           "INSERT INTO guest (guest_id, created_at, kept_until, adopted_by, events) "
           "VALUES ('{holder}', NOW(), NOW() + INTERVAL 1 DAY, 'ada', 1)"),
    Breach("I19", "was given back after its guest had gone in", "order", "ticket order_id = '{refunded}'",
           "UPDATE ticket SET admitted_at = NOW(), door = 'left', admitted_by = 'ada', scan = 'odd' "
           "WHERE order_id = '{refunded}'"),
    Breach("I19", "has half an admission", "order", "ticket " + PAID,
           f"UPDATE ticket SET admitted_at = NOW() WHERE {PAID}"),
]
IN_REDIS = {"I9"}  # its breach is on the seat board, and has a test of its own below
IN_THE_LOG = {"I15"}  # which refuses to be changed: tests/integration/office breaks it


@pytest.fixture(scope="module")
def snapshot(mesh: Mesh) -> Iterator[Snapshot]:
    """Of everything, with connections that all checks share."""
    with nameko.config.patch(mesh.settings, clear=True), Snapshot.open() as snapshot:
        yield snapshot


@pytest.fixture(scope="module")
def names(mesh: Mesh, snapshot: Snapshot) -> Iterator[dict[str, str]]:
    """The values of {s}, {paid}, ... The rooms are stopped, so that none of them repairs a breach before the check."""
    screening = mesh.fresh_screening(320)
    seats, ada = list(mesh.seats(screening)), mesh.buyer()
    unpaid = buy(mesh, ada, screening, seats[:1])
    paid = buy(mesh, ada, screening, seats[1:2])
    pay(mesh, ada, paid)
    token, refunded = bought_and_paid(mesh, screening, seats[2:3], (SKU, 1))
    assert mesh.post("/order/refund", token, order_id=refunded["order_id"]).json()["status"] == "refunded"
    wait_for_step(mesh, token, refunded, "given_up")
    _, cooked = bought_and_paid(mesh, screening, seats[3:4], (SKU, 1))
    by_wallet = buy(mesh, ada, screening, seats[4:5])
    fill(mesh, ada, by_wallet["total"], by_wallet["currency"])
    assert pay_by_wallet(mesh, ada, by_wallet).json()["status"] == "paid"
    [card] = keep_card(mesh, ada, buy(mesh, ada, screening, seats[5:6]))
    by_card = buy(mesh, ada, screening, seats[6:7])
    assert pay_by_card(mesh, ada, by_card, card_id=card["card_id"]).json()["status"] == "paid"
    wait_until(lambda: not any(mesh.rows(room, "SELECT 1 FROM outbox WHERE published_at IS NULL")
                               for room in ROOMS if room != "auditor"), what="all events to be published")
    wait_until(lambda: not mesh.rows("order", ENDING_SOON), 120, "other tests' orders to end")
    mesh.check_invariants()
    orders = {"unpaid": unpaid, "paid": paid, "refunded": refunded, "cooked": cooked, "by_wallet": by_wallet,
              "by_card": by_card}
    [cinema] = mesh.rows("kitchen", "SELECT cinema_id FROM ticket WHERE order_id = :o", o=cooked["order_id"])
    with mesh.without(*ROOMS):
        yield {"s": screening, "cinema": cinema.cinema_id, "card": card["card_id"], "holder": user_of(mesh, ada),
               **{name: order["order_id"] for name, order in orders.items()}}
        assert findings(snapshot) == {}


@pytest.fixture(scope="module")
def board(mesh: Mesh, names: dict[str, str]) -> dict[str, str]:
    """The board of {s}. It is deleted from Redis, so that no change of claims contradicts it."""
    key = f"seats:{{{names['s']}}}"
    shown = dict(mesh.redis.hgetall(key))
    mesh.redis.delete(key)
    return shown


@contextmanager
def breached(mesh: Mesh, breach: Breach, names: dict[str, str]) -> Iterator[None]:
    """Apply the breach inside the block, and restore the tables afterwards."""
    table, _, where = breach.rows.format(**names).partition(" ")
    with mesh.engine(breach.room).connect() as tx:
        before = [dict(row) for row in tx.execute(text(f"SELECT * FROM {table} WHERE {where}")).mappings()]
    try:
        run(mesh, breach.room, *breach.change.format(**names).split("; "))
        yield
    finally:
        run(mesh, breach.room, "SET SESSION foreign_key_checks = 0", f"DELETE FROM {table} WHERE {where}",
            *filter(None, [breach.undo.format(**names)]),
            *((f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})", row)
              for row in before), "SET SESSION foreign_key_checks = 1")


def run(mesh: Mesh, room: str, *statements: str | tuple[str, dict[str, Any]]) -> None:
    with mesh.engine(room).begin() as tx:
        for statement in statements:
            words, values = statement if isinstance(statement, tuple) else (statement, {})
            tx.execute(text(words), values)


def findings(snapshot: Snapshot, *names: str) -> dict[str, list[str]]:
    """The breaches that each broken invariant reports, by its name; `names`: of those that are checked, else all."""
    return {each.name: breaches for each in INVARIANTS if each.name in names or not names
            if (breaches := list(each.check(snapshot)))}


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: f"{breach.named}: {breach.words}")
@pytest.mark.usefixtures("board")
def test_a_breach_is_reported_by_its_invariant_and_by_no_other(
    mesh: Mesh, names: dict[str, str], snapshot: Snapshot, breach: Breach, size: Size,
) -> None:
    """Of everything, and of what has changed lately; in CI that is checked for the broken invariants only."""
    broken = breach.named.split()
    lately = dataclasses.replace(snapshot, since=utc_now() - dt.timedelta(hours=48))
    with breached(mesh, breach, names):
        reports = [findings(snapshot)]
        if not breach.needs_all:
            reports.append(findings(lately, *(() if size.matrix else broken)))

    for found in reports:
        assert set(found) == set(broken)
        assert any(breach.words in sentence for sentence in found[broken[0]]), found


@pytest.mark.parametrize("mark", ["S|somebody|0|0", None], ids=["unclaimed shown as sold", "sold shown as free"])
def test_a_wrong_seat_board_is_reported(mesh: Mesh, names: dict[str, str], snapshot: Snapshot, board: dict[str, str],
                                    mark: str | None) -> None:
    key, sold = f"seats:{{{names['s']}}}", "SELECT seat_id FROM seat_claim WHERE order_id = :o"
    seat = "Z9" if mark else mesh.rows("order", sold, o=names["paid"])[0].seat_id
    try:
        mesh.redis.hset(key, mapping=board)
        assert findings(snapshot) == {}
        mesh.redis.hset(key, seat, mark) if mark else mesh.redis.hdel(key, seat)
        found = findings(snapshot)
    finally:
        mesh.redis.delete(key)

    assert list(found) == ["I9"]
    assert seat in found["I9"][0]


def test_every_invariant_has_a_breach_that_it_reports() -> None:
    assert {name for breach in BREACHES for name in breach.named.split()} | IN_REDIS | IN_THE_LOG == {
        invariant.name for invariant in INVARIANTS}
