"""The points of members fit their entries and orders, and each reward has its check-in, each redemption its money."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Row

from operations.checks.snapshot import Snapshot
from services.foundation.database import utc_now
from services.loyalty import rules, store

BOOKED_WITHIN = dt.timedelta(hours=1)  # events wait while a room is stopped
Source = tuple[str, str]  # what is given, and the id of the check-in or redemption
CHECK_INS = "SELECT check_in_id, user_id, points, amount, currency, checked_in_at FROM check_in WHERE check_in_id "
POINTS = "SELECT source_id, user_id, points, entry_id FROM entry WHERE kind = 'check_in' AND "
REDEEMED = "SELECT source_id, user_id, occurred_at, entry_id FROM entry WHERE kind = 'redeemed' AND "
MONEY = """
    SELECT source_type, source_id, user_id, amount, currency, transfer_id FROM transfer
    WHERE source_type IN ('check_in', 'redemption') AND """
NAMED, LATER = "source_id IN :ids", "{key} > :after ORDER BY {key} LIMIT :most"


def points_fit_their_entries(snapshot: Snapshot) -> Iterator[str]:
    """The points that members have are those of their entries, and an order's those of the money that it keeps."""
    with snapshot.loyalty.connect() as connection:
        for row in store.differences(connection, snapshot.since):
            yield (f"member {row.user_id} has {row.balance} points and {row.lifetime} in a lifetime, by the entries "
                   f"{row.entries_balance} and {row.entries_lifetime}")
        for row in store.points_of_orders(connection, snapshot.since):
            if row.booked != rules.points_kept(row):
                yield f"order {row.order_id} has {row.booked} points, but {rules.points_kept(row)} are due"


def rewards_have_their_reason(snapshot: Snapshot) -> Iterator[str]:
    """What was given is read before its promises, and a promise is read before what was given for it."""
    for given in _given(snapshot):
        promised = dict(_promises_of(snapshot, [source_id for _, source_id in given]))
        for (kind, source), gift in given.items():
            if promised.get((kind, source), (None,))[0] != gift:
                yield f"{kind} for {source}: {gift} was given, and not promised"
    due = utc_now() - BOOKED_WITHIN
    for promises in _promised(snapshot):
        ids = [source_id for _, source_id in promises]
        booked = {*_money(snapshot.rows(snapshot.wallet, MONEY + NAMED, ids=ids)),
                  *_points(snapshot.rows(snapshot.loyalty, POINTS + NAMED, ids=ids))}
        given_for = {source for source, _ in booked}
        for (kind, source), (gift, at) in promises.items():
            if at < due and (kind, source) not in given_for:
                yield f"{kind} for {source}: {gift} was promised more than an hour ago, and not given"


def _given(snapshot: Snapshot) -> Iterator[dict[Source, Any]]:
    """What members were given, in pages."""
    for page in snapshot.pages(snapshot.wallet, MONEY + LATER.format(key="transfer_id"), "transfer_id",
                               snapshot.first_id):
        yield dict(_money(page))
    for page in snapshot.pages(snapshot.loyalty, POINTS + LATER.format(key="entry_id"), "entry_id", snapshot.first_id):
        yield dict(_points(page))


def _promised(snapshot: Snapshot) -> Iterator[dict[Source, tuple[Any, dt.datetime]]]:
    """What members were promised, and when, in pages."""
    for page in snapshot.pages(snapshot.loyalty, CHECK_INS + "> :after ORDER BY check_in_id LIMIT :most",
                               "check_in_id", snapshot.first_id):
        yield dict(_rewards(page))
    for page in snapshot.pages(snapshot.loyalty, REDEEMED + LATER.format(key="entry_id"), "entry_id",
                               snapshot.first_id):
        yield dict(_redemptions(page))


def _promises_of(snapshot: Snapshot, ids: list[str]) -> Iterator[tuple[Source, tuple[Any, dt.datetime]]]:
    yield from _rewards(snapshot.rows(snapshot.loyalty, CHECK_INS + "IN :ids", ids=ids))
    yield from _redemptions(snapshot.rows(snapshot.loyalty, REDEEMED + NAMED, ids=ids))


def _money(rows: Iterable[Row[Any]]) -> Iterator[tuple[Source, Any]]:
    for row in rows:
        is_reward = row.source_type == "check_in"
        # The loyalty room keeps no amount of a redemption: its rate may be another by now.
        yield ("money" if is_reward else "redemption", row.source_id), (
            (row.user_id, row.amount, row.currency) if is_reward else row.user_id)


def _points(rows: Iterable[Row[Any]]) -> Iterator[tuple[Source, Any]]:
    for row in rows:
        yield ("points", row.source_id), (row.user_id, row.points)


def _rewards(rows: Iterable[Row[Any]]) -> Iterator[tuple[Source, tuple[Any, dt.datetime]]]:
    for row in rows:
        kind, gift = ("money", (row.user_id, row.amount, row.currency)) if row.points is None else (
            "points", (row.user_id, row.points))
        yield (kind, row.check_in_id), (gift, row.checked_in_at.replace(tzinfo=dt.UTC))


def _redemptions(rows: Iterable[Row[Any]]) -> Iterator[tuple[Source, tuple[Any, dt.datetime]]]:
    for row in rows:
        yield ("redemption", row.source_id), (row.user_id, row.occurred_at.replace(tzinfo=dt.UTC))
