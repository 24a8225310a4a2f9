"""The order room and the payment room agree on what was paid, and on what goes back."""

import json

from operations.checks.snapshot import Snapshot
from services.order.rules import ENDED_UNPAID, OWNS_SEATS, worth

PAID = OWNS_SEATS | {"refunding", "refunded"}


def money_fits_the_order(snapshot: Snapshot) -> list[str]:
    wrong, valid = [], dict.fromkeys(snapshot.orders, 0)
    prices = {(o.order_id, s["seat_id"]): s["price"] for o in snapshot.orders.values() for s in json.loads(o.seats)}
    for ticket in snapshot.tickets:
        valid[ticket.order_id] += prices[ticket.order_id, ticket.seat_id]
    for order in snapshot.orders.values():
        account, owed = snapshot.accounts.get(order.order_id), snapshot.owed.get(order.order_id, 0)
        captured, kept = int(account.captured) if account else 0, snapshot.kept.get(order.order_id, 0)
        snacks = 0 if order.order_id in snapshot.settled else worth(json.loads(order.snacks))
        left = captured - owed
        right = 0 if order.status in ENDED_UNPAID else left
        if order.status in PAID:
            right = valid[order.order_id] + snacks + kept
        if left != right or (account and account.currency != order.currency and captured):
            wrong.append(f"order {order.order_id} is {order.status}: captured {captured}, to refund {owed}, "
                         f"should keep {right}")
        if order.status == "refunded" and snacks:
            wrong.append(f"order {order.order_id} is refunded, but the money for its snacks is not accounted for")
        if order.status == "refunded" and account and int(account.refunded) != owed:
            wrong.append(f"order {order.order_id} is refunded, but only {account.refunded} of {owed} went back")
    return wrong


def one_payment_per_order(snapshot: Snapshot) -> list[str]:
    # A duplicate that was noticed has a refund, whose id is `dup:` and the id of the payment.
    twice = snapshot.rows(
        snapshot.payment, "SELECT p.order_id, COUNT(*) AS n FROM payment p LEFT JOIN refund r "
                          "ON r.refund_id = CONCAT('dup:', p.payment_id) "
                          "WHERE p.status = 'captured' AND r.refund_id IS NULL "
                          "GROUP BY p.order_id HAVING n > 1")
    too_much = [a for a in snapshot.accounts.values() if a.refunded > a.captured]
    return [f"order {row.order_id} was charged {row.n} times" for row in twice] + [
        f"order {a.order_id}: {a.refunded} refunded of {a.captured}" for a in too_much]


def money_taken_is_accounted_for(snapshot: Snapshot) -> list[str]:
    unknown = [a for a in snapshot.accounts.values() if a.captured > a.refunded and a.order_id not in snapshot.orders]
    lost = snapshot.rows(
        snapshot.payment, "SELECT c.payment_id FROM sandbox_charge c LEFT JOIN payment p USING (payment_id) "
                       "LEFT JOIN refund r ON r.refund_id = CONCAT('dup:', c.payment_id) "
                       "WHERE c.status = 'captured' AND r.refund_id IS NULL "
                       "AND COALESCE(p.status, '') NOT IN ('captured', 'submitted', 'pending', 'review')")
    return [f"money for an order that does not exist: {a.order_id}" for a in unknown] + [
        f"the provider took payment {row.payment_id}, which is not in our books" for row in lost]


def reviews_have_their_payment(snapshot: Snapshot) -> list[str]:
    cases = snapshot.rows(snapshot.payment, "SELECT order_id FROM payment WHERE status = 'review'")
    waiting = {row.order_id for row in cases}
    return [f"order {order.order_id} is in review, but none of its payments is" for order in snapshot.orders.values()
            if order.status == "review" and order.order_id not in waiting]
