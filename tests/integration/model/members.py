"""What members have beside their orders: wallet money, points and check-ins, as the model's ledger keeps them."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from tests.integration.model.agreement import agree
from tests.integration.model.orders import Intent, Order
from tests.integration.model.snapshot import CheckIn, PointsEntry, Snapshot, Transfer

ZONE = ZoneInfo("Europe/Berlin")
REWARDS = (5, 70, 6, 7, 8, 9, 10)
DAY_OF_MONEY = 2    # whose reward is wallet money in cents; those of the other days are points
POINTS_STEP, STEP_WORTH = 100, 50
CENTS_PER_POINT_OF_SEATS, CENTS_PER_POINT_OF_SNACKS = 10, 20


def points_of(seats: int, snacks: int) -> int:
    """What an order earns whose seats and snacks cost so many cents."""
    return seats // CENTS_PER_POINT_OF_SEATS + snacks // CENTS_PER_POINT_OF_SNACKS


@dataclass
class Members:
    """Money and points that are owed to members by their source; each is booked once, sooner or later."""

    money: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)   # (kind, source): member and cents
    points: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    days: dict[str, CheckIn] = field(default_factory=dict)                        # by member, the last

    # --- after every step ---

    def follow(self, intent: Intent, orders: dict[str, Order], snapshot: Snapshot, now: dt.datetime) -> None:
        """What is new was asked for; what is booked is owed, and booked once; and the sums are those of the rows."""
        self._follow_check_ins(intent, snapshot, now)
        self._follow_redemptions(intent, snapshot)
        self._follow_adjustments(intent, snapshot)
        self._compare_money(snapshot)
        self._compare_points(orders, snapshot)

    def _follow_check_ins(self, intent: Intent, snapshot: Snapshot, now: dt.datetime) -> None:
        done = Counter((row.user_id, row.local_date) for row in snapshot.check_ins)
        agree(all(times == 1 for times in done.values()), f"a day is done more than once: {done}")
        for row in snapshot.check_ins:
            if (before := self.days.get(row.user_id)) and before.local_date >= row.local_date:
                continue
            agree((intent.what, intent.buyer) == ("check in", row.user_id), f"{row} after {intent}")
            agree((row.local_date, row.day) == (self.today(now), self.day_of(row.user_id, now)), f"{row} at {now}")
            self.days[row.user_id] = row
            reward = REWARDS[row.day - 1]
            owed = self.money if row.day == DAY_OF_MONEY else self.points
            owed["check_in", row.check_in_id] = (row.user_id, reward)

    def _follow_redemptions(self, intent: Intent, snapshot: Snapshot) -> None:
        new = [row for row in snapshot.entries
               if row.kind == "redeemed" and ("redeemed", row.source_id) not in self.points]
        agree(not new or (intent.what, len(new)) == ("redeem", 1), f"{new} after {intent}")
        for row in new:
            agree((row.user_id, -row.points) == (intent.buyer, intent.amount), f"{row} after {intent}")
            self.points["redeemed", row.source_id] = (row.user_id, row.points)
            self.money["redemption", row.source_id] = (row.user_id, -row.points // POINTS_STEP * STEP_WORTH)

    def _follow_adjustments(self, intent: Intent, snapshot: Snapshot) -> None:
        new = [row for row in snapshot.transfers
               if row.source_type == "adjustment" and ("adjustment", row.source_id) not in self.money]
        agree(not new or (intent.what, len(new)) == ("adjust", 1), f"{new} after {intent}")
        for row in new:
            agree((row.user_id, row.amount) == (intent.buyer, intent.amount), f"{row} after {intent}")
            self.money["adjustment", row.source_id] = (row.user_id, row.amount)

    def _compare_money(self, snapshot: Snapshot) -> None:
        for row in self._given(snapshot.transfers):
            agree(self.money.get((row.source_type, row.source_id)) == (row.user_id, row.amount), f"{row} is not owed")
        _once((row.source_type, row.source_id, row.kind) for row in snapshot.transfers)
        for account in snapshot.accounts.values():
            posted = sum(row.amount for row in snapshot.transfers if row.user_id == account.user_id)
            reserved = sum(row.amount for row in snapshot.reservations
                           if row.user_id == account.user_id and row.status == "reserved")
            agree((account.posted, account.reserved) == (posted, reserved), f"{account}, not {posted}, {reserved}")
            agree(account.available >= 0, f"{account} has less than nothing")

    def _compare_points(self, orders: dict[str, Order], snapshot: Snapshot) -> None:
        _once((row.source_id, row.kind) for row in snapshot.entries)
        for row in snapshot.entries:
            if row.order_id is None:
                agree(self.points.get((row.kind, row.source_id)) == (row.user_id, row.points), f"{row} is not owed")
            elif row.kind == "earned":
                mine = orders[row.order_id]
                earned = points_of(mine.worth_of(mine.seats), mine.snacks_worth)
                agree((row.user_id, row.points) == (mine.buyer, earned), f"{mine} earned {row}")
        for user_id, balance in snapshot.points.items():
            agree(balance == _sum(snapshot.entries, user_id), f"{user_id} has {balance} of {snapshot.entries}")

    @staticmethod
    def _given(transfers: list[Transfer]) -> Iterator[Transfer]:
        """Those that are neither for an order nor back for one."""
        return (row for row in transfers if row.source_type not in ("payment", "refund"))

    # --- in the end ---

    def check_end(self, snapshot: Snapshot) -> None:
        """All that is owed is booked."""
        money = {(row.source_type, row.source_id) for row in self._given(snapshot.transfers)}
        agree(money == self.money.keys(), f"money: {money ^ self.money.keys()}")
        points = {(row.kind, row.source_id) for row in snapshot.entries if row.order_id is None}
        agree(points == self.points.keys(), f"points: {points ^ self.points.keys()}")
        agree(all(row.status != "reserved" for row in snapshot.reservations), f"{snapshot.reservations}")

    @staticmethod
    def check_points_of(mine: Order, kept_of_seats: int, kept_of_snacks: int, snapshot: Snapshot) -> None:
        """The order has the points of the money that it keeps."""
        booked = sum(row.points for row in snapshot.entries if row.order_id == mine.order_id)
        kept = points_of(kept_of_seats, kept_of_snacks)
        agree(booked == kept, f"{mine} has {booked} points, not {kept}")

    # --- check-ins ---

    @staticmethod
    def today(now: dt.datetime) -> str:
        return now.astimezone(ZONE).date().isoformat()

    def day_of(self, user_id: str, now: dt.datetime) -> int:
        """Which of the seven days a check-in is that is made now."""
        if (last := self.days.get(user_id)) is None:
            return 1
        if last.local_date == self.today(now):
            return last.day
        missed = last.local_date != self.today(now - dt.timedelta(days=1))
        return 1 if missed else last.day % len(REWARDS) + 1


def _once(sources: Iterable[tuple[str, ...]]) -> None:
    twice = [source for source, times in Counter(sources).items() if times > 1]
    agree(not twice, f"booked twice: {twice}")


def _sum(entries: list[PointsEntry], user_id: str) -> int:
    return sum(row.points for row in entries if row.user_id == user_id)
