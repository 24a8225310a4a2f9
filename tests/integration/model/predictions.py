"""What a caller is to be answered, by the ledger alone."""

import datetime as dt
from dataclasses import dataclass

from schemas.errors import Busy, Refusal, RequestInProgress
from schemas.film import ScreeningCancelled
from schemas.kitchen import KitchenStepTaken, SnacksSoldOut, UnknownKitchenOrder, WrongPickUpCode
from schemas.order.refusals import (
    CompanionAlone,
    CoupleSeatParted,
    OrderExpired,
    OrderNotCancellable,
    OrderNotExtendable,
    OrderNotPayable,
    OrderNotRefundable,
    RefundChanged,
    RefundClosed,
    SalesClosed,
    SeatsTaken,
    TooManyUnpaidOrders,
)
from schemas.payment import PaymentDeclined, PaymentInReview, UnknownCard
from schemas.wallet import InsufficientFunds
from tests.integration.model.ledger import Ledger
from tests.integration.model.orders import COMPANION, COUPLE, OWNING, UNPAID, WHEELCHAIR, Intent, Money, Order
from tests.integration.model.snapshot import Snapshot

UNPAID_ORDERS = 2
LAST_MOMENTS = dt.timedelta(seconds=5)     # in which nobody gets more time
Refusals = set[type[Refusal]]


@dataclass(frozen=True)
class Prediction:
    """Whether it may be done, and what may be said against it; with neither or both alone, only that is right."""

    may_succeed: bool
    refusals: frozenset[type[Refusal]]

    @classmethod
    def of(cls, sure: Refusals, perhaps: Refusals) -> "Prediction":
        """Refused for one of the reasons that are `sure`, or one of the others; or done when none is sure."""
        return cls(not sure, frozenset(sure | perhaps))


def of_buying(ledger: Ledger, intent: Intent, now: dt.datetime, again: bool) -> Prediction:
    """`again`: the same request was made before, and nobody knows what came of it."""
    screening, sure, perhaps = intent.screening, set[type[Refusal]](), set[type[Refusal]]()
    assert screening is not None
    if now >= screening.starts_at:
        return Prediction.of({SalesClosed}, set())
    if parts := of_parting(set(intent.seats), set(), buying=True):
        return Prediction.of(parts, set())
    if screening.cancelled:
        sure.add(ScreeningCancelled)
    here = [order for order in ledger.orders.values() if order.screening is screening]
    owners = [order for order in here if order.holds & set(intent.seats)]
    if any(not order.is_dead(now) or order.money is Money.MUST for order in owners):
        sure.add(SeatsTaken)
    if any(order.wrong_amount and order.is_dead(now) for order in (*owners, *ledger.of(intent.buyer, screening))):
        perhaps |= {SeatsTaken, Busy}
    # An order that is left alone for a while keeps its seats on a board that was made anew.
    if ledger.doubtful_since or any(order.money is Money.MAY or order.held_until > now for order in owners):
        perhaps.add(SeatsTaken)
    unpaid = [order for order in ledger.of(intent.buyer, screening) if order.status in UNPAID]
    if len([order for order in unpaid if not order.is_dead(now)]) >= UNPAID_ORDERS:
        sure.add(TooManyUnpaidOrders)
    if any(ledger.stock[sku] < quantity for sku, quantity in intent.snacks):
        sure.add(SnacksSoldOut)
        perhaps |= {RequestInProgress} if again else set()
    return Prediction.of(sure, perhaps)


def of_parting(going: set[str], staying: set[str], buying: bool) -> Refusals:
    """Why these seats can't be bought, or given back while the others stay."""
    if len(going & COUPLE) == 1:
        return {CoupleSeatParted}
    left = going if buying else staying
    parts = buying or WHEELCHAIR in going
    return {CompanionAlone} if parts and COMPANION in left and WHEELCHAIR not in left else set()


def of_paying_by_wallet(order: Order, snapshot: Snapshot, now: dt.datetime) -> Prediction:
    """As any payment, but for its money; an attempt that is open already may be finished instead."""
    other = of_paying(order, snapshot, False, now)
    if not other.may_succeed or order.status in OWNING:
        return other
    short = snapshot.available(order.buyer) < order.total
    if short and order.status == "created" and not order.asked_otherwise:
        return Prediction.of({InsufficientFunds}, set())
    return Prediction(True, other.refusals | {PaymentDeclined, InsufficientFunds})


def of_paying_by_card(order: Order, snapshot: Snapshot, is_theirs: bool, now: dt.datetime) -> Prediction:
    """`is_theirs`: the buyer keeps that card. It pays at once, unless an attempt that is open already does."""
    other = of_paying(order, snapshot, False, now)
    if not other.may_succeed or order.status in OWNING:
        return other
    if not is_theirs:
        return Prediction.of({UnknownCard}, set())
    if order.status == "created":
        declines = (order.order_id, "decline") in snapshot.instructions
        return Prediction.of({PaymentDeclined} if declines else set(), set())
    return Prediction(True, other.refusals | {PaymentDeclined})


def of_paying(order: Order, snapshot: Snapshot, at_once: bool, now: dt.datetime) -> Prediction:
    if order.status in OWNING:
        return Prediction.of(set(), set())
    if order.status == "expired" or order.is_dead(now):
        return Prediction.of({OrderExpired}, set())
    if order.status not in UNPAID:
        return Prediction.of({OrderNotPayable}, set())
    if order.wrong_amount:
        return Prediction.of(set(), {PaymentInReview, OrderNotPayable, PaymentDeclined, InsufficientFunds})
    if order.closing_unclear:
        return Prediction.of(set(), {OrderNotPayable, PaymentDeclined, InsufficientFunds})
    if not at_once:
        return Prediction.of(set(), set())
    if order.asked_otherwise:
        return Prediction.of(set(), {PaymentDeclined, InsufficientFunds})
    last = snapshot.charges[order.order_id][-1].status if snapshot.charges[order.order_id] else None
    declines = (order.order_id, "decline") in snapshot.instructions   # the bank will say no to the next charge
    match last:
        case "authorized" | "captured":
            return Prediction.of(set(), set())               # who has said yes at the page, has paid
        case "declined" | "cancelled":                       # which may be news
            return Prediction.of({PaymentDeclined} if declines else set(), {PaymentDeclined})
    return Prediction.of({PaymentDeclined} if declines else set(), set())


def of_cancelling(order: Order) -> Prediction:
    if order.status not in UNPAID or order.money is Money.MUST:
        return Prediction.of({OrderNotCancellable}, set())
    perhaps = {OrderNotCancellable} if order.money is Money.MAY else set()
    return Prediction.of(set(), perhaps | {Busy, OrderNotCancellable} if order.wrong_amount else perhaps)


def of_extending(order: Order, now: dt.datetime) -> Prediction:
    if order.status == "expired" or order.is_dead(now):
        return Prediction.of({OrderExpired}, set())
    too_late = now >= order.expires_at - LAST_MOMENTS
    if order.status not in UNPAID or order.extended or too_late or order.expires_at >= order.screening.starts_at:
        return Prediction.of({OrderNotExtendable}, set())
    return Prediction.of(set(), set())


def of_refunding(order: Order, seats: tuple[str, ...], as_shown: bool, now: dt.datetime) -> Prediction:
    """`as_shown`: the buyer names the amount that would go back, or none."""
    if order.status not in ("paid", "part_refunded"):
        return Prediction.of({OrderNotRefundable}, set())
    if order.refund_of(list(seats), now) is None:
        return Prediction.of({RefundClosed}, set())
    if parts := of_parting(set(seats), order.valid - set(seats), buying=False):
        return Prediction.of(parts, set())
    return Prediction.of(set() if as_shown else {RefundChanged}, set())


def of_cooking(status: str | None, step: str, right_code: bool) -> Prediction:
    if status is None:
        return Prediction.of({UnknownKitchenOrder}, set())
    if status != {"start": "new", "finish": "preparing", "hand_over": "ready"}[step]:
        return Prediction.of({KitchenStepTaken}, set())
    return Prediction.of(set() if right_code else {WrongPickUpCode}, set())
