"""The kitchen room: menus, stock, and the tickets that cooks work through."""

import datetime as dt
from collections.abc import Callable, Set
from typing import Any

from nameko import config

from schemas import kitchen as contract
from schemas import order
from schemas.base import Method
from schemas.roles import cinemas_of
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database, utc_now
from services.foundation.events import inbox
from services.foundation.events.consumers import Delivery, on_event
from services.foundation.events.relay import Relay
from services.foundation.purging import PURGE_SECONDS, purge
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.rpc.idempotency import IdempotencyKey, delete_old_replies
from services.foundation.settings import RoomSettings
from services.foundation.timers import StopSignal, every
from services.kitchen import reservations, rules, staff, stock, store, sweeps, tickets
from services.kitchen.models import INBOX, KEYS, OUTBOX, Base
from services.kitchen.settings import KitchenSection

Fields = dict[str, Any]


class Kitchen:
    """Sells the snacks of a cinema together with seats, and leads cooks from ticket to ticket."""

    name = "kitchen"

    principal = PrincipalProvider()
    database = Database(Base)
    relay = Relay(OUTBOX)
    settings = RoomSettings(KitchenSection)
    is_stopping = StopSignal()
    presence = Presence()

    @call(contract.GET_MENU)
    def get_menu(self, request: Fields) -> Fields:
        """The snacks of a cinema, and how many are left; none for a cinema without a kitchen."""
        snacks = self.database.read(lambda tx: stock.menu(tx, request["cinema_id"]))
        return {"cinema_id": request["cinema_id"], "snacks": snacks}

    # --- for the order room ---

    @call(contract.RESERVE)
    def reserve(self, request: Fields) -> Fields:
        """Reserve snacks for an order, all or none. A repeated call gets the first answer."""
        rules.check_distinct([snack["sku"] for snack in request["snacks"]])
        lines = self.database.run_repeatable(lambda tx: reservations.reserve(tx, request))
        return {"order_id": request["order_id"],
                "snacks": [line._mapping for line in sorted(lines, key=lambda line: line.place)]}

    @call(contract.RELEASE)
    def release(self, request: Fields) -> Fields:
        """End a reservation, if there is one."""
        self.database.run_repeatable(lambda tx: reservations.release(tx, request["order_id"]))
        return {}

    @call(contract.GIVE_UP)
    def give_up(self, request: Fields) -> Fields:
        """Prepare nothing for a refunded order. A repeated call gets the first `in_time`.

        Raises UnknownKitchenOrder, unless the request says that the order was `lost`.
        """
        order_id, lost = request["order_id"], request.get("lost")
        return {"in_time": self.database.run_repeatable(lambda tx: tickets.give_up(tx, order_id, lost))}

    # --- for the cooks ---

    @call(contract.GET_QUEUE)
    def get_queue(self, request: Fields) -> Fields:
        """The waiting tickets, or those of one status; `next_cursor` asks for the next page.

        Of one cinema, or of all where the caller is a cook. Raises Forbidden for another cinema.
        """
        statuses, now = [request["status"]] if "status" in request else rules.WAITING, utc_now()
        limit = request["limit"]
        found = self.database.read(lambda tx: tickets.with_snacks(tx, store.queue(
            tx, self._kitchens(request), statuses, now - rules.STALE_AFTER, request.get("cursor"), limit + 1)))
        return {"tickets": [self._with_begin(ticket) for ticket in found[:limit]], "server_time": now,
                "next_cursor": found[limit - 1]["order_id"] if len(found) > limit else None}

    @call(contract.START)
    def start(self, request: Fields) -> Fields:
        """Begin to prepare an order's snacks. Raises KitchenStepTaken for the slower of two cooks, TooEarlyToBegin."""
        return self._step(contract.START, request, "new", "preparing", lambda ticket: rules.check_begins(
            ticket.needed_at - self.settings.begin, utc_now()))

    @call(contract.FINISH)
    def finish(self, request: Fields) -> Fields:
        """The snacks are ready; the buyer's order says so."""
        return self._step(contract.FINISH, request, "preparing", "ready")

    @call(contract.HAND_OVER)
    def hand_over(self, request: Fields) -> Fields:
        """Hand the snacks to their guest. Raises WrongPickUpCode for the code of another order."""
        return self._step(contract.HAND_OVER, request, "ready", "collected",
                          lambda ticket: rules.check_code(ticket.pick_up_code, request.get("pick_up_code")))

    @call(contract.UNDO)
    def undo(self, request: Fields) -> Fields:
        """Take the last step of a ticket back. Raises KitchenStepTaken if it is at another one by now, UndoOver."""
        status = request["status"]
        return self._step(contract.UNDO, request, status, rules.BEFORE[status], lambda ticket: rules.check_undo(
            status, ticket.kept, ticket.changed_at, self.settings.undo, utc_now()))

    @call(contract.RESTOCK)
    def restock(self, request: Fields) -> Fields:
        """Set how many of a snack are for sale. Raises Forbidden for another manager's cinema."""
        self.principal.permit_at("manager", request["cinema_id"])
        key = IdempotencyKey(KEYS, self.principal, contract.RESTOCK, request)
        return key.run_once(self.database, lambda tx: staff.restock(
            tx, self.principal, request["cinema_id"], request["sku"], request["stock"]))

    def _step(self, method: Method, request: Fields, before: str, after: str,
              check: Callable[[Any], object] | None = None) -> Fields:
        key = IdempotencyKey(KEYS, self.principal, method, request)
        return key.run_once(self.database, lambda tx: self._with_begin(staff.step(
            tx, self.principal, method, request["order_id"], before, after, check)))

    def _with_begin(self, ticket: Fields) -> Fields:
        return {**ticket, "begins_at": ticket["needed_at"] - self.settings.begin}

    def _kitchens(self, request: Fields) -> Set[str] | None:
        if "cinema_id" not in request:
            return cinemas_of(self.principal.roles, "cook")
        self.principal.permit_at("cook", request["cinema_id"])
        return {request["cinema_id"]}

    # --- events of the order room ---

    @on_event(order.CREATED)
    def keep_reservation(self, delivery: Delivery) -> None:
        """The order is written, so its reservation does not end by itself any more."""
        self._once(delivery, lambda tx: store.confirm(tx, delivery.about))

    @on_event(order.PAID)
    def take_up(self, delivery: Delivery) -> None:
        """The order is paid: open its ticket."""
        needed_at = rules.needed_at(delivery.body["screening"]["starts_at"], self.settings.before_start)
        self._once(delivery, lambda tx: tickets.take_up(tx, delivery.body, needed_at))

    @on_event(order.EXPIRED)
    def release_expired(self, delivery: Delivery) -> None:
        """Nobody paid in time: the snacks are for sale again."""
        self._once(delivery, lambda tx: reservations.release(tx, delivery.about))

    @on_event(order.CANCELLED)
    def release_cancelled(self, delivery: Delivery) -> None:
        """The order was cancelled unpaid: the snacks are for sale again."""
        self._once(delivery, lambda tx: reservations.release(tx, delivery.about))

    def _once(self, delivery: Delivery, effect: Callable[[Any], object]) -> None:
        def work(tx: Any) -> None:
            if inbox.first_time(tx, INBOX, delivery):
                effect(tx)

        if delivery.body["snacks"]:
            self.database.run(work)

    # --- by the timer ---

    @every("sweep_seconds")
    def sweep(self) -> None:
        """Release reservations whose order was never written, and close uncollected tickets."""
        sweeps.sweep(self.database, utc_now())

    @every(PURGE_SECONDS)
    def purge(self) -> None:
        """Delete reservations that came to nothing, and what was kept against repetitions, once they are old."""
        now = utc_now()
        before = now - dt.timedelta(days=config["events"]["kept_days"])
        purge(self.database, self.is_stopping,
              lambda tx: store.purge_released(tx, now, before),
              lambda tx: inbox.purge(tx, INBOX, before),
              lambda tx: delete_old_replies(tx, KEYS, now))
