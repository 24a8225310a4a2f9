"""The snacks of an order: reserved with it, cooked after it is paid, and paid back unless that has begun."""

import datetime as dt
import json
import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.engine import Connection

from schemas import kitchen
from schemas.base import lenient
from schemas.errors import Refusal
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.client import RemoteCaller
from services.order import rules, store
from services.order.buying.screening_snapshot import Terms
from services.order.refunding import refund_policy, refunds

log = logging.getLogger("marquee.snacks")
orders = store.orders
AT_A_TIME = 500


@dataclass(frozen=True)
class SnackCounter:
    """Where the order room meets the kitchen."""

    database: Transactions
    remote: RemoteCaller

    def reserve(self, draft: dict[str, Any], terms: Terms, wanted: list[dict[str, Any]]) -> None:
        """Have the kitchen set the snacks aside, and put them with their prices on the draft of the order.

        Raises SnacksSoldOut, SnacksUnknown, RequestInProgress when a copy of this very request has them, and
        RoomUnavailable or RoomSilent: then the kitchen has, or has not.
        """
        reply = self.remote.call(kitchen.RESERVE, {
            "order_id": draft["order_id"], "cinema_id": terms.cinema_id, "currency": terms.currency,
            "snacks": wanted, "purchase": draft["board_owner"], "until": draft["expires_at"].isoformat()})
        draft["snacks"] = json.dumps(reply["snacks"])
        draft["kitchen_status"] = "reserved"
        draft["total"] += rules.worth(reply["snacks"])

    def release(self, order_id: str) -> None:
        """The order was not written. What can't be said now, the kitchen finds out by itself."""
        try:
            self.remote.call(kitchen.RELEASE, {"order_id": order_id})
        except Exception as problem:  # of the kitchen's, and none of the buyer's
            note(problem, "snacks stay reserved for a while", order_id)

    def settle(self, order_id: str) -> None:
        """Of a refunded order: give the snacks up if the kitchen still can, and book their money. Once.

        Whatever is wrong in the kitchen, it is asked again later: the seats' money does not wait for that.
        """
        row, refunded_at = self.database.read(lambda tx: open_snacks(tx, order_id))
        if refunded_at is None:
            return
        try:
            in_time = self._give_up(row, refunded_at)
        except Exception as problem:
            note(problem, "snacks have to wait for their refund", order_id)
            until = rules.ask_again_at(refunded_at, utc_now())
            self.database.run(lambda tx: store.leave_alone(tx, order_id, until))
            return
        self.database.run_known(lambda tx: refunds.owe_for_snacks(tx, order_id, in_time))

    def _give_up(self, row: Row[Any], refunded_at: dt.datetime) -> bool:
        request: dict[str, Any] = {"order_id": row.order_id}
        # Before, order.paid may be on its way to a kitchen that does not know the order: it says so and is asked again.
        if refund_policy.kitchen_lost_it(refunded_at, utc_now()):
            request["lost"] = {"cinema_id": row.cinema_id, "version": row.kitchen_sequence}
        return in_time(self.remote.call(kitchen.GIVE_UP, request))


def open_snacks(tx: Connection, order_id: str) -> tuple[Row[Any], dt.datetime | None]:
    """The order, and since when it is to be booked what becomes of its snacks; None: it is not."""
    view = store.find(tx, order_id)
    return view.row, refunds.snacks_open_since(tx, view)


def in_time(reply: Any) -> bool:
    """What the kitchen's answer says; raises ValidationError for one that says nothing clear."""
    return bool(lenient(kitchen.GiveUpReply).load(reply)["in_time"])


def note(problem: Exception, what: str, order_id: str) -> None:
    """Log what is done later: in a line when the other room said why not, else with the traceback."""
    if isinstance(problem, Refusal):
        log.warning(what, extra={"order_id": order_id, "reason": problem.code})
    else:
        log.exception(what, extra={"order_id": order_id})


def keep_step(tx: Connection, step: dict[str, Any], sequence: int) -> None:
    """How far the kitchen is. Steps may come twice or late: only a later one than is known counts."""
    tx.execute(update(orders).where(orders.c.order_id == step["order_id"], orders.c.kitchen_sequence < sequence)
               .values(kitchen_status=step["status"], pick_up_code=step["pick_up_code"],
                       needed_at=step["needed_at"], kitchen_sequence=sequence))


def finished(tx: Connection, now: dt.datetime) -> list[str]:
    """Orders of which nothing is to come: the screening is over and the snacks, if any, wait for nobody."""
    none_wait = orders.c.kitchen_status.is_(None) | orders.c.kitchen_status.in_(rules.SNACKS_OVER)
    query = select(orders.c.order_id).where(orders.c.status.in_(refund_policy.REFUNDABLE), orders.c.ends_at <= now,
                                            none_wait)
    return list(tx.execute(query.order_by(orders.c.ends_at).limit(AT_A_TIME)).scalars())


def complete(tx: Connection, order_id: str, now: dt.datetime) -> None:
    """Close such an order."""
    view = store.lock(tx, order_id)
    if rules.is_complete(view.row.status, view.row.ends_at, view.row.kitchen_status, now):
        store.move(tx, view, "completed")
