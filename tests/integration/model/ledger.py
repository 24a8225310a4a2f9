"""The model: a ledger in which everybody's seats, money and snacks are kept, and compared with what the tables say."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.integration.model.agreement import Divergence, agree
from tests.integration.model.cards import Cards
from tests.integration.model.members import Members
from tests.integration.model.orders import (
    ENDED,
    GIVEN_BACK,
    HOLDING,
    OWNING,
    SNACK_STATES,
    SNACK_STOCK,
    STATES,
    UNPAID,
    Intent,
    Money,
    Order,
    Screening,
    may_become,
    snacks_may_become,
)
from tests.integration.model.snapshot import OrderRow, Snapshot

__all__ = ["MENDING", "Divergence", "Ledger", "agree"]
MENDING = dt.timedelta(seconds=11)   # a hold of which no order came may be on the board for so long


@dataclass
class Ledger:
    screenings: list[Screening]
    seen: Counter[tuple[str, str]]              # how orders stood before and after a step, counted
    orders: dict[str, Order] = field(default_factory=dict)
    supplied: dict[str, int] = field(default_factory=lambda: dict(SNACK_STOCK))
    stock: dict[str, int] = field(default_factory=lambda: dict(SNACK_STOCK))
    kitchen: dict[str, str] = field(default_factory=dict)   # how far the snacks of which order are
    members: Members = field(default_factory=Members)
    cards: Cards = field(default_factory=Cards)
    doubtful_since: dt.datetime | None = None   # since when the board may show what is not so

    # --- after every step ---

    def follow(self, intent: Intent, snapshot: Snapshot, now: dt.datetime) -> Order | None:
        """What differs now has a reason, and the rest is as the ledger has it; the order just made, if any."""
        self._follow_screenings(intent, snapshot)
        made = self._adopt(intent, snapshot, now)
        for order in self.orders.values():
            agree(order.order_id in snapshot.orders, f"order {order.order_id} is lost")
            self._follow_order(order, snapshot.orders[order.order_id], intent, snapshot, now)
        self._compare_seats(snapshot)
        for order in self.orders.values():
            self._compare_money(order, snapshot)
        self._follow_snacks(intent, snapshot, now)
        self.members.follow(intent, self.orders, snapshot, now)
        self.cards.follow(intent, self.orders, snapshot)
        return made

    def _follow_screenings(self, intent: Intent, snapshot: Snapshot) -> None:
        for screening in self.screenings:
            if screening.screening_id in snapshot.cancelled and not screening.cancelled:
                agree(intent.what == "cancel screening" and intent.screening is screening, f"{screening} was cancelled")
                screening.cancelled = True
        agree(snapshot.off_programme <= snapshot.cancelled,
              f"{snapshot.off_programme} are cancelled in the film room alone")

    def _adopt(self, intent: Intent, snapshot: Snapshot, now: dt.datetime) -> Order | None:
        new = [row for row in snapshot.orders.values() if row.order_id not in self.orders]
        if not new:
            return None
        agree(intent.what == "buy" and len(new) == 1, f"orders that nobody asked for: {new} after {intent}")
        [row] = new
        assert intent.screening is not None
        order = Order(row.order_id, intent.buyer, intent.screening, intent.seats, dict(intent.snacks),
                      min(now + dt.timedelta(minutes=8), intent.screening.starts_at))
        agree((row.buyer_id, row.screening_id, row.status, row.total, row.refunded, row.expires_at)
              == (order.buyer, order.screening.screening_id, "created", order.total, 0, order.expires_at),
              f"{intent} became {row}")
        agree(not order.screening.cancelled and now < order.screening.starts_at, f"{row} is for nothing")
        self.orders[row.order_id] = order
        return order

    def _follow_order(self, order: Order, row: OrderRow, intent: Intent, snapshot: Snapshot, now: dt.datetime) -> None:
        before, kitchen = order.status, snapshot.kitchen(order.order_id)

        def may(one: str, other: str) -> bool:
            return may_become(order, one, other, intent, kitchen, now)

        agree(row.status == before or _is_reachable(before, row.status, may),
              f"order {order.order_id} was {before} and is {row.status} after {intent.what}")
        agree(row.total == order.total, f"order {order.order_id} costs {row.total}, not {order.total}")
        if before == "created" != row.status and (row.status == "paying" or row.expires_at != order.expires_at):
            order.expires_at = min(order.expires_at + dt.timedelta(minutes=7), order.screening.starts_at)
        if intent.what == "extend" and intent.order is order and not order.extended and row.extended:
            agree(before in UNPAID and now < order.expires_at, f"order {order.order_id} was extended at {now}")
            order.expires_at = min(order.expires_at + dt.timedelta(minutes=5), order.screening.starts_at)
            order.extended = True
        agree(row.extended == order.extended, f"order {order.order_id} was extended by {intent.what}")
        agree(row.expires_at == order.expires_at, f"order {order.order_id} ends at {row.expires_at}")
        if row.status in OWNING:
            order.money = Money.MUST
        if row.status in ENDED and row.refunded:
            found_late = order.money is not Money.NONE and now >= order.screening.starts_at
            agree(order.late_captures or found_late, f"order {order.order_id} gives back what it never got")
            order.owed_back = True
        self.seen[before, row.status] += 1
        order.status, order.ask_again_at = row.status, row.ask_again_at
        order.has_ended |= row.status in ENDED
        if before != row.status or row.status == "part_refunded":
            self._follow_refund(order, before, intent, snapshot, now)

    def _follow_refund(self, order: Order, before: str, intent: Intent, snapshot: Snapshot, now: dt.datetime) -> None:
        left = set(order.seats) - order.returned
        if order.status in GIVEN_BACK and before not in GIVEN_BACK:
            asked = intent.what == "refund" and intent.order is order and set(intent.seats) == left
            order.by_house = not asked
            agree(asked or order.screening.cancelled, f"order {order.order_id} was given back whole after {intent}")
            order.back += (order.refund_of(sorted(left), now) or 0) if asked else order.worth_of(left)
            order.returned |= left
        elif order.status == "part_refunded":
            good = {ticket.seat_id for ticket in snapshot.tickets if ticket.order_id == order.order_id}
            if good != left and intent.order is order:
                agree(good == left - set(intent.seats), f"{intent} left {good} of {left}")
                order.back += order.refund_of(list(intent.seats), now) or 0
                order.returned |= set(intent.seats)

    # --- comparing ---

    def _compare_seats(self, snapshot: Snapshot) -> None:
        claims = sorted((order.screening.screening_id, seat, order.order_id,
                         "PENDING" if order.status in HOLDING else "SOLD")
                        for order in self.orders.values() for seat in order.holds)
        agree(sorted(snapshot.claims) == claims, f"seats are claimed as {sorted(snapshot.claims)}, not as {claims}")
        tickets = sorted((order.screening.screening_id, seat, order.order_id)
                         for order in self.orders.values() for seat in order.valid)
        agree(sorted(snapshot.tickets) == tickets, f"tickets are {sorted(snapshot.tickets)}, not {tickets}")
        taken = [(screening, seat) for screening, seat, *_ in claims]
        agree(len(taken) == len(set(taken)), f"a seat has two owners: {claims}")

    def _compare_money(self, order: Order, snapshot: Snapshot) -> None:
        charges = [charge for charge in snapshot.charges[order.order_id] if charge.status == "captured"]
        what = f"order {order.order_id} is {order.status}, its money at the bank {charges}"
        agree(all(charge.amount == order.total for charge in charges), what)
        agree(len(charges) <= order.late_captures + (order.money is not Money.NONE), what)
        agree(charges or order.status not in OWNING + GIVEN_BACK, what)
        agree(snapshot.orders[order.order_id].refunded in self.may_go_back(order, snapshot), what)

    def may_go_back(self, order: Order, snapshot: Snapshot) -> set[int]:
        """What the order room may say that goes back, or has gone; one number, once everything is settled."""
        if order.status in ENDED:
            return {order.total if order.owed_back else 0}
        with_snacks = order.back + (order.snacks_worth if self.snacks_go_back(order, snapshot) else 0)
        return {with_snacks} if order.status != "refunding" else {order.back, with_snacks}

    def snacks_go_back(self, order: Order, snapshot: Snapshot) -> bool:
        return order.status in GIVEN_BACK and (order.by_house or snapshot.kitchen(order.order_id) == "given_up")

    def of(self, buyer: str, *screenings: Screening) -> list[Order]:
        """A buyer's orders, the oldest first."""
        return [order for order in self.orders.values()
                if order.buyer == buyer and (not screenings or order.screening in screenings)]

    def as_told_now(self, told: dict[str, Any]) -> dict[str, Any]:
        """An earlier answer as it is told again: the same, but for tickets that have become void since."""
        if not told.get("tickets"):
            return told
        valid = self.orders[told["order_id"]].valid
        return {**told, "tickets": [each if each["seat_id"] in valid else {**each, "status": "void", "code": None}
                                    for each in told["tickets"]]}

    def taken(self, screening: Screening, now: dt.datetime) -> dict[str, str]:
        """The seats that nobody can buy now: held or sold."""
        return {seat: "held" if order.status in HOLDING else "sold" for order in self.orders.values()
                if order.screening is screening and (order.status not in HOLDING or order.held_until > now)
                for seat in order.holds}

    def may_revive(self, order: Order, now: dt.datetime) -> bool:
        """Whether late money would bring an expired order its seats."""
        others = {seat for other in self.orders.values() if other.screening is order.screening for seat in other.holds}
        return order.may_revive(now) and not others & set(order.seats)

    # --- the kitchen ---

    def _follow_snacks(self, intent: Intent, snapshot: Snapshot, now: dt.datetime) -> None:
        for order_id, lines in snapshot.snacks.items():
            after, order = lines[0].status, self.orders.get(order_id)
            if order is None:
                agree(after in ("reserved", "released"), f"snacks of an order that does not exist are {after}")
            else:
                self._follow_snacks_of(order, after, intent, lines[0].until, now)
                agree({line.sku: line.quantity for line in lines} == order.snacks, f"{lines} are not {order.snacks}")
            for line in lines:
                fewest = 0 if after in ("released", "given_up") or order and order.snacks_lost else line.quantity
                most = 0 if after in ("released", "given_up") else line.quantity
                agree(fewest <= line.taken <= most, f"{line} has taken {line.taken}")
        with_snacks = [order.order_id for order in self.orders.values() if order.snacks]
        agree(set(with_snacks) <= set(snapshot.snacks), "the kitchen has lost an order")
        for sku, stock in snapshot.stock.items():
            if intent.what == "restock" and (sku, stock.left_over) in intent.snacks:
                self.supplied[sku] = stock.supplied
            taken = sum(line.taken for lines in snapshot.snacks.values() for line in lines if line.sku == sku)
            self.stock[sku] = self.supplied[sku] - taken
            agree((stock.left_over, stock.supplied) == (self.stock[sku], self.supplied[sku]), f"{stock}, {taken} taken")

    def _follow_snacks_of(self, order: Order, after: str, intent: Intent, until: dt.datetime | None,
                          now: dt.datetime) -> None:
        before = self.kitchen.setdefault(order.order_id, "reserved")

        def may(one: str, other: str) -> bool:
            return snacks_may_become(order, one, other, intent, until, now)

        agree(after == before or _is_reachable(before, after, may, SNACK_STATES),
              f"the snacks of {order.status} order {order.order_id} were {before} and are {after} after {intent.what}")
        order.snacks_lost |= after == "released"
        self.kitchen[order.order_id] = after


def _is_reachable(before: str, after: str, may: Callable[[str, str], bool], states: tuple[str, ...] = STATES) -> bool:
    found, todo = {before}, [before]
    while todo:
        one = todo.pop()
        news = {other for other in states if other not in found and may(one, other)}
        found |= news
        todo += news
    return after in found
