"""The order room: orders, their seats, their money and their tickets."""

from functools import cached_property
from typing import Any

from schemas import film, kitchen, payment, user
from schemas import order as contract
from schemas.base import Method
from services.foundation.amqp.announcements import on_announcement
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database, utc_now
from services.foundation.events.consumers import Delivery, on_event
from services.foundation.events.relay import Relay
from services.foundation.purging import PURGE_SECONDS, purge
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.rpc.client import Remote
from services.foundation.rpc.idempotency import delete_old_replies
from services.foundation.settings import RoomSettings
from services.foundation.timers import StopSignal, every
from services.order import rules
from services.order.admitting import door_methods
from services.order.cancelling import cancelled_screenings
from services.order.models import KEYS, OUTBOX, Base
from services.order.paying.payments import PaymentChoice
from services.order.queueing import queue_methods
from services.order.replies.replayed_answers import OrderIdempotencyKey
from services.order.screenings.screening_snapshot import ScreeningSnapshots
from services.order.seat_boards import SeatBoardsProvider, warm_boards
from services.order.settings import OrderSection
from services.order.snacks.store import record_step
from services.order.store import purge_epochs
from services.order.tickets.keys import TicketKeyFile, public_keys
from services.order.workflows import Workflows


# Imported as modules, since Nameko takes each class in this namespace for a room.
class Order(queue_methods.QueueMethods, door_methods.DoorMethods):
    """The Nameko service; each method names its workflow."""

    name = "order"

    principal = PrincipalProvider()
    database = Database(Base)
    relay = Relay(OUTBOX)
    boards = SeatBoardsProvider()
    screenings = ScreeningSnapshots()
    settings = RoomSettings(OrderSection, at_start=("ticket_key_file", "seats_per_order"))
    remote = Remote()
    ticket_keys = TicketKeyFile()
    is_stopping = StopSignal()
    presence = Presence()

    @cached_property
    def workflows(self) -> Workflows:
        return Workflows(self.database, self.boards, self.remote, self.screenings, self.settings, self.ticket_keys)

    @property
    def user_id(self) -> str:
        return str(self.principal.user_id)

    def idempotency_key(self, method: Method, request: dict[str, Any]) -> OrderIdempotencyKey:
        return OrderIdempotencyKey(KEYS, self.principal, method, request)

    # --- buying and paying ---

    @call(contract.BUY)
    def buy(self, request: dict[str, Any]) -> dict[str, Any]:
        """Take seats and snacks, all or none, and hold them until `expires_at`."""
        queue_pass = request.pop("pass", None)  # no part of what is bought: a repeated request may come with another
        return self.workflows.checkout.buy(
            self.idempotency_key(contract.BUY, request), self.principal, request["screening_id"], request["seats"],
            request["snacks"], request.get("total"), queue_pass)

    @call(contract.PAY)
    def pay(self, request: dict[str, Any]) -> dict[str, Any]:
        """Pay, or find the page at which the buyer pays; the deadline moves once, to `pay_minutes` after the order."""
        order_id, choice = request["order_id"], PaymentChoice.of(request)
        request.pop("language", None)  # no part of what is paid: a repeated request may come in another
        key = self.idempotency_key(contract.PAY, request)
        self.workflows.guests.prepare_payment(key, self.principal, order_id, choice)
        return key.first_answer(lambda: self.workflows.payments.pay(key, self.user_id, order_id, choice))

    @call(contract.CANCEL)
    def cancel(self, request: dict[str, Any]) -> dict[str, Any]:
        """Drop an unpaid order; if its payment went through meanwhile, it is paid and stays."""
        key = self.idempotency_key(contract.CANCEL, request)
        return key.first_answer(
            lambda: self.workflows.unpaid_orders.cancel(key, self.user_id, request["order_id"]))

    @call(contract.EXTEND)
    def extend(self, request: dict[str, Any]) -> dict[str, Any]:
        """Hold an unpaid order's seats for some minutes longer, once."""
        key = self.idempotency_key(contract.EXTEND, request)
        return key.first_answer(lambda: self.workflows.extensions.extend(key, self.user_id, request["order_id"]))

    @on_event(payment.CAPTURED)
    def book_captured(self, delivery: Delivery) -> None:
        """The money has come: make the order paid, or send the money back. Repeating this changes nothing.

        The queue of the event is named after this method, so another name would leave what waits in the queue behind.
        """
        self.workflows.captured_payments.apply_or_refund(delivery.body["order_id"])

    @on_event(user.GUEST_ADOPTED)
    def adopt_orders(self, delivery: Delivery) -> None:
        """A guest has signed in: the guest's orders are the account's. Repeating this changes nothing."""
        self.workflows.guests.adopt(delivery.body["guest_id"], delivery.body["user_id"])

    # --- payments that a person reviews ---

    @on_event(payment.REVIEW)
    def hold_for_review(self, delivery: Delivery) -> None:
        """Keep seats and money where they are until a person has decided."""
        self.workflows.reviews.hold(delivery.body["order_id"])

    @on_event(payment.DISMISSED)
    def end_reviewed(self, delivery: Delivery) -> None:
        """A person has decided that the payment does not count: end the order."""
        body = delivery.body
        self.workflows.reviews.dismiss(body["order_id"], body["given_back"], body["currency"])

    @on_event(payment.REVERSED)
    def void_reversed(self, delivery: Delivery) -> None:
        """A person has decided that tickets are void whose money has gone back without us."""
        self.workflows.reviews.void(delivery.body["order_id"])

    # --- refunding ---

    @call(contract.REFUND)
    def refund(self, request: dict[str, Any]) -> dict[str, Any]:
        """Void the tickets and free the seats at once; the money follows."""
        key = self.idempotency_key(contract.REFUND, request)
        if self.principal.is_guest:
            rules.check_refund_of_guest(request.get("to"))
        return key.first_answer(lambda: self.workflows.refunds.refund(
            key, self.user_id, request["order_id"], request.get("seats"), request.get("amount"),
            to_wallet=request.get("to") == "wallet"))

    @call(contract.REFUND_PREVIEW)
    def refund_preview(self, request: dict[str, Any]) -> dict[str, Any]:
        """What a refund would give back now, seat by seat; changes nothing."""
        return self.workflows.refunds.preview(self.user_id, request["order_id"], request.get("seats"))

    @call(contract.CANCEL_SCREENING)
    def cancel_screening(self, request: dict[str, Any]) -> dict[str, Any]:
        """Cancel a screening, or in a dry run only sum it up. The film room follows; sweeps end the orders.

        Raises Forbidden in another manager's cinema.
        """
        return cancelled_screenings.decide(
            self.database, self.idempotency_key(contract.CANCEL_SCREENING, request), self.principal,
            self.managed_screening(request), request["dry_run"], request["although_admitted"], request.get("reason"))

    # --- reading ---

    @call(contract.GET_INFO)
    def get_info(self, request: dict[str, Any]) -> dict[str, Any]:
        """One of the caller's orders."""
        return self.workflows.queries.order(self.user_id, request["order_id"])

    @call(contract.GET_LIST)
    def get_list(self, request: dict[str, Any]) -> dict[str, Any]:
        """The caller's orders, newest first; `next_cursor` asks for the rest."""
        return self.workflows.queries.orders(
            self.user_id, request.get("status"), request.get("cursor"), request["limit"])

    @call(contract.GET_UPCOMING)
    def get_upcoming(self, request: dict[str, Any]) -> dict[str, Any]:
        """The caller's next tickets and unpaid orders."""
        return self.workflows.queries.upcoming(self.user_id)

    @call(contract.GET_TICKET_IMAGES)
    def get_ticket_images(self, request: dict[str, Any]) -> dict[str, Any]:
        """The codes of an order's valid tickets, as pictures to show at the door."""
        return {"tickets": self.workflows.queries.ticket_images(self.user_id, request["order_id"])}

    @call(contract.GET_RECEIPT)
    def get_receipt(self, request: dict[str, Any]) -> dict[str, Any]:
        """The receipt of one of the caller's orders; without the name and address while the user room is away."""
        return self.workflows.receipts.receipt(self.user_id, request["order_id"], request.get("address_id"))

    @call(contract.GET_CALENDAR)
    def get_calendar(self, request: dict[str, Any]) -> dict[str, Any]:
        """One of the caller's orders as a calendar entry."""
        return {"calendar": self.workflows.queries.calendar(self.user_id, request["order_id"])}

    @call(contract.GET_TICKETS_TO_MAIL)
    def get_tickets_to_mail(self, request: dict[str, Any]) -> dict[str, Any]:
        """The tickets of an order as they are now, for the mail to its buyer."""
        return self.workflows.queries.tickets_to_mail(request["order_id"])

    @call(contract.GET_TICKET_KEYS)
    def get_ticket_keys(self, request: dict[str, Any]) -> dict[str, Any]:
        """The public keys that verify ticket codes, the one in use first."""
        return {"keys": public_keys(self.ticket_keys)}

    # --- what other rooms report, and timers ---

    @on_event(kitchen.STEP)
    def keep_kitchen_step(self, delivery: Delivery) -> None:
        """Record how far the snacks of an order are."""
        self.database.run(lambda tx: record_step(tx, delivery.body, delivery.sequence))

    @on_announcement(film.BOARDS_COLD)
    def warm_boards(self, screening_ids: list[str]) -> None:
        """Rebuild boards that the film room has found cold."""
        warm_boards(self.boards, self.database, screening_ids,
                    lambda screening_id: self.screenings.get(screening_id, self.remote).ends_at)

    @on_announcement(film.PROGRAMME_CHANGED, everywhere=True)
    def expire_screening_snapshots(self, ids: list[str]) -> None:
        """Forget names and titles that have changed, so that new orders carry the new ones."""
        self.screenings.expire()

    @every("sweep_seconds")
    def sweep(self) -> None:
        """End dead orders, send refunds that had to wait, repair the boards."""
        self.workflows.sweeps.run_all()

    @every(PURGE_SECONDS)
    def purge(self) -> None:
        """Delete answers that nobody asks for again, and what was kept for the boards of screenings long over."""
        now = utc_now()
        purge(self.database, self.is_stopping,
              lambda tx: delete_old_replies(tx, KEYS, now),
              lambda tx: purge_epochs(tx, now))
