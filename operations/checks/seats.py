"""Claims, tickets and seat boards agree on who has a seat, and used tickets are kept."""

from collections.abc import Iterable, Iterator

from operations.checks.snapshot import SCREENINGS_AT_A_TIME, Snapshot, in_pages, screening_pages
from services.foundation.database import Transactions
from services.order.refunding.store import HOUSE_REASONS
from services.order.rules import HOLDS_SEATS, OWNS_SEATS
from services.order.seat_boards import odd_seats, wanted_marks
from services.order.store import upcoming_boards

UNCLAIMED_TICKETS = """
    SELECT t.screening_id, t.seat_id, t.order_id FROM ticket t LEFT JOIN seat_claim c ON
        c.screening_id = t.screening_id AND c.seat_id = t.seat_id AND c.order_id = t.order_id AND c.state = 'SOLD'
    WHERE t.screening_id IN :screenings AND t.status = 'valid' AND c.seat_id IS NULL"""
CLAIMS_WITHOUT_TICKET = """
    SELECT c.screening_id, c.seat_id, c.order_id FROM seat_claim c LEFT JOIN ticket t ON
        t.screening_id = c.screening_id AND t.seat_id = c.seat_id AND t.order_id = c.order_id AND t.status = 'valid'
    WHERE c.screening_id IN :screenings AND c.state = 'SOLD' AND t.ticket_id IS NULL"""
TICKETS_TOO_MANY = """
    SELECT COUNT(*) - 1 AS n FROM ticket WHERE screening_id IN :screenings AND status = 'valid'
    GROUP BY screening_id, seat_id, order_id HAVING n > 0"""
WRONG_CLAIMS = """
    SELECT c.state, c.seat_id, COALESCE(o.status, 'unknown') AS status
    FROM seat_claim c LEFT JOIN orders o ON o.order_id = c.order_id
    WHERE c.screening_id IN :screenings
    AND NOT IF(c.state = 'PENDING', COALESCE(o.status, '') IN :holds, COALESCE(o.status, '') IN :owns)"""
LOST_CLAIMS = """
    SELECT o.order_id, o.status, JSON_LENGTH(o.seats) AS wanted, COUNT(c.seat_id) AS n
    FROM orders o LEFT JOIN seat_claim c ON c.order_id = o.order_id AND c.state = 'PENDING'
    WHERE o.status IN :holds GROUP BY o.order_id, o.status, o.seats HAVING n <> wanted"""

GIVEN_BACK = """
    SELECT t.ticket_id, t.order_id FROM ticket t
    WHERE t.screening_id IN :screenings AND t.admitted_at IS NOT NULL AND t.status <> 'valid' AND NOT EXISTS (
        SELECT 1 FROM refund r WHERE r.order_id = t.order_id AND r.reason IN :reasons)"""
INCOMPLETE = """
    SELECT ticket_id FROM ticket WHERE screening_id IN :screenings
    AND (admitted_at IS NULL) + (door IS NULL) + (admitted_by IS NULL) + (scan IS NULL) NOT IN (0, 4)"""


def one_claim_per_seat(snapshot: Snapshot) -> Iterator[str]:
    """The primary key keeps it; only where that is lost, claims are counted."""
    key = snapshot.rows(
        snapshot.order, "SELECT column_name FROM information_schema.key_column_usage WHERE constraint_name = "
                        "'PRIMARY' AND table_schema = DATABASE() AND table_name = 'seat_claim'")
    if {row[0] for row in key} == {"screening_id", "seat_id"}:
        return
    yield "seat_claim has lost its primary key"
    for row in snapshot.rows(snapshot.order, "SELECT screening_id, seat_id, COUNT(*) AS n FROM seat_claim "
                                             "GROUP BY screening_id, seat_id HAVING n > 1"):
        yield f"seat {row.seat_id} of screening {row.screening_id} has {row.n} claims"


def tickets_have_sold_claims(snapshot: Snapshot) -> Iterator[str]:
    for screenings in screening_pages(snapshot):
        for row in snapshot.rows(snapshot.order, UNCLAIMED_TICKETS, screenings=screenings):
            yield f"ticket without a sold claim: {tuple(row)}"
        for row in snapshot.rows(snapshot.order, CLAIMS_WITHOUT_TICKET, screenings=screenings):
            yield f"sold claim without a ticket: {tuple(row)}"
        if doubled := sum(row.n for row in snapshot.rows(snapshot.order, TICKETS_TOO_MANY, screenings=screenings)):
            yield f"{doubled} tickets too many for their seats"


def claims_fit_their_order(snapshot: Snapshot) -> Iterator[str]:
    holds, owns = sorted(HOLDS_SEATS), sorted(OWNS_SEATS)
    for screenings in screening_pages(snapshot):
        for row in snapshot.rows(snapshot.order, WRONG_CLAIMS, screenings=screenings, holds=holds, owns=owns):
            yield f"{row.state} claim on {row.seat_id} by an order that is {row.status}"
    for row in snapshot.rows(snapshot.order, LOST_CLAIMS, holds=holds):
        yield f"order {row.order_id} is {row.status} with {row.n} claims"


def used_tickets_are_kept(snapshot: Snapshot) -> Iterator[str]:
    for screenings in screening_pages(snapshot):
        for row in snapshot.rows(snapshot.order, GIVEN_BACK, screenings=screenings, reasons=list(HOUSE_REASONS)):
            yield f"ticket {row.ticket_id} of order {row.order_id} was given back after its guest had gone in"
        for row in snapshot.rows(snapshot.order, INCOMPLETE, screenings=screenings):
            yield f"ticket {row.ticket_id} has half an admission"


def boards_show_the_claims(snapshot: Snapshot) -> Iterator[str]:
    for upcoming in _upcoming(snapshot):
        for seeming in _odd_seats_of(snapshot, upcoming):
            # A sale between reading a board and its claims makes them differ, the likelier the more are read at once.
            for screening_id, seats in _odd_seats_of(snapshot, [seeming]).items():
                yield f"screening {screening_id}: the board differs at {', '.join(seats[:8])}"


def _upcoming(snapshot: Snapshot) -> Iterator[list[str]]:
    """The screenings to come that have a board, in pages; of those in the window, or all."""
    database = Transactions(snapshot.order)
    if snapshot.since is None:
        yield from in_pages(database.read(upcoming_boards), SCREENINGS_AT_A_TIME)
    else:
        for screenings in screening_pages(snapshot):
            yield list(database.read(lambda tx, only=screenings: upcoming_boards(tx, only)))  # type: ignore[misc]


def _odd_seats_of(snapshot: Snapshot, screening_ids: Iterable[str]) -> dict[str, list[str]]:
    """The seats at which boards contradict their claims, by screening id. A cold board's next reader rebuilds it."""
    boards = {each: board for each in screening_ids if (board := snapshot.board.snapshot(each))}
    wanted = Transactions(snapshot.order).read(lambda tx: wanted_marks(tx, *boards))
    return {each: odd for each, board in boards.items() if (odd := odd_seats(board, wanted[each]))}
