"""The order room and the payment room agree on what was paid, and on what goes back."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from operations.checks.snapshot import Rows, Snapshot, account_pages, accounts_of, in_pages, order_pages, orders_of
from services.order.order_items import snacks_total
from services.order.rules import ENDED_UNPAID, OWNS_SEATS, snack_refund_id
from services.payment.rules import DUPLICATE_REFUND_PREFIX

PAID = OWNS_SEATS | {"refunding", "refunded"}
# A duplicate that was noticed has a refund of its own.
CHARGED_TWICE = """
    SELECT p.order_id, COUNT(*) AS n FROM payment p LEFT JOIN refund r ON r.refund_id = CONCAT(:duplicate, p.payment_id)
    WHERE p.order_id IN :ids AND p.status = 'captured' AND r.refund_id IS NULL GROUP BY p.order_id HAVING n > 1"""
LOST_CHARGES = """
    SELECT c.payment_id FROM sandbox_charge c LEFT JOIN payment p USING (payment_id)
    LEFT JOIN refund r ON r.refund_id = CONCAT(:duplicate, c.payment_id)
    WHERE c.created_at >= :since AND c.status = 'captured' AND r.refund_id IS NULL
    AND COALESCE(p.status, '') NOT IN ('captured', 'submitted', 'pending', 'review')"""


@dataclass
class OrderTotals:
    """What the rooms have about some orders, in minor units by order id."""

    accounts: Rows
    owed: dict[str, int]       # the refunds that the order room has asked for
    kept: dict[str, int]       # the fees kept of refunded seats and snacks
    settled: set[str]          # the orders whose snacks are accounted for, by a refund of their own
    valid_seats: dict[str, int]  # the price of the valid tickets

    @classmethod
    def of(cls, snapshot: Snapshot, orders: Rows) -> "OrderTotals":
        ids = list(orders)
        owed, kept, settled = dict.fromkeys(ids, 0), dict.fromkeys(ids, 0), set()
        for row in snapshot.rows(snapshot.order, "SELECT order_id, refund_id, amount, kept FROM refund "
                                                 "WHERE order_id IN :ids", ids=ids):
            owed[row.order_id] += row.amount
            kept[row.order_id] += row.kept
            if row.refund_id == snack_refund_id(row.order_id):
                settled.add(row.order_id)
        prices = {(o.order_id, s["seat_id"]): s["price"] for o in orders.values() for s in json.loads(o.seats)}
        valid_seats = dict.fromkeys(ids, 0)
        for ticket in snapshot.rows(snapshot.order, "SELECT order_id, seat_id FROM ticket WHERE order_id IN :ids "
                                                    "AND status = 'valid'", ids=ids):
            valid_seats[ticket.order_id] += prices.get((ticket.order_id, ticket.seat_id), 0)
        return cls(accounts_of(snapshot, ids), owed, kept, settled, valid_seats)


def money_fits_the_order(snapshot: Snapshot) -> Iterator[str]:
    for orders in order_pages(snapshot):
        totals = OrderTotals.of(snapshot, orders)
        for order in orders.values():
            yield from (f"order {order.order_id} is {breach}" for breach in _breaches_of_account(totals, order))


def _breaches_of_account(totals: OrderTotals, order: Row[Any]) -> Iterator[str]:
    """What is wrong with the money of an order."""
    account, owed = totals.accounts.get(order.order_id), totals.owed[order.order_id]
    captured = int(account.captured) if account else 0
    snacks = 0 if order.order_id in totals.settled else snacks_total(json.loads(order.snacks))
    left = captured - owed
    right = 0 if order.status in ENDED_UNPAID else left
    if order.status in PAID:
        right = totals.valid_seats[order.order_id] + snacks + totals.kept[order.order_id]
    if left != right or (account and account.currency != order.currency and captured):
        yield f"{order.status}: captured {captured}, to refund {owed}, should keep {right}"
    if order.status == "refunded" and snacks:
        yield "refunded, but the money for its snacks is not accounted for"
    if order.status == "refunded" and account and int(account.refunded) != owed:
        yield f"refunded, but only {account.refunded} of {owed} went back"


def one_payment_per_order(snapshot: Snapshot) -> Iterator[str]:
    for accounts in account_pages(snapshot):
        for row in snapshot.rows(snapshot.payment, CHARGED_TWICE, ids=list(accounts),
                                 duplicate=DUPLICATE_REFUND_PREFIX):
            yield f"order {row.order_id} was charged {row.n} times"
        for account in accounts.values():
            if account.refunded > account.captured:
                yield f"order {account.order_id}: {account.refunded} refunded of {account.captured}"


def money_taken_is_accounted_for(snapshot: Snapshot) -> Iterator[str]:
    for accounts in account_pages(snapshot):
        kept = [account.order_id for account in accounts.values() if account.captured > account.refunded]
        known = orders_of(snapshot, kept)
        yield from (f"money for an order that does not exist: {each}" for each in kept if each not in known)
    for row in snapshot.rows(snapshot.payment, LOST_CHARGES, since=snapshot.first_moment,
                             duplicate=DUPLICATE_REFUND_PREFIX):
        yield f"the provider took payment {row.payment_id}, which is not in our books"


def reviews_have_their_payment(snapshot: Snapshot) -> Iterator[str]:
    """Reviews wait for a person, so there are few; they are in the window whatever their age."""
    reviews = snapshot.rows(snapshot.order, "SELECT order_id FROM orders WHERE status = 'review'")
    for ids in in_pages(row.order_id for row in reviews):
        waiting = {row.order_id for row in snapshot.rows(
            snapshot.payment, "SELECT order_id FROM payment WHERE order_id IN :ids AND status = 'review'", ids=ids)}
        yield from (f"order {each} is in review, but none of its payments is" for each in ids if each not in waiting)
