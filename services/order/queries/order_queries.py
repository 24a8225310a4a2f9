"""Reading orders."""

from dataclasses import dataclass
from typing import Any

from eventlet import tpool
from nameko import config
from nameko.exceptions import RemoteError

from schemas.errors import Busy, NotFound
from schemas.order.upcoming import NEXT_AT_MOST, OPEN_AT_MOST
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.client import RemoteCaller
from services.foundation.settings import is_demonstration
from services.order import store
from services.order.order_view import OrderView
from services.order.paying.payments import Payments
from services.order.paying.unpaid_orders import UnpaidOrders
from services.order.queries import store as lists
from services.order.replies.serializers import order_reply, ticket_reply
from services.order.screenings.screening_snapshot import ScreeningSnapshots
from services.order.tickets.calendar_file import calendar_file
from services.order.tickets.images import ticket_images

ADDRESS_SECONDS = 2.0    # that the film room is waited for; what it is for does without


@dataclass(frozen=True)
class OrderQueries:
    """What a buyer may read of their orders. All raise UnknownOrder for another buyer's order."""

    database: Transactions
    payments: Payments
    unpaid_orders: UnpaidOrders
    screenings: ScreeningSnapshots
    remote: RemoteCaller

    def order(self, buyer_id: str, order_id: str) -> dict[str, Any]:
        """An order with the progress of its payment: a schemas.order.Order."""
        view = self.unpaid_orders.expire_if_due(self._find(buyer_id, order_id))
        view, progress = self.payments.find_progress(view)
        return order_reply(view, utc_now(), progress)

    def orders(self, buyer_id: str, status: str | None, cursor: str | None, limit: int) -> dict[str, Any]:
        """A page of the buyer's orders, newest first: a schemas.order.methods.OrdersReply."""
        now = utc_now()
        views = self.database.read(lambda tx: lists.list_orders(tx, buyer_id, status, cursor, limit))
        page = [self.unpaid_orders.expire_if_due(view) for view in views[:limit]]
        if status:
            page = [view for view in page if view.row.status == status]
        return {"orders": [order_reply(view, now) for view in page], "server_time": now,
                "next_cursor": views[limit - 1].row.order_id if len(views) > limit else None}

    def upcoming(self, buyer_id: str) -> dict[str, Any]:
        """What the buyer has to go to and to pay: a schemas.order.upcoming.UpcomingReply. Asks no other room."""
        now = utc_now()
        next_orders, unpaid = self.database.read(lambda tx: (
            lists.next_orders(tx, buyer_id, now, NEXT_AT_MOST), lists.unpaid_orders(tx, buyer_id, now, OPEN_AT_MOST)))
        return {"next_tickets": [{"order": order_reply(view, now), "images": self._images(view)}
                                 for view in next_orders],
                "open_orders": [order_reply(view, now) for view in unpaid], "server_time": now}

    def ticket_images(self, buyer_id: str, order_id: str) -> list[dict[str, str]]:
        """The codes of the order's valid tickets, as pictures."""
        return self._images(self._find(buyer_id, order_id))

    def calendar(self, buyer_id: str, order_id: str) -> str:
        """The order as the text of an .ics file."""
        view = self._find(buyer_id, order_id)
        return calendar_file(view, self._address(view), is_demonstration(config))

    def tickets_to_mail(self, order_id: str) -> dict[str, Any]:
        """The order's valid tickets and what goes with them: a schemas.order.tickets.TicketsToMailReply."""
        view = self.database.read(lambda tx: store.find(tx, order_id))
        address = self._address(view)
        return {"tickets": [ticket_reply(row) for row in view.tickets if row.status == "valid"],
                "calendar": calendar_file(view, address, is_demonstration(config)),
                "pick_up_code": view.row.pick_up_code, "cinema_address": address}

    def _address(self, view: OrderView) -> str | None:
        """Of the cinema, where the film room knows one and says so in time."""
        try:
            return self.screenings.get(view.row.screening_id, self.remote, ADDRESS_SECONDS).cinema_address
        except (Busy, NotFound, RemoteError):
            return None

    @staticmethod
    def _images(view: OrderView) -> list[dict[str, str]]:
        images: list[dict[str, str]] = tpool.execute(ticket_images, view.tickets, is_demonstration(config))
        return images

    def _find(self, buyer_id: str, order_id: str) -> OrderView:
        return self.database.read(lambda tx: store.find(tx, order_id, buyer_id))
