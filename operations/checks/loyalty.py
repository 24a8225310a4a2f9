"""The points of members fit their entries and orders, and each reward has its check-in, each redemption its money."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from operations.checks.snapshot import Snapshot
from services.foundation.database import utc_now
from services.loyalty import rules, store

BOOKED_WITHIN = dt.timedelta(hours=1)  # events wait while a room is stopped
Source = tuple[str, str]  # what is given, and the id of the check-in or redemption


def points_fit_their_entries(snapshot: Snapshot) -> list[str]:
    """The points that members have are those of their entries, and an order's those of the money that it keeps."""
    with snapshot.loyalty.connect() as connection:
        return [f"member {row.user_id} has {row.balance} points and {row.lifetime} in a lifetime, by the entries "
                f"{row.entries_balance} and {row.entries_lifetime}" for row in store.differences(connection)] + [
            f"order {row.order_id} has {row.booked} points, but {rules.points_kept(row)} are due"
            for row in store.points_of_orders(connection) if row.booked != rules.points_kept(row)]


def rewards_have_their_reason(snapshot: Snapshot) -> list[str]:
    given = dict([*_money(snapshot), *_points(snapshot)])  # read first: whatever is given was promised before
    promised = {source: (gift, at.replace(tzinfo=dt.UTC)) for source, gift, at in _promises(snapshot)}
    due = utc_now() - BOOKED_WITHIN
    wrong = [f"{kind} for {source}: {gift} was given, and not promised"
             for (kind, source), gift in given.items() if promised.get((kind, source), (None,))[0] != gift]
    late = [f"{kind} for {source}: {gift} was promised more than an hour ago, and not given"
            for (kind, source), (gift, at) in promised.items() if at < due and (kind, source) not in given]
    return wrong + late


def _money(snapshot: Snapshot) -> Iterator[tuple[Source, Any]]:
    for row in snapshot.rows(snapshot.wallet, "SELECT source_type, source_id, user_id, amount, currency FROM transfer "
                                              "WHERE source_type IN ('check_in', 'redemption')"):
        is_reward = row.source_type == "check_in"
        # The loyalty room keeps no amount of a redemption: its rate may be another by now.
        yield ("money" if is_reward else "redemption", row.source_id), (
            (row.user_id, row.amount, row.currency) if is_reward else row.user_id)


def _points(snapshot: Snapshot) -> Iterator[tuple[Source, Any]]:
    for row in snapshot.rows(snapshot.loyalty,
                             "SELECT source_id, user_id, points FROM entry WHERE kind = 'check_in'"):
        yield ("points", row.source_id), (row.user_id, row.points)


def _promises(snapshot: Snapshot) -> Iterator[tuple[Source, Any, dt.datetime]]:
    for row in snapshot.rows(snapshot.loyalty, "SELECT check_in_id, user_id, points, amount, currency, checked_in_at "
                                               "FROM check_in"):
        if row.points is None:
            yield ("money", row.check_in_id), (row.user_id, row.amount, row.currency), row.checked_in_at
        else:
            yield ("points", row.check_in_id), (row.user_id, row.points), row.checked_in_at
    for row in snapshot.rows(snapshot.loyalty,
                             "SELECT source_id, user_id, occurred_at FROM entry WHERE kind = 'redeemed'"):
        yield ("redemption", row.source_id), row.user_id, row.occurred_at
