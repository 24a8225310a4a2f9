"""What the kitchen does by itself: it ends reservations without an order, and tickets that nobody has collected."""

import datetime as dt
import logging
from functools import partial

from services.foundation.database import Transactions
from services.kitchen import reservations, store, tickets

log = logging.getLogger("marquee.kitchen")


def sweep(database: Transactions, now: dt.datetime) -> None:
    """Release reservations whose order was never written, and close uncollected tickets; failures are only logged."""
    try:
        for order_id in database.read(lambda tx: store.unconfirmed(tx, now)):
            if database.run(partial(reservations.release, order_id=order_id, only_unconfirmed=True)):
                log.info("released the snacks of an order that was never written", extra={"order_id": order_id})
        for order_id in database.read(lambda tx: store.uncollected(tx, now)):
            database.run(partial(tickets.end_waiting, order_id=order_id, now=now))
    except Exception as problem:  # it is tried again at the next tick; the room goes on
        log.warning("could not sweep", extra={"problem": f"{type(problem).__name__}: {problem}"})
