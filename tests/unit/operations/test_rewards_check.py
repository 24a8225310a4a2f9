"""The check of rewards finds money and points without a reason, and promises that were not kept."""

import datetime as dt
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from operations.checks.loyalty import rewards_have_their_reason

NOW = dt.datetime.now(dt.UTC).replace(tzinfo=None)
OLD = NOW - dt.timedelta(hours=2)
Rows = dict[str, list[dict[str, Any]]]


class Books:
    """What the loyalty and wallet rooms have, by a part of the query that reads it."""

    loyalty = wallet = None
    first_id = ""

    def __init__(self) -> None:
        ada, nothing = {"user_id": "ada", "checked_in_at": OLD}, {"points": None, "amount": None, "currency": None}
        euro = {"amount": 100, "currency": "EUR"}
        self.tables: Rows = {
            "FROM check_in": [{**ada, **nothing, "check_in_id": "c1", "points": 5},
                              {**ada, **nothing, "check_in_id": "c2", **euro}],
            "kind = 'check_in'": [{"source_id": "c1", "user_id": "ada", "points": 5}],
            "kind = 'redeemed'": [{"source_id": "r1", "user_id": "ada", "occurred_at": OLD}],
            "FROM transfer": [{"source_type": "check_in", "source_id": "c2", "user_id": "ada", **euro},
                              {"source_type": "redemption", "source_id": "r1", "user_id": "ada", **euro,
                               "amount": 50}]}

    def rows(self, engine: None, query: str, ids: list[str]) -> list[Any]:
        return [row for row in self._read(query) if getattr(row, "check_in_id", None) or row.source_id in ids]

    def pages(self, engine: None, query: str, key: str, after: str) -> Iterator[list[Any]]:
        yield self._read(query)

    def _read(self, query: str) -> list[Any]:
        [found] = [rows for name, rows in self.tables.items() if name in query]
        return [SimpleNamespace(**row) for row in found]


def breaches(books: Books) -> list[str]:
    return list(rewards_have_their_reason(books))  # type: ignore[arg-type]


@pytest.fixture
def books() -> Books:
    """Ada's check-ins c1, for points, and c2, for money, and her redemption r1: hours old, and all booked."""
    return Books()


def test_books_in_order_have_no_breach(books: Books) -> None:
    assert breaches(books) == []


@pytest.mark.parametrize(("source_type", "source_id"), [("check_in", "c1"), ("check_in", "c9"), ("redemption", "r9")])
def test_money_without_a_reason_is_a_breach(books: Books, source_type: str, source_id: str) -> None:
    books.tables["FROM transfer"].append({"source_type": source_type, "source_id": source_id, "user_id": "ada",
                                     "amount": 70, "currency": "EUR"})
    [breach] = breaches(books)
    assert source_id in breach


@pytest.mark.parametrize(("table", "place", "change"), [
    ("kind = 'check_in'", 0, {"points": 50}), ("FROM check_in", 1, {"user_id": "bob"}),
    ("FROM transfer", 0, {"amount": 1000}), ("FROM transfer", 0, {"currency": "USD"}),
    ("FROM transfer", 1, {"user_id": "bob"}),
])
def test_a_gift_that_is_not_what_was_promised_is_a_breach(books: Books, table: str, place: int,
                                                          change: dict[str, Any]) -> None:
    books.tables[table][place].update(change)
    assert len(breaches(books)) == 1


@pytest.mark.parametrize(("table", "place"), [
    ("kind = 'check_in'", 0), ("kind = 'redeemed'", 0), ("FROM check_in", 0), ("FROM check_in", 1),
    ("FROM transfer", 0), ("FROM transfer", 1)])
def test_a_promise_or_a_gift_that_is_gone_is_a_breach(books: Books, table: str, place: int) -> None:
    del books.tables[table][place]
    assert len(breaches(books)) == 1


def test_gifts_that_are_on_their_way_are_no_breach(books: Books) -> None:
    books.tables["FROM transfer"] = books.tables["kind = 'check_in'"] = []
    for row in books.tables["FROM check_in"]:
        row["checked_in_at"] = NOW
    books.tables["kind = 'redeemed'"][0]["occurred_at"] = NOW
    assert breaches(books) == []
