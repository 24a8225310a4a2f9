"""Purging: what is too old is deleted in short transactions, one after another, until nothing of it is left."""

from collections.abc import Callable

import eventlet
from sqlalchemy.engine import Connection

from services.foundation.database import Transactions

PURGE_SECONDS = 600    # between two purges of a room
PAUSE_SECONDS = 0.02   # between two transactions, for those who wait for a lock or for this process
Purge = Callable[[Connection], int]


def purge(database: Transactions, is_stopping: Callable[[], bool], *purges: Purge) -> int:
    """Repeat each of `purges` until it returns 0; ends early once the room stops. Returns how many rows are gone.

    Each deletes some rows in its transaction (`database.delete_some`), and returns how many: a transaction keeps its
    locks until it ends, so none is long. Several processes may purge at once.
    """
    return sum(repeat(lambda some=some: database.run_repeatable(some), is_stopping)  # type: ignore[misc]
               for some in purges)


def repeat(delete_some: Callable[[], int], is_stopping: Callable[[], bool]) -> int:
    """Call `delete_some` until it returns 0 or the room stops, with pauses; the sum of what it returned."""
    total = 0
    while not is_stopping() and (gone := delete_some()):
        total += gone
        eventlet.sleep(PAUSE_SECONDS)
    return total
