"""Claims, tickets and seat boards agree on who has a seat."""

import json
from collections.abc import Iterable

from operations.checks.snapshot import Snapshot
from services.foundation.database import Transactions
from services.order.rules import HOLDS_SEATS, OWNS_SEATS
from services.order.seat_boards import odd_seats, wanted_marks
from services.order.store import upcoming_boards


def one_claim_per_seat(snapshot: Snapshot) -> list[str]:
    key = snapshot.rows(
        snapshot.order, "SELECT column_name FROM information_schema.key_column_usage WHERE constraint_name = "
                        "'PRIMARY' AND table_schema = DATABASE() AND table_name = 'seat_claim'")
    guarded = {row[0] for row in key} == {"screening_id", "seat_id"}
    twice = snapshot.rows(
        snapshot.order, "SELECT screening_id, seat_id, COUNT(*) AS n FROM seat_claim "
                        "GROUP BY screening_id, seat_id HAVING n > 1")
    return ([] if guarded else ["seat_claim has lost its primary key"]) + [
        f"seat {row.seat_id} of screening {row.screening_id} has {row.n} claims" for row in twice]


def tickets_have_sold_claims(snapshot: Snapshot) -> list[str]:
    tickets = {(t.screening_id, t.seat_id, t.order_id) for t in snapshot.tickets}
    sold = {(c.screening_id, c.seat_id, c.order_id) for c in snapshot.claims if c.state == "SOLD"}
    doubled = len(snapshot.tickets) - len(tickets)
    return [f"ticket without a sold claim: {each}" for each in sorted(tickets - sold)] + [
        f"sold claim without a ticket: {each}" for each in sorted(sold - tickets)] + (
        [f"{doubled} tickets too many for their seats"] if doubled else [])


def claims_fit_their_order(snapshot: Snapshot) -> list[str]:
    wrong, held = [], dict.fromkeys(snapshot.orders, 0)
    for claim in snapshot.claims:
        order = snapshot.orders.get(claim.order_id)
        right = HOLDS_SEATS if claim.state == "PENDING" else OWNS_SEATS
        if order is None or order.status not in right:
            status = order.status if order else "unknown"
            wrong.append(f"{claim.state} claim on {claim.seat_id} by an order that is {status}")
        else:
            held[claim.order_id] += 1
    return wrong + [f"order {order.order_id} is {order.status} with {held[order.order_id]} claims"
                    for order in snapshot.orders.values()
                    if order.status in HOLDS_SEATS and held[order.order_id] != len(json.loads(order.seats))]


def boards_show_the_claims(snapshot: Snapshot) -> list[str]:
    upcoming = Transactions(snapshot.order).read(upcoming_boards)
    wrong = []
    for seeming in _odd_seats_of(snapshot, upcoming):
        # A sale between reading a board and its claims makes them differ, the likelier the more are read at once.
        wrong += [f"screening {screening_id}: the board differs at {', '.join(seats[:8])}"
                  for screening_id, seats in _odd_seats_of(snapshot, [seeming]).items()]
    return wrong


def _odd_seats_of(snapshot: Snapshot, screening_ids: Iterable[str]) -> dict[str, list[str]]:
    """The seats at which boards contradict their claims, by screening id. A cold board's next reader rebuilds it."""
    boards = {each: board for each in screening_ids if (board := snapshot.board.snapshot(each))}
    wanted = Transactions(snapshot.order).read(lambda tx: wanted_marks(tx, *boards))
    return {each: odd for each, board in boards.items() if (odd := odd_seats(board, wanted[each]))}
