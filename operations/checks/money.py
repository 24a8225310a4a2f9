"""The order room and the payment room agree on what was paid, and on what goes back."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row

from operations.checks.snapshot import Snapshot
from services.order.order_items import snacks_total
from services.order.rules import ENDED_UNPAID, OWNS_SEATS
from services.payment.rules import DUPLICATE_REFUND_PREFIX

PAID = OWNS_SEATS | {"refunding", "refunded"}


def money_fits_the_order(snapshot: Snapshot) -> list[str]:
    prices = {(o.order_id, s["seat_id"]): s["price"] for o in snapshot.orders.values() for s in json.loads(o.seats)}
    valid_seats = dict.fromkeys(snapshot.orders, 0)
    for ticket in snapshot.tickets:
        valid_seats[ticket.order_id] += prices[ticket.order_id, ticket.seat_id]
    return [f"order {order.order_id} is {breach}" for order in snapshot.orders.values()
            for breach in _breaches_of_account(snapshot, order, valid_seats[order.order_id])]


def _breaches_of_account(snapshot: Snapshot, order: Row[Any], valid_seats: int) -> Iterator[str]:
    """What is wrong with the money of an order; `valid_seats` is the price of its valid tickets."""
    account, owed = snapshot.accounts.get(order.order_id), snapshot.owed.get(order.order_id, 0)
    captured = int(account.captured) if account else 0
    snacks = 0 if order.order_id in snapshot.settled else snacks_total(json.loads(order.snacks))
    left = captured - owed
    right = 0 if order.status in ENDED_UNPAID else left
    if order.status in PAID:
        right = valid_seats + snacks + snapshot.kept.get(order.order_id, 0)
    if left != right or (account and account.currency != order.currency and captured):
        yield f"{order.status}: captured {captured}, to refund {owed}, should keep {right}"
    if order.status == "refunded" and snacks:
        yield "refunded, but the money for its snacks is not accounted for"
    if order.status == "refunded" and account and int(account.refunded) != owed:
        yield f"refunded, but only {account.refunded} of {owed} went back"


def one_payment_per_order(snapshot: Snapshot) -> list[str]:
    # A duplicate that was noticed has a refund of its own.
    twice = snapshot.rows(
        snapshot.payment, "SELECT p.order_id, COUNT(*) AS n FROM payment p LEFT JOIN refund r "
                          "ON r.refund_id = CONCAT(:duplicate, p.payment_id) "
                          "WHERE p.status = 'captured' AND r.refund_id IS NULL "
                          "GROUP BY p.order_id HAVING n > 1", duplicate=DUPLICATE_REFUND_PREFIX)
    too_much = [a for a in snapshot.accounts.values() if a.refunded > a.captured]
    return [f"order {row.order_id} was charged {row.n} times" for row in twice] + [
        f"order {a.order_id}: {a.refunded} refunded of {a.captured}" for a in too_much]


def money_taken_is_accounted_for(snapshot: Snapshot) -> list[str]:
    unknown = [a for a in snapshot.accounts.values() if a.captured > a.refunded and a.order_id not in snapshot.orders]
    lost = snapshot.rows(
        snapshot.payment, "SELECT c.payment_id FROM sandbox_charge c LEFT JOIN payment p USING (payment_id) "
                       "LEFT JOIN refund r ON r.refund_id = CONCAT(:duplicate, c.payment_id) "
                       "WHERE c.status = 'captured' AND r.refund_id IS NULL "
                       "AND COALESCE(p.status, '') NOT IN ('captured', 'submitted', 'pending', 'review')",
        duplicate=DUPLICATE_REFUND_PREFIX)
    return [f"money for an order that does not exist: {a.order_id}" for a in unknown] + [
        f"the provider took payment {row.payment_id}, which is not in our books" for row in lost]


def reviews_have_their_payment(snapshot: Snapshot) -> list[str]:
    cases = snapshot.rows(snapshot.payment, "SELECT order_id FROM payment WHERE status = 'review'")
    waiting = {row.order_id for row in cases}
    return [f"order {order.order_id} is in review, but none of its payments is" for order in snapshot.orders.values()
            if order.status == "review" and order.order_id not in waiting]
