"""The loyalty room: points that members earn and redeem, and their daily check-in."""

import datetime as dt
import logging
from typing import Any

from schemas import loyalty as contract
from schemas import order, user
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database, utc_now
from services.foundation.events.consumers import Delivery, on_event
from services.foundation.events.relay import Relay
from services.foundation.purging import PURGE_SECONDS, purge
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.rpc.idempotency import IdempotencyKey, delete_old_replies
from services.foundation.settings import RoomSettings
from services.foundation.timers import StopSignal, every
from services.loyalty import check_ins, ledger, members, order_points, store
from services.loyalty.models import KEYS, OUTBOX, Base
from services.loyalty.settings import LoyaltySection

log = logging.getLogger("marquee.loyalty")
Fields = dict[str, Any]


class Loyalty:
    """Keeps the points of members, and rewards those who check in every day."""

    name = "loyalty"

    principal = PrincipalProvider()
    database = Database(Base)
    relay = Relay(OUTBOX)
    settings = RoomSettings(LoyaltySection)
    is_stopping = StopSignal()
    presence = Presence()

    # --- points ---

    @call(contract.GET_POINTS)
    def get_points(self, request: Fields) -> Fields:
        """The caller's points: none yet for somebody the room does not know."""
        return members.points(self.database.read(lambda tx: store.member(tx, self._user_id)), self.settings, utc_now())

    @call(contract.GET_ENTRIES)
    def get_entries(self, request: Fields) -> Fields:
        """The caller's entries, the newest first; `next_cursor` asks for the next page."""
        limit = request["limit"]
        found = self.database.read(
            lambda tx: store.entries_of(tx, self._user_id, request.get("cursor"), limit + 1))
        return {"entries": found[:limit], "next_cursor": found[limit - 1].entry_id if len(found) > limit else None}

    @call(contract.REDEEM)
    def redeem(self, request: Fields) -> Fields:
        """Turn points into wallet money. Raises NotEnoughPoints, and PointsNotRedeemable for no multiple of a step."""
        key = IdempotencyKey(KEYS, self.principal, contract.REDEEM, request, always=True)
        return key.run_once(self.database, lambda tx: ledger.redeem(
            tx, self.settings, self._user_id, request["points"], request.get("currency")))

    # --- check-in ---

    @call(contract.CHECK_IN)
    def check_in(self, request: Fields) -> Fields:
        """Check in for today, by the clock of the member's zone. A second time the same day gets the first answer."""
        return self.database.run_repeatable(
            lambda tx: check_ins.check_in(tx, self.settings, self._user_id, utc_now()))

    @call(contract.GET_CHECK_IN)
    def get_check_in(self, request: Fields) -> Fields:
        """Whether the caller has checked in today, the streak, and what the seven days are worth."""
        return self.database.read(lambda tx: check_ins.state(tx, self.settings, self._user_id, utc_now()))

    @call(contract.GET_CHECK_INS)
    def get_check_ins(self, request: Fields) -> Fields:
        """A member's days for staff, each done or missed; the days that are not over are open."""
        return self.database.read(lambda tx: check_ins.days(tx, self.settings, request, utc_now()))

    # --- both, for the account room ---

    @call(contract.GET_STANDING)
    def get_standing(self, request: Fields) -> Fields:
        """A member's points and check-in."""
        user_id, now = request["user_id"], utc_now()

        def read(tx: Any) -> Fields:
            member = store.member(tx, user_id)
            return {"points": members.points(member, self.settings, now),
                    "check_in": check_ins.state_of(tx, self.settings, user_id, member, now)}

        return self.database.read(read)

    @property
    def _user_id(self) -> str:
        return str(self.principal.user_id)

    # --- events; each of them may come twice, and changes nothing then ---

    @on_event(order.PAID)
    def earn_points(self, delivery: Delivery) -> None:
        """The order is paid: its buyer earns points. A guest has no account to earn them on."""
        body, zone = delivery.body, delivery.body["screening"]["time_zone"]
        self.database.run(lambda tx: order_points.earn(tx, self.settings, delivery))
        if not body["guest"]:
            self.database.run(lambda tx: members.note_purchase(tx, body["buyer_id"], zone, delivery.occurred_at))

    @on_event(order.ADOPTED)
    def earn_adopted_points(self, delivery: Delivery) -> None:
        """A guest has signed in: the account earns what the guest has bought."""
        self.database.run(lambda tx: order_points.adopt(tx, self.settings, delivery))

    @on_event(order.PART_REFUNDED)
    def take_back_for_seats(self, delivery: Delivery) -> None:
        """Some seats were given back."""
        self.database.run(lambda tx: order_points.take_back(tx, self.settings, delivery))

    @on_event(order.REFUNDING)
    def take_back_for_order(self, delivery: Delivery) -> None:
        """All seats were given back."""
        self.database.run(lambda tx: order_points.take_back(tx, self.settings, delivery))

    @on_event(order.REFUNDED)
    def take_back_for_snacks(self, delivery: Delivery) -> None:
        """All money has gone back, also that for snacks."""
        self.database.run(lambda tx: order_points.take_back(tx, self.settings, delivery))

    @on_event(contract.CHECKED_IN)
    def book_reward(self, delivery: Delivery) -> None:
        """Book a reward in points; the wallet room books those in money."""
        body, reward = delivery.body, delivery.body["reward"]
        if reward["kind"] == "points":
            self.database.run(lambda tx: ledger.book(tx, body["user_id"], "check_in", body["check_in_id"],
                                                     reward["points"], occurred_at=delivery.occurred_at))

    @on_event(user.TIME_ZONE_CHANGED)
    def follow_time_zone(self, delivery: Delivery) -> None:
        """The member has set a time zone in the profile, or removed it."""
        body = delivery.body
        self.database.run(lambda tx: members.note_profile(
            tx, body["user_id"], body["time_zone"], delivery.sequence))

    # --- by the timer ---

    @every("compare_seconds")
    def compare(self) -> None:
        """Compare the sums of members who have changed lately with the entries. A difference is an ERROR line."""
        try:
            since = utc_now() - 2 * dt.timedelta(seconds=self.settings.compare_seconds)
            for row in self.database.read(lambda tx: store.differences(tx, since)):
                log.error("a member's points differ from their entries", extra={
                    name: int(value) if name != "user_id" else value for name, value in row._mapping.items()})
        except Exception as problem:  # it is tried again at the next tick; the room goes on
            log.warning("could not compare the points", extra={"problem": f"{type(problem).__name__}: {problem}"})

    @every(PURGE_SECONDS)
    def purge(self) -> None:
        """Delete answers that nobody asks for again."""
        purge(self.database, self.is_stopping, lambda tx: delete_old_replies(tx, KEYS, utc_now()))
