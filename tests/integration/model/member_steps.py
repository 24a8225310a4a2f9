"""What members do with their wallets and points, and what happens to those rooms."""

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from schemas import loyalty, order, wallet
from schemas.loyalty import NotEnoughPoints, PointsNotRedeemable
from schemas.wallet import InsufficientFunds
from services.foundation.rpc.calls import Principal
from tests.integration.model.accidents import Accident
from tests.integration.model.agreement import agree
from tests.integration.model.buyer_steps import BUYERS
from tests.integration.model.cinema import DONE, Request
from tests.integration.model.clock import START
from tests.integration.model.members import POINTS_STEP
from tests.integration.model.orders import OWNING, UNPAID, Intent, Order
from tests.integration.model.predictions import Prediction, of_paying_by_wallet, of_refunding
from tests.integration.model.steps import PICK, STAFF, Steps, precondition, rule

ROOMS = st.sampled_from(("wallet", "wallet", "loyalty"))
EVENING, NIGHT = START + dt.timedelta(hours=8), dt.timedelta(hours=14, minutes=30)


class MemberSteps(Steps):
    @precondition(lambda self: any(each.status in UNPAID for each in self.orders))
    @rule(pick=PICK, keyed=st.booleans(), gift=st.booleans())
    def pay_by_wallet(self, pick: int, keyed: bool, gift: bool = False) -> None:
        """`gift`: a manager gives the buyer money first."""
        mine = self.order(pick, *UNPAID)
        if gift:
            self.adjust(buyer=mine.buyer, amount=4000)
        outcome = self.cinema.send(Request(
            order.PAY, self.principal(mine.buyer, keyed), {"order_id": mine.order_id, "method": "wallet"},
            lambda: Intent("pay", mine), lambda intent: of_paying_by_wallet(mine, self.cinema.snapshot,
                                                                            self.cinema.now)))
        mine.asked_otherwise = True
        self.cinema.met["paid by wallet"] += bool(outcome.told) and self._is_paid_by_wallet(mine)

    def _is_paid_by_wallet(self, mine: Order) -> bool:
        charges = self.cinema.snapshot.charges[mine.order_id]
        return any((charge.provider, charge.status) == ("wallet", "captured") for charge in charges)

    @precondition(lambda self: any(each.status in OWNING for each in self.orders))
    @rule(pick=PICK, count=st.integers(0, 2), keyed=st.booleans())
    def refund_to_the_wallet(self, pick: int, count: int, keyed: bool) -> None:
        """`count`: of how many seats; 0: of the whole order."""
        paid = [each for each in self.orders if each.status in OWNING]
        mine = paid[-1 - pick % len(paid)]
        some = tuple(sorted(mine.valid)[:count])
        fields = {"order_id": mine.order_id, "to": "wallet"} | ({"seats": list(some)} if some else {})
        self.cinema.send(Request(
            order.REFUND, self.principal(mine.buyer, keyed), fields,
            lambda: Intent("refund", mine, some or tuple(sorted(set(mine.seats) - mine.returned))),
            lambda intent: of_refunding(mine, intent.seats, True, self.cinema.now)))

    @rule(buyer=BUYERS, amount=st.sampled_from((1500, 4000, 4000, -700)))
    def adjust(self, buyer: str, amount: int) -> None:
        """A manager gives money to a member, or takes some."""
        def predict(intent: Intent) -> Prediction:
            short = self.cinema.snapshot.available(buyer) + amount < 0
            return Prediction.of({InsufficientFunds} if short else set(), set())

        self.cinema.send(Request(
            wallet.ADJUST, STAFF, {"user_id": buyer, "amount": amount, "currency": "EUR", "reason": "a gift"},
            lambda: Intent("adjust", buyer=buyer, amount=amount), predict))

    @rule(buyer=BUYERS, points=st.sampled_from((100, 100, 200, 50)), keyed=st.booleans())
    def redeem(self, buyer: str, points: int, keyed: bool) -> None:
        def predict(intent: Intent) -> Prediction:
            if points % POINTS_STEP:
                return Prediction.of({PointsNotRedeemable}, set())
            few = self.cinema.snapshot.points.get(buyer, 0) < points
            return Prediction.of({NotEnoughPoints} if few else set(), set())

        outcome = self.cinema.send(Request(
            loyalty.REDEEM, self.principal(buyer, keyed), {"points": points},
            lambda: Intent("redeem", buyer=buyer, amount=points), predict))
        self.cinema.met["redeemed"] += bool(outcome.told)

    @rule(buyer=BUYERS)
    def check_in(self, buyer: str) -> None:
        """For the first time today or again."""
        day = self.cinema.ledger.members.day_of(buyer, self.cinema.now)
        told = self.cinema.send(Request(loyalty.CHECK_IN, Principal(user_id=buyer), {},
                                        lambda: Intent("check in", buyer=buyer), lambda intent: DONE)).told
        agree(not told or told["day"] == day, f"{told}, but it is day {day}")

    @precondition(lambda self: len(self.orders) > 3 and self.cinema.now < EVENING)
    @rule()
    def a_night_passes(self) -> None:
        """After which members may check in again."""
        self.cinema.pass_time(NIGHT)

    @rule(buyer=BUYERS)
    def look_into_the_wallet(self, buyer: str) -> None:
        """And at the points: what a member is told is what they have."""
        world, snapshot = self.cinema.world, self.cinema.snapshot

        def ask(method: Any) -> Any:
            return self.cinema.step(Intent("look"), lambda: world.ask(method, Principal(user_id=buyer))).told

        told, points = ask(wallet.GET_BALANCE), ask(loyalty.GET_POINTS)
        agree(told is None or sum(row["available"] for row in told) == snapshot.available(buyer), f"{buyer}: {told}")
        agree(points is None or points["balance"] == snapshot.points.get(buyer, 0), f"{buyer}: {points}")

    @rule(room=ROOMS, kind=st.sampled_from(("before", "after", "undone", "done")), countdown=st.integers(0, 2))
    def a_members_room_is_about_to_fail(self, room: str, kind: Any, countdown: int) -> None:
        """It dies before or after one of its next commits, or that commit gets lost."""
        self.cinema.world.accidents.planned = Accident(room, kind, countdown)

    @rule(kind=st.sampled_from(("undone", "done")), countdown=st.integers(0, 1))
    def a_call_to_the_wallet_is_about_to_fail(self, kind: Any, countdown: int) -> None:
        self.cinema.world.accidents.planned = Accident(">wallet", kind, countdown)
