"""Events of many orders, each more than once and in any order, and a ledger of what their members have after all."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from schemas import loyalty, order
from schemas.base import Event
from services.foundation.database import utc_now
from services.foundation.events.consumers import Delivery
from tests.integration.loyalty.conftest import order_event

MEMBERS, COPIES = 6, 3
REWARDS = ({"kind": "points", "points": 5}, {"kind": "wallet", "amount": 100, "currency": "EUR"})


@dataclass
class Crowd:
    """What happens to a few members; `points` and `money` (EUR cents) are what that comes to.

    events    each one to three times
    refunds   into wallets, as the fields of a schemas.wallet.Credit; each one to three times
    """

    dice: random.Random
    events: list[tuple[Event, Delivery]] = field(default_factory=list)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    points: Counter[str] = field(default_factory=Counter)
    money: Counter[str] = field(default_factory=Counter)

    def shuffle(self) -> None:
        """Forget in which order things happened."""
        self.dice.shuffle(self.events)
        self.dice.shuffle(self.refunds)

    def buy(self, order_id: str) -> None:
        """An order is paid, and some of it, all or nothing given back."""
        dice, member = self.dice, self._member()
        seats = [dice.randint(0, 2000) for _ in range(dice.randint(1, 4))]
        snacks = dice.choice((0, dice.randint(1, 900)))
        facts: dict[str, Any] = {
            "buyer_id": member, "seats": [{"seat_id": f"A{n + 1}", "price": price} for n, price in enumerate(seats)],
            "total": sum(seats) + snacks}
        told, back = [(order.PAID, {"refunded": 0})], 0
        for price in seats[:dice.randint(0, len(seats))]:
            back += price * dice.choice((100, 50)) // 100
            told.append((order.PART_REFUNDED, {"refunded": back}))
        snacks_back = 0
        if len(told) > len(seats):
            told[-1], snacks_back = (order.REFUNDING, {"refunded": back}), dice.choice((0, snacks))
            told.append((order.REFUNDED, {"refunded": back + snacks_back, "snacks_refunded": snacks_back}))
        for place, (event, fields) in enumerate(told):
            self._tell(event, order_event(event, order_id, 3 + place, **facts, **fields))
        self.points[member] += (sum(seats) - back) // 10 + (snacks - snacks_back) // 10
        if (amount := back + snacks_back) and dice.random() < 0.5:
            self._refund_to_wallet(member, order_id, amount)

    def check_in(self, check_in_id: str) -> None:
        """A member checks in, for points or for wallet money."""
        member, reward = self._member(), self.dice.choice(REWARDS)
        body = {"check_in_id": check_in_id, "user_id": member, "local_date": utc_now().date(), "day": 1, "cycle": 1,
                "reward": reward}
        self._tell(loyalty.CHECKED_IN, Delivery("loyalty", check_in_id, check_in_id, 1, utc_now(), body, tries=0))
        self.points[member] += reward.get("points", 0)
        self.money[member] += reward.get("amount", 0)

    def _member(self) -> str:
        return f"member{self.dice.randrange(MEMBERS)}"

    def _tell(self, event: Event, delivery: Delivery) -> None:
        self.events += [(event, delivery)] * self.dice.randint(1, COPIES)

    def _refund_to_wallet(self, member: str, order_id: str, amount: int) -> None:
        credit = {"source_type": "refund", "source_id": f"refund-{order_id}", "user_id": member, "amount": amount,
                  "currency": "EUR", "order_id": order_id, "payment_id": f"payment-{order_id}"}
        self.refunds += [credit] * self.dice.randint(1, COPIES)
        self.money[member] += amount


def crowd(dice: random.Random, orders: int, check_ins: int = 0) -> Crowd:
    """So many orders and check-ins."""
    made = Crowd(dice)
    for number in range(orders):
        made.buy(f"order{number}")
    for number in range(check_ins):
        made.check_in(f"checkin{number}")
    made.shuffle()
    return made
