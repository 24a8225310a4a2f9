"""The workflows of the order room and what each of them needs, put together in one place."""

from services.foundation.database import Transactions
from services.foundation.rpc.client import RemoteCaller
from services.order.admitting.admissions import Admissions
from services.order.admitting.door_lists import DoorLists
from services.order.admitting.film_facts import FilmFacts
from services.order.buying.checkout import Checkout
from services.order.buying.snack_reservations import SnackReservations
from services.order.cancelling.cancelled_screenings import CancelledScreenings
from services.order.guests.guests import Guests
from services.order.paying.captured_payments import CapturedPayments
from services.order.paying.extensions import Extensions
from services.order.paying.payments import Payments
from services.order.paying.reviews import Reviews
from services.order.paying.unpaid_orders import UnpaidOrders
from services.order.queries.order_queries import OrderQueries
from services.order.queries.receipts import Receipts
from services.order.queueing.sale_queues import SaleQueues
from services.order.refunding.refund_sender import RefundSender
from services.order.refunding.refunds import Refunds
from services.order.screenings.screening_snapshot import ScreeningSnapshots
from services.order.seat_boards import SeatBoards
from services.order.settings import OrderSettings
from services.order.sweeps import Sweeps
from services.order.tickets.codes import TicketKeys


class Workflows:
    """Built once per worker, from what Nameko injects."""

    def __init__(self, database: Transactions, boards: SeatBoards, remote: RemoteCaller, screenings: ScreeningSnapshots,
                 settings: OrderSettings, ticket_keys: TicketKeys) -> None:
        snacks = SnackReservations(remote)
        sender = RefundSender(database, remote)
        self.captured_payments = CapturedPayments(database, boards, ticket_keys, sender)
        self.payments = Payments(database, boards, remote, settings, self.captured_payments)
        self.unpaid_orders = UnpaidOrders(database, boards, remote, self.captured_payments)
        self.sale_queues = SaleQueues(boards.queue, settings.queue, ticket_keys)
        self.checkout = Checkout(database, boards, remote, screenings, settings, snacks, self.unpaid_orders,
                                 self.sale_queues)
        self.extensions = Extensions(database, boards, settings)
        self.guests = Guests(database, remote)
        self.refunds = Refunds(database, boards, sender)
        self.reviews = Reviews(database, boards, remote, self.captured_payments, self.refunds)
        self.queries = OrderQueries(database, self.payments, self.unpaid_orders, screenings, remote)
        film_facts = FilmFacts(screenings, remote)
        self.admissions = Admissions(database, ticket_keys.public, film_facts, settings.doors_open)
        self.door_lists = DoorLists(database, ticket_keys, film_facts, settings.doors_open)
        self.receipts = Receipts(database, remote, settings.seller)
        self.sweeps = Sweeps(database, boards, self.unpaid_orders,
                             CancelledScreenings(database, self.unpaid_orders, self.refunds), sender)
