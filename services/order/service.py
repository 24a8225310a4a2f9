"""The order room: who sits where, and who has paid for it."""

from typing import Any

from eventlet import tpool
from nameko import config

from schemas import film, kitchen, payment
from schemas import order as contract
from schemas.errors import Busy
from services.foundation.amqp.announcements import on_announcement
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database, utc_now
from services.foundation.events.consumers import Delivery, on_event
from services.foundation.events.relay import Relay
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.rpc.client import Remote
from services.foundation.rpc.idempotency import AlreadyAnswered
from services.foundation.settings import says_test
from services.foundation.timers import every
from services.order import rules, snacks, store
from services.order.buying.checkout import Taking
from services.order.buying.new_order import new_draft
from services.order.buying.screening_snapshot import ScreeningTerms
from services.order.models import KEYS, OUTBOX, Base
from services.order.paying.payments import Till
from services.order.paying.reviews import Reviews
from services.order.refunding import cancelled_screenings, refund_policy, refunds
from services.order.replayed_answers import OrderKeys
from services.order.seat_boards import SeatBoards
from services.order.serializers import preview, receipt
from services.order.settings import HouseLimits
from services.order.snacks import SnackCounter
from services.order.sweeps import Tending, warm
from services.order.tickets.calendar_file import calendar_file
from services.order.tickets.codes import as_text
from services.order.tickets.images import ticket_images
from services.order.tickets.keys import TicketKeyFile


class Order:
    name = "order"

    principal = PrincipalProvider()
    database = Database(Base)
    relay = Relay(OUTBOX)
    boards = SeatBoards()
    terms = ScreeningTerms()
    limits = HouseLimits()
    remote = Remote()
    ticket_keys = TicketKeyFile()
    presence = Presence()

    @property
    def till(self) -> Till:
        counter = SnackCounter(self.database, self.remote)
        return Till(self.database, self.boards, self.remote, self.ticket_keys, counter)

    @property
    def reviews(self) -> Reviews:
        return Reviews(self.database, self.boards, self.remote, self.till)

    def keys(self, method: Any, request: dict[str, Any]) -> OrderKeys:
        return OrderKeys(KEYS, self.principal, method, request)

    @call(contract.BUY)
    def buy(self, request: dict[str, Any]) -> dict[str, Any]:
        """Take seats and snacks, all or none, and hold them until `expires_at`."""
        keys, now = self.keys(contract.BUY, request), utc_now()
        if earlier := keys.answered(self.database):
            return earlier  # whatever has changed since, such as that sales are closed
        rules.check_snacks(request["snacks"], self.limits)
        terms = self.terms.of(request["screening_id"], self.remote)
        quote = rules.quote(terms.prices, terms.starts_at, request["seats"], now, self.limits)
        draft = new_draft(self.principal, keys, terms, quote, self.limits, now)
        taking = Taking(self.database, self.boards, self.till, self.limits, terms, keys, request.get("total"))
        return taking.take(draft, quote, request["snacks"])

    @call(contract.PAY)
    def pay(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start paying, which extends the deadline once.

        With a `return_url` the reply says at which page the buyer pays; what comes of it the payment room will tell.
        Without one the money is taken at once and the tickets are made.
        """
        order_id, keys, now = request["order_id"], self.keys(contract.PAY, request), utc_now()
        rules.check_way(request["method"], request.get("return_url"))
        try:
            view = self.database.run(lambda tx: self._start_paying(tx, keys, order_id))
            checkout = None
            if view.row.status == "paying":
                row = view.row
                self.boards.show_held(row.screening_id, row.board_owner, row.expires_at, view.seat_ids)
                checkout = self.till.ask_for_money(view, request["method"], request.get("return_url"))
                if checkout["status"] != "captured":
                    self.database.run(lambda tx: keys.remember(tx, receipt(view, now, checkout)))
                    return receipt(view, now, checkout)
            paid = self.till.book_payment(
                view.row.order_id, lambda tx, view: keys.remember(tx, receipt(view, now, checkout)))
        except AlreadyAnswered as earlier:
            return earlier.reply
        return receipt(paid, now, checkout)

    def _start_paying(self, tx: Any, keys: OrderKeys, order_id: str) -> store.OrderView:
        keys.recall(tx)
        view = store.lock(tx, order_id, self.principal.user_id)
        if view.row.status in rules.OWNS_SEATS:
            return view  # paid before: paying again tells the same
        row = view.row
        rules.may_pay(row.status, row.expires_at, utc_now())
        if row.status == "created":
            store.move(tx, view, "paying",
                       expires_at=rules.pay_deadline(row.created_at, row.expires_at, row.starts_at, self.limits))
        return store.find(tx, row.order_id)

    @on_event(payment.CAPTURED)
    def book_captured(self, delivery: Delivery) -> None:
        """The money has come. Nothing is done twice here: what is booked already stays as it is."""
        self.till.book_or_return(delivery.body["order_id"])

    @on_event(payment.REVIEW)
    def hold_for_review(self, delivery: Delivery) -> None:
        """Nobody is given seats or money before a person has looked."""
        self.reviews.hold(delivery.body["order_id"])

    @on_event(payment.DISMISSED)
    def end_reviewed(self, delivery: Delivery) -> None:
        """A person has looked: that payment brings nobody any seats."""
        self.reviews.end(**{name: delivery.body[name] for name in ("order_id", "given_back", "currency")})

    @on_event(payment.REVERSED)
    def void_reversed(self, delivery: Delivery) -> None:
        """A person has decided that tickets are void whose money has gone back without us."""
        self.reviews.void(delivery.body["order_id"])

    @call(contract.REFUND)
    def refund(self, request: dict[str, Any]) -> dict[str, Any]:
        """Void the tickets and free the seats at once; the money follows."""
        order_id, keys, now = request["order_id"], self.keys(contract.REFUND, request), utc_now()

        def give_back(tx: Any) -> tuple[store.OrderView, refund_policy.RefundPlan]:
            view = store.lock(tx, order_id, self.principal.user_id)
            keys.recall(tx)  # now that no twin can be at it
            plan = refunds.plan(view, request, now)
            refund_policy.check_amount(plan, request.get("amount"))
            refunds.give_back(tx, view, plan)
            keys.remember(tx, receipt(store.find(tx, view.row.order_id), now))
            return view, plan

        try:
            view, plan = self.database.run(give_back)
        except AlreadyAnswered as earlier:
            return earlier.reply
        self.boards.show_free(view.row.screening_id, view.row.board_owner, plan.seats)
        view = self.till.send_refunds(view.row.order_id, lambda tx, view: keys.revise(tx, receipt(view, now)))
        return receipt(view, now)

    @call(contract.REFUND_PREVIEW)
    def refund_preview(self, request: dict[str, Any]) -> dict[str, Any]:
        """What would go back now, seat by seat; changes nothing."""
        now = utc_now()
        view = self.database.read(lambda tx: store.find(tx, request["order_id"], self.principal.user_id))
        plan = refunds.plan(view, request, now)
        return preview(view, plan, now)

    @call(contract.CANCEL)
    def cancel(self, request: dict[str, Any]) -> dict[str, Any]:
        """Drop an unpaid order; if its payment went through meanwhile, it is paid and stays."""
        order_id, keys = request["order_id"], self.keys(contract.CANCEL, request)

        def look(tx: Any) -> store.OrderView:
            view = store.find(tx, order_id, self.principal.user_id)
            keys.recall(tx)  # afterwards: what a twin has cancelled was answered, too
            return view

        now = utc_now()
        try:
            view = self.database.run(look)
            rules.may_cancel(view.row.status)
            view = self.till.settle(view.row.order_id, "cancelled", "asked",
                                    lambda tx, view: keys.remember(tx, receipt(view, now)))
            self.database.run(keys.recall)
        except AlreadyAnswered as earlier:
            return earlier.reply
        if view.row.status != "cancelled":
            rules.may_cancel(view.row.status)
            raise Busy(retry_after=1)  # a payment has just begun
        return receipt(view, now)

    @call(contract.CANCEL_SCREENING)
    def cancel_screening(self, request: dict[str, Any]) -> dict[str, Any]:
        """Decide it, or in a dry run only say what it comes to. The film room follows; `tend` ends the orders."""
        self.terms.of(request["screening_id"], self.remote)  # there is such a screening
        keys = self.keys(contract.CANCEL_SCREENING, request)
        return cancelled_screenings.decide(self.database, keys, request, str(self.principal.user_id))

    @call(contract.GET_INFO)
    def get_info(self, request: dict[str, Any]) -> dict[str, Any]:
        """One of the caller's orders."""
        view = self.database.read(lambda tx: store.find(tx, request["order_id"], self.principal.user_id))
        view, told = self.till.find_payment(self.till.as_it_stands(view))
        return receipt(view, utc_now(), told)

    @call(contract.GET_LIST)
    def get_list(self, request: dict[str, Any]) -> dict[str, Any]:
        """The caller's orders, newest first; `next_cursor` asks for the rest."""
        limit, now = request["limit"], utc_now()
        views = self.database.read(lambda tx: store.list_orders(
            tx, str(self.principal.user_id), request.get("status"), request.get("cursor"), limit))
        page = [self.till.as_it_stands(view) for view in views[:limit]]
        if wanted := request.get("status"):
            page = [view for view in page if view.row.status == wanted]
        return {"orders": [receipt(view, now) for view in page], "server_time": now,
                "next_cursor": views[limit - 1].row.order_id if len(views) > limit else None}

    @call(contract.GET_TICKET_IMAGES)
    def get_ticket_images(self, request: dict[str, Any]) -> dict[str, Any]:
        """The codes of an order's valid tickets, as pictures to show at the door."""
        view = self.database.read(lambda tx: store.find(tx, request["order_id"], self.principal.user_id))
        return {"tickets": tpool.execute(ticket_images, view.tickets, says_test(config))}

    @call(contract.GET_CALENDAR)
    def get_calendar(self, request: dict[str, Any]) -> dict[str, Any]:
        """One of the caller's orders as a calendar entry."""
        view = self.database.read(lambda tx: store.find(tx, request["order_id"], self.principal.user_id))
        return {"calendar": calendar_file(view, says_test(config))}

    @call(contract.GET_TICKET_KEYS)
    def get_ticket_keys(self, request: dict[str, Any]) -> dict[str, Any]:
        """The public keys by which a door tells true ticket codes from false ones, the one in use first."""
        return {"keys": [{"key_id": key_id, "algorithm": "Ed25519", "public_key": as_text(public)}
                         for key_id, public in self.ticket_keys.public.items()]}

    @on_event(kitchen.STEP)
    def keep_kitchen_step(self, delivery: Delivery) -> None:
        """The buyer sees how far the snacks are."""
        self.database.run(lambda tx: snacks.keep_step(tx, delivery.body, delivery.sequence))

    # --- what nobody asks for, but must happen ---

    @on_announcement(film.BOARDS_COLD)
    def warm_boards(self, screening_ids: list[str]) -> None:
        """Someone met a board that Redis knows nothing of."""
        warm(self.database, self.boards, lambda screening_id: self.terms.of(screening_id, self.remote), screening_ids)

    @on_announcement(film.PROGRAMME_CHANGED, everywhere=True)
    def look_at_screenings_again(self, ids: list[str]) -> None:
        """Names or titles have changed; new orders carry the new ones."""
        self.terms.look_again()

    @every("sweep_seconds")
    def tend(self) -> None:
        """End dead orders, send refunds that had to wait, keep the boards true."""
        Tending(self.database, self.boards, self.till).do_all()
