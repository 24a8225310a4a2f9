"""After the last step: what was begun comes to its end, and then all must be as the ledger has it."""

import datetime as dt

from sqlalchemy import text

from operations.checks.invariants import INVARIANTS
from operations.checks.snapshot import Snapshot
from services.foundation.database import Transactions
from services.payment.reconciling.reconciler import reconcile
from tests.integration.model.cinema import Cinema
from tests.integration.model.ledger import agree
from tests.integration.model.orders import ENDED, GIVEN_BACK, OWNING, SNACKS_OVER, Money, Order

PAUSE = dt.timedelta(minutes=11)    # longer than anything is left alone
AFTER_A_STALL = dt.timedelta(seconds=30)    # then all boards are right again, whatever Redis did late


def settle(cinema: Cinema) -> None:
    """First while the screenings are to come, when the boards must be right, and then when they are over."""
    cinema.world.accidents.planned = None
    cinema.in_the_bank(lambda tx: tx.execute(text("DELETE FROM sandbox_instruction")))
    cinema.tend()
    cinema.pass_time(AFTER_A_STALL)
    cinema.tend()
    last = max((each.expires_at for each in cinema.ledger.orders.values()), default=cinema.now)
    cinema.world.clock.set(max(cinema.now, last))
    come_to_rest(cinema, "process_webhooks", "finish_stale_work", "reconcile")
    check_invariants(cinema)
    cinema.world.clock.set(max(cinema.now, *(each.ends_at for each in cinema.ledger.screenings)))
    come_to_rest(cinema, "finish_stale_work")
    check_invariants(cinema)
    check_books(cinema)
    for each in cinema.ledger.orders.values():
        check_end(cinema, each)
    cinema.ledger.members.check_end(cinema.snapshot)
    cinema.ledger.cards.check_end(cinema.ledger.orders, cinema.snapshot)
    for buyer in {each.buyer for each in cinema.ledger.orders.values()}:
        cinema.list_orders(buyer)


def come_to_rest(cinema: Cinema, *of_payment: str) -> None:
    """Timers go off and events arrive; what the provider has not said by now, it never says."""
    cinema.world.clock.move(PAUSE)
    cinema.tick("payment", *of_payment, "finish_cards")
    cinema.tick("kitchen", "sweep")
    all_events_arrive(cinema)
    cinema.tend()
    all_events_arrive(cinema)


def all_events_arrive(cinema: Cinema) -> None:
    """And those that follow from them."""
    while any(cinema.snapshot.events.values()) or cinema.event_queue.waiting:
        cinema.send_events()
        cinema.deliver(*cinema.event_queue.waiting)


def check_invariants(cinema: Cinema) -> None:
    """The project's own, too."""
    engines = cinema.world.engines
    rooms = ("order", "payment", "kitchen", "film", "loyalty", "office", "wallet", "user")
    snapshot = Snapshot(**{room: engines[room] for room in rooms}, board=cinema.world.board)
    for invariant in INVARIANTS:
        breaches = list(invariant.check(snapshot))
        agree(not breaches, f"{invariant.name}: {breaches}")


def check_books(cinema: Cinema) -> None:
    left = [line for line in reconcile(Transactions(cinema.world.engines["payment"]),
                                     cinema.world.rooms["payment"].settings, cinema.world.rooms["payment"].remote)
            if "waits for a review" not in line.text]
    agree(not left, f"the books differ from the provider's: {left}")


def check_end(cinema: Cinema, mine: Order) -> None:
    """How an order has ended, and what of its money is where."""
    ends = _ends(mine, cinema.snapshot.kitchen(mine.order_id))
    agree(mine.status in ends, f"{mine} should be one of {ends}")
    charges = [charge for charge in cinema.snapshot.charges[mine.order_id] if charge.status == "captured"]
    [back] = cinema.ledger.may_go_back(mine, cinema.snapshot)
    kept = mine.total - back if mine.status in OWNING + GIVEN_BACK else 0
    agree(sum(charge.amount - charge.refunded for charge in charges) == kept, f"{mine} keeps {kept}, not {charges}")
    in_force = mine.status in OWNING + GIVEN_BACK
    if "loyalty" not in cinema.event_queue.absent:
        cinema.ledger.members.check_points_of(
            mine, mine.worth_of(mine.seats) - mine.back if in_force else 0,
            mine.snacks_worth - (back - mine.back) if in_force else 0, cinema.snapshot)
    seen = cinema.snapshot.orders[mine.order_id].kitchen_status
    agree(seen == cinema.snapshot.kitchen(mine.order_id), f"{mine} sees its snacks as {seen}")


def _ends(mine: Order, kitchen: str | None) -> set[str]:
    """What may have become of it in the end."""
    ends = {"review"} if mine.wrong_amount else set[str]()
    if mine.money is not Money.MUST or mine.owed_back:   # found after its film began
        ends |= set(ENDED)
    if mine.money is Money.NONE and not mine.late_captures:
        return ends
    if mine.screening.cancelled or mine.status in GIVEN_BACK:
        return ends | {"refunded"}
    return ends | ({"completed"} if kitchen in SNACKS_OVER else {"paid", "part_refunded"})
