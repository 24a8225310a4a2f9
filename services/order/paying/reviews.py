"""Orders whose payment a person has to look at: nothing of them changes until that person has decided."""

from dataclasses import dataclass

from sqlalchemy.engine import Connection

from schemas import payment
from services.foundation.database import Transactions
from services.foundation.rpc.client import RemoteCaller
from services.order import rules, store
from services.order.paying.payments import Till
from services.order.refunding import refund_policy, refunds
from services.order.seat_boards import Boards


@dataclass(frozen=True)
class Reviews:
    database: Transactions
    boards: Boards
    remote: RemoteCaller
    till: Till

    def hold(self, order_id: str) -> None:
        """Something about the payment is not right: seats and money stay where they are. Raises Busy: ask again."""
        if self.remote.call(payment.GET_STATUS, {"order_id": order_id})["status"] != "review":
            return  # it was decided before this message came, or another attempt is under way
        # A decision that is heard from here on ends the order itself, be it `paying` or in review by then.

        def move(tx: Connection) -> store.OrderView:
            view = store.lock(tx, order_id)
            if view.row.status == "paying":
                store.move(tx, view, "review", ask_again_at=view.row.ends_at)
            return store.find(tx, order_id)

        view = self.database.run_known(move)
        if view.row.status == "review":  # nobody is shown seats as free that can't be had
            row = view.row
            self.boards.show_held(row.screening_id, row.board_owner, row.ask_again_at, view.seat_ids)

    def end(self, order_id: str, given_back: int, currency: str) -> None:
        """The payment does not count: the seats are free. `given_back` of it goes back, if there was money.

        The decision may be heard before the case is: then nothing else would end the order. Only when another payment
        of the order was captured does it go on, and the news of that one makes it paid. Raises Busy: ask again.
        """
        is_paid = self.remote.call(payment.GET_STATUS, {"order_id": order_id})["captured"]

        def expire(tx: Connection) -> store.OrderView:
            view = store.lock(tx, order_id)
            if view.row.status in rules.HOLDS_SEATS and not is_paid:
                store.end_unpaid(tx, view, "expired")
                view = store.find(tx, order_id)
            if given_back and currency == view.row.currency:
                refunds.tell_of(tx, view, given_back)
            return view

        view = self.database.run_known(expire)
        if view.row.status in rules.ENDED_UNPAID:
            self.boards.show_free(view.row.screening_id, view.row.board_owner, view.seat_ids)

    def void(self, order_id: str) -> None:
        """Money of a paid order has left without us: its tickets are void, its seats free, and the rest goes back.

        That may be heard before the news of the money, so the money is booked first.
        """
        def give_back(tx: Connection) -> tuple[store.OrderView, list[str]]:
            view = store.lock(tx, order_id)
            if view.row.status not in rules.OWNS_SEATS:
                return view, []
            plan = refund_policy.full_refund(view.valid_prices)
            refunds.give_back(tx, view, plan, reason="reversed")
            return view, plan.seats

        self.till.book(order_id)
        view, seats = self.database.run_known(give_back)
        if seats:
            self.boards.show_free(view.row.screening_id, view.row.board_owner, seats)
        self.till.send_refunds(order_id)
