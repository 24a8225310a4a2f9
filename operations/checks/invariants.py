"""The promises, checked against live MariaDB and Redis: `./check.sh` prints a line for each."""

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import click
from nameko import config
from sqlalchemy.exc import OperationalError

from operations.checks.screenings import cancelled_in_both_rooms
from operations.checks.snacks import snacks_fit_the_orders
from operations.checks.snapshot import Truth
from operations.checks.stock import stock_adds_up
from operations.operator_error import Trouble
from schemas.errors import RoomUnavailable
from services.foundation.database import Transactions, utc_now
from services.order.rules import ENDED_UNPAID, HOLDS_SEATS, OWNS_SEATS, worth
from services.order.seat_boards import odd_seats, upcoming_boards, wanted_marks

PAID = OWNS_SEATS | {"refunding", "refunded"}
PASSES, PAUSE_SECONDS = 4, 1.5
SHOWN_AT_MOST = 5


@dataclass
class Invariant:
    name: str
    promise: str
    check: Callable[[Truth], list[str]]


@dataclass
class Finding:
    invariant: Invariant
    breaches: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        word = click.style("BREACH", fg="red") if self.breaches else "ok    "
        lines = [f"{self.invariant.name}  {word}  {self.invariant.promise}"]
        lines += [f"            {breach}" for breach in self.breaches[:SHOWN_AT_MOST]]
        if more := len(self.breaches) - SHOWN_AT_MOST:
            lines += [f"            and {more} more"] if more > 0 else []
        return "\n".join(lines)


def one_claim_a_seat(truth: Truth) -> list[str]:
    key = truth.rows(truth.order, "SELECT column_name FROM information_schema.key_column_usage WHERE constraint_name = "
                                  "'PRIMARY' AND table_schema = DATABASE() AND table_name = 'seat_claim'")
    guarded = {row[0] for row in key} == {"screening_id", "seat_id"}
    twice = truth.rows(truth.order, "SELECT screening_id, seat_id, COUNT(*) AS n FROM seat_claim "
                                    "GROUP BY screening_id, seat_id HAVING n > 1")
    return ([] if guarded else ["seat_claim has lost its primary key"]) + [
        f"seat {row.seat_id} of screening {row.screening_id} has {row.n} claims" for row in twice]


def ticket_and_sold_claim(truth: Truth) -> list[str]:
    tickets = {(t.screening_id, t.seat_id, t.order_id) for t in truth.tickets}
    sold = {(c.screening_id, c.seat_id, c.order_id) for c in truth.claims if c.state == "SOLD"}
    doubled = len(truth.tickets) - len(tickets)
    return [f"ticket without a sold claim: {each}" for each in sorted(tickets - sold)] + [
        f"sold claim without a ticket: {each}" for each in sorted(sold - tickets)] + (
        [f"{doubled} tickets too many for their seats"] if doubled else [])


def claims_fit_their_order(truth: Truth) -> list[str]:
    wrong, held = [], dict.fromkeys(truth.orders, 0)
    for claim in truth.claims:
        order = truth.orders.get(claim.order_id)
        right = HOLDS_SEATS if claim.state == "PENDING" else OWNS_SEATS
        if order is None or order.status not in right:
            wrong.append(f"{claim.state} claim on {claim.seat_id} by an order that is {order and order.status}")
        else:
            held[claim.order_id] += 1
    return wrong + [f"order {order.order_id} is {order.status} with {held[order.order_id]} claims"
                    for order in truth.orders.values()
                    if order.status in HOLDS_SEATS and held[order.order_id] != len(json.loads(order.seats))]


def money_fits_the_order(truth: Truth) -> list[str]:
    wrong, valid = [], dict.fromkeys(truth.orders, 0)
    prices = {(o.order_id, s["seat_id"]): s["price"] for o in truth.orders.values() for s in json.loads(o.seats)}
    for ticket in truth.tickets:
        valid[ticket.order_id] += prices[ticket.order_id, ticket.seat_id]
    for order in truth.orders.values():
        account, owed = truth.accounts.get(order.order_id), truth.owed.get(order.order_id, 0)
        captured, kept = int(account.captured) if account else 0, truth.kept.get(order.order_id, 0)
        snacks = 0 if order.order_id in truth.settled else worth(json.loads(order.snacks))
        left = captured - owed
        right = 0 if order.status in ENDED_UNPAID else left
        if order.status in PAID:
            right = valid[order.order_id] + snacks + kept
        if left != right or (account and account.currency != order.currency and captured):
            wrong.append(f"order {order.order_id} is {order.status}: captured {captured}, to give back {owed}, "
                         f"should keep {right}")
        if order.status == "refunded" and snacks:
            wrong.append(f"order {order.order_id} is refunded, but what became of its snacks' money is not booked")
        if order.status == "refunded" and account and int(account.refunded) != owed:
            wrong.append(f"order {order.order_id} is refunded, but {account.refunded} of {owed} went back")
    return wrong


def one_payment_an_order(truth: Truth) -> list[str]:
    # One that goes back under `dup:` and its own id was taken twice, and noticed.
    twice = truth.rows(truth.payment, "SELECT p.order_id, COUNT(*) AS n FROM payment p LEFT JOIN refund r "
                                      "ON r.refund_id = CONCAT('dup:', p.payment_id) "
                                      "WHERE p.status = 'captured' AND r.refund_id IS NULL "
                                      "GROUP BY p.order_id HAVING n > 1")
    too_much = [a for a in truth.accounts.values() if a.refunded > a.captured]
    return [f"order {row.order_id} was charged {row.n} times" for row in twice] + [
        f"order {a.order_id}: {a.refunded} given back of {a.captured}" for a in too_much]


def events_fit_the_orders(truth: Truth) -> list[str]:
    return an_event_for_every_change(truth) + events_left_behind(truth)


def an_event_for_every_change(truth: Truth) -> list[str]:
    """Published events are forgotten after `events.kept_days`; of an order that changed since, all later ones stand."""
    told = {row.about: row for row in truth.rows(
        truth.order, "SELECT about, COUNT(*) AS n, MIN(sequence) AS oldest, MAX(sequence) AS newest, "
                     "SUBSTRING_INDEX(GROUP_CONCAT(type ORDER BY sequence DESC), ',', 1) AS type "
                     "FROM outbox GROUP BY about")}
    remembered = utc_now() - dt.timedelta(days=config["events"]["kept_days"])
    wrong = []
    for order in truth.orders.values():
        row, changed_at = told.get(order.order_id), order.changed_at.replace(tzinfo=dt.UTC)
        if row is None:
            wrong += [f"order {order.order_id} has no event"] if changed_at > remembered else []
        elif (row.newest, row.n) != (order.version, row.newest - row.oldest + 1) or not _tells(row.type, order.status):
            wrong.append(f"order {order.order_id} is {order.status} at version {order.version}, its {row.n} events "
                         f"end with {row.type} at {row.newest}")
        elif row.oldest != 1 and order.created_at.replace(tzinfo=dt.UTC) > remembered:
            wrong.append(f"order {order.order_id} has lost the events before its change {row.oldest}")
    return wrong


def _tells(event: str, status: str) -> bool:
    """Whether the newest event of an order says how it stands. Late money changes no ended order's state."""
    return event == f"order.{status}" or (event == "order.paid_late" and status in ENDED_UNPAID)


def events_left_behind(truth: Truth) -> list[str]:
    """While the broker is down all events wait, which is fine; one that waits while later ones go is not."""
    left = truth.rows(truth.order, "SELECT type, about FROM outbox WHERE published_at IS NULL AND occurred_at < "
                                   "(SELECT MAX(published_at) FROM outbox) - INTERVAL 1 MINUTE")
    return [f"{row.type} of {row.about} was never published, though later events were" for row in left]


def money_taken_is_accounted_for(truth: Truth) -> list[str]:
    strangers = [a for a in truth.accounts.values() if a.captured > a.refunded and a.order_id not in truth.orders]
    lost = truth.rows(
        truth.payment, "SELECT c.payment_id FROM sandbox_charge c LEFT JOIN payment p USING (payment_id) "
                       "LEFT JOIN refund r ON r.refund_id = CONCAT('dup:', c.payment_id) "
                       "WHERE c.status = 'captured' AND r.refund_id IS NULL "
                       "AND COALESCE(p.status, '') NOT IN ('captured', 'submitted', 'pending', 'review')")
    return [f"money for an order that does not exist: {a.order_id}" for a in strangers] + [
        f"the provider took payment {row.payment_id}, we do not know of it" for row in lost]


def boards_show_the_claims(truth: Truth) -> list[str]:
    database, wrong = Transactions(truth.order), []
    for screening_id in database.read(upcoming_boards):
        look = truth.board.look(screening_id)
        if look is None:
            continue  # cold: whoever looks next rebuilds it
        wanted = database.read(lambda tx, s=screening_id: wanted_marks(tx, s))  # type: ignore[misc]
        if odd := odd_seats(look, wanted):
            wrong.append(f"screening {screening_id}: the board differs at {', '.join(odd[:8])}")
    return wrong


def reviews_have_their_payment(truth: Truth) -> list[str]:
    cases = truth.rows(truth.payment, "SELECT order_id FROM payment WHERE status = 'review'")
    waiting = {row.order_id for row in cases}
    return [f"order {order.order_id} is in review, but none of its payments is" for order in truth.orders.values()
            if order.status == "review" and order.order_id not in waiting]


def stock_of_snacks(truth: Truth) -> list[str]:
    with truth.kitchen.connect() as connection:
        return stock_adds_up(connection)


INVARIANTS = [
    Invariant("I1", "a seat has at most one claim a screening, by the primary key", one_claim_a_seat),
    Invariant("I2", "a valid ticket is a sold claim, and the other way round", ticket_and_sold_claim),
    Invariant("I3", "pending claims belong to unpaid orders, sold ones to paid", claims_fit_their_order),
    Invariant("I4", "what was captured less what goes back is what the order is worth", money_fits_the_order),
    Invariant("I5", "an order is charged once and never gives back more", one_payment_an_order),
    Invariant("I6", "every change of an order has its event, and none is left unpublished", events_fit_the_orders),
    Invariant("I8", "money the provider took belongs to an order", money_taken_is_accounted_for),
    Invariant("I9", "the seat boards show the claims", boards_show_the_claims),
    Invariant("I10", "snacks supplied are left over, or an order has them", stock_of_snacks),
    Invariant("I11", "the kitchen has what paid orders wait for, and nothing else", snacks_fit_the_orders),
    Invariant("I12", "a screening is cancelled in the order room and the film room, or in neither",
              cancelled_in_both_rooms),
    Invariant("I13", "an order in review has a payment in review", reviews_have_their_payment),
]


def check_all(passes: int = PASSES) -> list[Finding]:
    """Each invariant's breaches. Sales go on meanwhile, so what looks wrong is looked at again before it counts."""
    findings = [Finding(invariant) for invariant in INVARIANTS]
    for attempt in range(passes):
        if attempt:
            time.sleep(PAUSE_SECONDS)
        with Truth.seen() as truth:
            for finding in findings:
                if attempt == 0 or finding.breaches:
                    finding.breaches = finding.invariant.check(truth)
        if not any(finding.breaches for finding in findings):
            break
    return findings


@contextmanager
def reachable() -> Iterator[None]:
    """A server that does not answer is told in one line."""
    try:
        yield
    except RoomUnavailable as refusal:
        raise Trouble(f"The check needs MariaDB and Redis: the {refusal.about['room']} does not answer.") from None
    except OperationalError as problem:
        raise Trouble(f"The check needs MariaDB and Redis: {problem.orig}") from None


@click.command("check")
def check_command() -> None:
    """Check every promise against live MariaDB and Redis; exits with 1 on a breach."""
    with reachable():
        findings = check_all()
    for finding in findings:
        click.echo(str(finding))
    if any(finding.breaches for finding in findings):
        raise SystemExit(1)
