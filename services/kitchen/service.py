"""The kitchen room: snacks, how many are left, and what is prepared for whom."""

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

from nameko import config

from schemas import kitchen as contract
from schemas import order
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database, utc_now
from services.foundation.events import inbox
from services.foundation.events.consumers import Delivery, on_event
from services.foundation.events.relay import Relay
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.rpc.idempotency import Keys, forget_old_keys
from services.foundation.timers import every
from services.kitchen import rules, stock, store
from services.kitchen.models import INBOX, KEYS, OUTBOX, Base

log = logging.getLogger("marquee.kitchen")
KEYS_KEPT = dt.timedelta(days=7)
Fields = dict[str, Any]


class Kitchen:
    name = "kitchen"

    principal = PrincipalProvider()
    database = Database(Base)
    relay = Relay(OUTBOX)
    presence = Presence()

    @call(contract.GET_MENU)
    def get_menu(self, request: Fields) -> Fields:
        """The snacks of a cinema and how many are left; a cinema without a kitchen has none."""
        snacks = self.database.read(lambda tx: stock.menu(tx, request["cinema_id"]))
        return {"cinema_id": request["cinema_id"], "snacks": snacks}

    # --- for the order room ---

    @call(contract.RESERVE)
    def reserve(self, request: Fields) -> Fields:
        """Set snacks aside, all or none; the same answer however often it is asked for an order."""
        rules.check_wanted([snack["sku"] for snack in request["snacks"]])
        lines = self.database.run_known(lambda tx: store.reserve(tx, request))
        return {"order_id": request["order_id"],
                "snacks": [line._mapping for line in sorted(lines, key=lambda line: line.place)]}

    @call(contract.RELEASE)
    def release(self, request: Fields) -> Fields:
        """Put a reservation back; there need not be one."""
        self.database.run_known(lambda tx: store.release(tx, request["order_id"]))
        return {}

    @call(contract.GIVE_UP)
    def give_up(self, request: Fields) -> Fields:
        """Prepare nothing for a refunded order; `in_time` stays what it was told first.

        Raises UnknownKitchenOrder, unless the request says that the order was `lost`.
        """
        order_id, lost = request["order_id"], request.get("lost")
        return {"in_time": self.database.run_known(lambda tx: store.give_up(tx, order_id, lost))}

    # --- for the people in the kitchen ---

    @call(contract.GET_QUEUE)
    def get_queue(self, request: Fields) -> Fields:
        """What waits, or what has one status, of one cinema or all; `next_cursor` asks for the rest."""
        statuses, now = [request["status"]] if "status" in request else rules.WAITING, utc_now()
        limit = request["limit"]
        tickets = self.database.read(lambda tx: store.queue(
            tx, request.get("cinema_id"), statuses, now - rules.LET_GO_AFTER, request.get("cursor"), limit + 1))
        return {"tickets": tickets[:limit], "server_time": now,
                "next_cursor": tickets[limit - 1]["order_id"] if len(tickets) > limit else None}

    @call(contract.START)
    def start(self, request: Fields) -> Fields:
        """Begin with an order's snacks. Raises KitchenStepTaken for the slower of two cooks."""
        return self._step(contract.START, request, "new", "preparing")

    @call(contract.FINISH)
    def finish(self, request: Fields) -> Fields:
        """They are ready, and the buyer is told."""
        return self._step(contract.FINISH, request, "preparing", "ready")

    @call(contract.HAND_OVER)
    def hand_over(self, request: Fields) -> Fields:
        """Hand them to their guest. Raises WrongPickUpCode for a code that is another's."""
        return self._step(contract.HAND_OVER, request, "ready", "collected", request.get("pick_up_code"))

    @call(contract.RESTOCK)
    def restock(self, request: Fields) -> Fields:
        """Say how many there are for sale; saying it again changes nothing."""
        return self.database.run_known(lambda tx: stock.restock(tx, **request))

    def _step(self, method: Any, request: Fields, before: str, after: str, code: str | None = None) -> Fields:
        keys = Keys(KEYS, self.principal, method, request)
        return keys.once(self.database, lambda tx: store.step(tx, request["order_id"], before, after, code))

    # --- what the order room tells ---

    @on_event(order.CREATED)
    def keep_reservation(self, delivery: Delivery) -> None:
        """The order is written, so its reservation ends only with it."""
        self._once(delivery, lambda tx: store.confirm(tx, delivery.about))

    @on_event(order.PAID)
    def take_up(self, delivery: Delivery) -> None:
        """A ticket for the kitchen."""
        before = dt.timedelta(minutes=config["kitchen"]["minutes_before_start"])
        needed_at = rules.needed_at(delivery.body["screening"]["starts_at"], before)
        self._once(delivery, lambda tx: store.take_up(tx, delivery.body, needed_at))

    @on_event(order.EXPIRED)
    def release_expired(self, delivery: Delivery) -> None:
        """Nobody paid: the snacks are for the next buyer."""
        self._once(delivery, lambda tx: store.release(tx, delivery.about))

    @on_event(order.CANCELLED)
    def release_cancelled(self, delivery: Delivery) -> None:
        """Dropped unpaid: the snacks are for the next buyer."""
        self._once(delivery, lambda tx: store.release(tx, delivery.about))

    def _once(self, delivery: Delivery, effect: Callable[[Any], object]) -> None:
        def work(tx: Any) -> None:
            if inbox.first_time(tx, INBOX, delivery):
                effect(tx)

        if delivery.body["snacks"]:
            self.database.run(work)

    # --- what nobody asks for, but must happen ---

    @every("sweep_seconds")
    def tidy_up(self) -> None:
        """Release reservations whose order was never written, end what nobody fetched, forget what can't come again."""
        try:
            now = utc_now()
            for order_id in self.database.read(lambda tx: store.unconfirmed(tx, now)):
                if self.database.run(lambda tx, o=order_id: store.release(tx, o, only_unconfirmed=True)):
                    log.info("released what an order never took up", extra={"order_id": order_id})
            for order_id in self.database.read(lambda tx: store.over(tx, now)):
                self.database.run(lambda tx, o=order_id: store.end(tx, o, now))
            kept = dt.timedelta(days=config["events"]["kept_days"])
            self.database.run(lambda tx: inbox.purge(tx, INBOX, now - kept))
            self.database.run(lambda tx: forget_old_keys(tx, KEYS, now - KEYS_KEPT))
        except Exception as problem:  # it is done at the next tick; the room lives on
            log.warning("could not tidy up", extra={"problem": f"{type(problem).__name__}: {problem}"})
