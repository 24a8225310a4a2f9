"""A purge goes on in short transactions until nothing is left, or the room stops."""

from collections.abc import Callable
from typing import Any

import pytest

from services.foundation import purging
from services.foundation.database import Transactions


class Tables(Transactions):
    """A database with so many rows to delete, which counts its transactions."""

    def __init__(self, *rows: int) -> None:
        self.left = list(rows)
        self.transactions: list[int] = []

    def run(self, work: Callable[[Any], Any]) -> Any:
        self.transactions.append(work(None))
        return self.transactions[-1]

    def purge_of(self, table: int) -> Callable[[Any], int]:
        def delete_some(tx: Any) -> int:
            gone = min(1000, self.left[table])
            self.left[table] -= gone
            return gone

        return delete_some


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "PAUSE_SECONDS", 0)


def test_a_purge_goes_on_until_nothing_is_left_of_any_table() -> None:
    tables = Tables(3500, 1, 0)

    assert purging.purge(tables, lambda: False, *map(tables.purge_of, range(3))) == 3501

    assert tables.left == [0, 0, 0]
    assert max(tables.transactions) == 1000


def test_a_purge_ends_when_the_room_stops() -> None:
    tables = Tables(10_000, 10_000)

    purging.purge(tables, lambda: len(tables.transactions) == 3, *map(tables.purge_of, range(2)))

    assert tables.left == [7000, 10_000]
