"""Purging: what is too old is deleted in short transactions, one after another, until nothing of it is left."""

import logging
from collections.abc import Callable

import eventlet
from sqlalchemy.engine import Connection

from services.foundation.database import Transactions

log = logging.getLogger("marquee.purge")
PURGE_SECONDS = 600    # between two purges of a room
PAUSE_SECONDS = 0.02   # between two transactions, for those who wait for a lock or for this process
Purge = Callable[[Connection], int]


def purge(database: Transactions, is_stopping: Callable[[], bool], *purges: Purge) -> int:
    """Repeat each of `purges` until it returns 0; ends early once the room stops. Returns how many rows are gone.

    Each deletes some rows in its transaction (`database.delete_some`), and returns how many: a transaction keeps its
    locks until it ends, so none is long. Several processes may purge at once. A failure is logged, and raises nothing:
    the room goes on, and its timer tries again.
    """
    return sum(repeat(lambda some=some: database.run_repeatable(some), is_stopping)  # type: ignore[misc]
               for some in purges)


def repeat(delete_some: Callable[[], int], is_stopping: Callable[[], bool]) -> int:
    """Call `delete_some` until it returns 0, fails or the room stops, with pauses; the sum of what it returned."""
    total = 0
    try:
        while not is_stopping() and (gone := delete_some()):
            total += gone
            eventlet.sleep(PAUSE_SECONDS)
    except Exception as problem:
        log.warning("could not purge", extra={"problem": f"{type(problem).__name__}: {problem}"})
    return total
