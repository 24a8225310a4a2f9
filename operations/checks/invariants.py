"""Every invariant, checked against live MariaDB and Redis: `./check.sh` prints a line for each."""

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from itertools import islice

import click
from nameko import config
from sqlalchemy.exc import OperationalError

from operations.checks.cards import cards_are_their_holders
from operations.checks.events import events_fit_the_orders, guests_who_signed_in_have_no_orders
from operations.checks.loyalty import points_fit_their_entries, rewards_have_their_reason
from operations.checks.money import (
    money_fits_the_order,
    money_taken_is_accounted_for,
    one_payment_per_order,
    reviews_have_their_payment,
)
from operations.checks.operation_log import operation_log_is_whole
from operations.checks.screenings import cancelled_in_both_rooms
from operations.checks.seats import (
    boards_show_the_claims,
    claims_fit_their_order,
    one_claim_per_seat,
    tickets_have_sold_claims,
    used_tickets_are_kept,
)
from operations.checks.snacks import snacks_fit_the_orders
from operations.checks.snapshot import Snapshot
from operations.checks.stock import stock_of_snacks
from operations.checks.wallet import wallets_add_up
from operations.operator_error import OperatorError
from operations.settings import audit_window
from schemas.errors import RoomUnavailable
from services.foundation.database import utc_now

PASSES, PAUSE_SECONDS = 4, 1.5
SHOWN_AT_MOST, COUNTED_AT_MOST = 5, 1000


@dataclass
class Invariant:
    """What the system promises, and the check that yields one sentence for each breach of it."""

    name: str
    promise: str
    check: Callable[[Snapshot], Iterable[str]]


@dataclass
class Finding:
    """The breaches of one invariant; as text, the lines that an operator reads."""

    invariant: Invariant
    breaches: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        word = click.style("BREACH", fg="red") if self.breaches else "ok    "
        lines = [f"{self.invariant.name}  {word}  {self.invariant.promise}"]
        lines += [f"            {breach}" for breach in self.breaches[:SHOWN_AT_MOST]]
        if more := len(self.breaches) - SHOWN_AT_MOST:
            lines += [f"            and {more} more"] if more > 0 else []
        return "\n".join(lines)


# I7 is the wallet's.
INVARIANTS = [
    Invariant("I1", "a seat has at most one claim per screening, by the primary key", one_claim_per_seat),
    Invariant("I2", "a valid ticket has a sold claim, and a sold claim a valid ticket", tickets_have_sold_claims),
    Invariant("I3", "pending claims belong to unpaid orders, sold claims to paid orders", claims_fit_their_order),
    Invariant("I4", "the money captured less the money refunded is the worth of the order", money_fits_the_order),
    Invariant("I5", "an order is charged once, and never more is refunded than was charged", one_payment_per_order),
    Invariant("I6", "every change of an order has its event, and none is left unpublished", events_fit_the_orders),
    Invariant("I7", "every wallet is the sum of its entries, nothing less than nothing, and paid for an order",
              wallets_add_up),
    Invariant("I8", "all money that the provider took belongs to an order", money_taken_is_accounted_for),
    Invariant("I9", "the seat boards show the claims", boards_show_the_claims),
    Invariant("I10", "every snack supplied is in stock, or an order has it", stock_of_snacks),
    Invariant("I11", "the kitchen has the snacks of paid orders, and no others", snacks_fit_the_orders),
    Invariant("I12", "a screening is cancelled in the order room and the film room, or in neither",
              cancelled_in_both_rooms),
    Invariant("I13", "an order in review has a payment in review", reviews_have_their_payment),
    Invariant("I14", "the points of members and of orders are the sums of their entries", points_fit_their_entries),
    Invariant("I15", "no entry of the operation log was changed, deleted, inserted or moved", operation_log_is_whole),
    Invariant("I16", "every reward and redemption was given as promised, and nothing without either",
              rewards_have_their_reason),
    Invariant("I17", "every kept card is a member's, pays for nobody else, and is not known by its number",
              cards_are_their_holders),
    Invariant("I18", "the orders of a guest who has signed in are the account's", guests_who_signed_in_have_no_orders),
    Invariant("I19", "a used ticket was not given back, unless by the house", used_tickets_are_kept),
]


def check_all(since: dt.datetime | None = None, passes: int = PASSES) -> list[Finding]:
    """Check every invariant for what has changed `since` then, or for everything.

    Sales go on meanwhile, so a breach counts only if all `passes` find it; of each invariant, the first
    COUNTED_AT_MOST are. Raises RoomUnavailable when Redis does not answer, OperationalError when MariaDB does not.
    """
    findings = [Finding(invariant) for invariant in INVARIANTS]
    for attempt in range(passes):
        if attempt:
            time.sleep(PAUSE_SECONDS)
        with Snapshot.open(since) as snapshot:
            for finding in findings:
                if attempt == 0 or finding.breaches:
                    finding.breaches = list(islice(finding.invariant.check(snapshot), COUNTED_AT_MOST))
        if not any(finding.breaches for finding in findings):
            break
    return findings


@contextmanager
def unreachable_servers_reported() -> Iterator[None]:
    """Raise OperatorError, one sentence, when MariaDB or Redis does not answer inside."""
    try:
        yield
    except RoomUnavailable as refusal:
        server = refusal.about["room"]
        raise OperatorError(f"The check needs MariaDB and Redis, but the {server} does not answer.") from None
    except OperationalError as problem:
        raise OperatorError(f"The check needs MariaDB and Redis: {problem.orig}") from None


def window_option(command: Callable[..., None]) -> Callable[..., None]:
    """The options --full and --hours of a command, which gets `since`: what has changed since then is checked."""
    @click.option("--full", is_flag=True, help="Check everything, however old.")
    @click.option("--hours", type=click.FloatRange(min=0, min_open=True),
                  help="Check what has changed in so many hours; by default, `audit.window_hours`.")
    @wraps(command)
    def run(full: bool, hours: float | None, **options: object) -> None:
        window = audit_window(config) if hours is None else dt.timedelta(hours=hours)
        command(since=None if full else utc_now() - window, **options)

    return run


@click.command("check")
@window_option
def check_command(since: dt.datetime | None) -> None:
    """Check every invariant against live MariaDB and Redis; exits with 1 on a breach.

    Checked is what has changed lately, and what is not settled whatever its age.
    """
    with unreachable_servers_reported():
        findings = check_all(since)
    for finding in findings:
        click.echo(str(finding))
    if any(finding.breaches for finding in findings):
        raise SystemExit(1)
