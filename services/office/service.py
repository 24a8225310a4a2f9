"""The office room: the log of what staff do, and whether its money is the money that moved."""

import json
from typing import Any

from schemas import film, kitchen, order, payment, user, wallet
from schemas import office as contract
from schemas.roles import cinemas_of
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database
from services.foundation.events.consumers import Delivery, on_event
from services.foundation.rpc.calls import PrincipalProvider, call
from services.office import rules, store
from services.office.models import Base

BY_THE_HOUSE = ("screening_cancelled", "reversed")  # why an order's money goes back without its buyer asking
Fields = dict[str, Any]


class Office:
    """Appends every operation of staff to a log that nobody can change, and shows it to managers."""

    name = "office"

    principal = PrincipalProvider()
    database = Database(Base)
    presence = Presence()

    @call(contract.GET_LOG)
    def get_log(self, request: Fields) -> Fields:
        """The entries of the caller's cinemas, the newest first; `next_cursor` asks for the next page."""
        before, limit = int(request["cursor"], 16) if "cursor" in request else None, request["limit"]
        found = self.database.read(lambda tx: store.find_entries(tx, self._cinemas, request, before, limit + 1))
        return {"entries": [{**json.loads(row.content), "number": row.number, "digest": row.digest}
                            for row in found[:limit]],
                "next_cursor": f"{found[limit - 1].number:032x}" if len(found) > limit else None}

    @call(contract.RECONCILE)
    def reconcile(self, request: Fields) -> Fields:
        """The money in the log of that time, and where it differs from what the other rooms have told."""
        def compare(tx: Any) -> Fields:
            when = (self._cinemas, request["from"], request["to"])
            sources = store.sources(tx, *when)
            return {"logged": [row._mapping for row in store.logged_sums(tx, *when)],
                    "differences": rules.differences(store.logged(tx, sources), store.moved(tx, sources))}

        return self.database.read(compare)

    @property
    def _cinemas(self) -> store.Cinemas:
        return cinemas_of(self.principal.roles, "manager")

    # --- what staff did in each room ---

    @on_event(film.OPERATED)
    def log_film(self, delivery: Delivery) -> None:
        """An operator has loaded a programme."""
        self._append(delivery)

    @on_event(kitchen.OPERATED)
    def log_kitchen(self, delivery: Delivery) -> None:
        """A cook has come a step further, or somebody has set the stock or the menu."""
        self._append(delivery)

    @on_event(order.OPERATED)
    def log_order(self, delivery: Delivery) -> None:
        """A screening was cancelled, or an order ended because of a decision of the house."""
        self._append(delivery)

    @on_event(payment.OPERATED)
    def log_payment(self, delivery: Delivery) -> None:
        """A case about money was decided."""
        self._append(delivery)

    @on_event(user.OPERATED)
    def log_user(self, delivery: Delivery) -> None:
        """An account of staff was made or changed."""
        self._append(delivery)

    @on_event(wallet.OPERATED)
    def log_wallet(self, delivery: Delivery) -> None:
        """A manager has adjusted a member's wallet."""
        self._append(delivery)

    def _append(self, delivery: Delivery) -> None:
        operation = kitchen.OPERATED.dump(delivery.body)  # these events have one body
        self.database.run_repeatable(lambda tx: store.append(tx, operation))

    # --- the money, as the rooms that have it tell ---

    @on_event(order.REFUNDING)
    def note_refund(self, delivery: Delivery) -> None:
        """An order's seats were given back; if the house decided so, the log must say why."""
        body = delivery.body
        if body["reason"] in BY_THE_HOUSE and body["refund"]:
            self._note_order(delivery, refunded_before=body["refunded"] - body["refund"]["amount"])

    @on_event(order.REFUNDED)
    def note_end_of_refund(self, delivery: Delivery) -> None:
        """All of an order's money has gone back, that for its snacks included."""
        if delivery.body["reason"] in BY_THE_HOUSE:
            self._note_order(delivery, refunded_before=None)

    @on_event(payment.DISMISSED)
    def note_dismissal(self, delivery: Delivery) -> None:
        """A payment does not count; what its provider had taken goes back."""
        body = delivery.body
        self._note(delivery, source_id=body["payment_id"], currency=body["currency"], cinema_id=None,
                   refunded_before=0, refunded=body["given_back"])

    @on_event(wallet.ADJUSTED)
    def note_adjustment(self, delivery: Delivery) -> None:
        """A member's wallet has more or less by a manager's wish."""
        body = delivery.body
        self._note(delivery, source_id=body["adjustment_id"], currency=body["currency"], cinema_id=None,
                   refunded_before=0, refunded=body["amount"])

    def _note_order(self, delivery: Delivery, refunded_before: int | None) -> None:
        body = delivery.body
        self._note(delivery, source_id=body["order_id"], currency=body["currency"],
                   cinema_id=body["screening"]["cinema_id"], refunded_before=refunded_before,
                   refunded=body["refunded"])

    def _note(self, delivery: Delivery, **movement: Any) -> None:
        row = {**movement, "moved_at": delivery.occurred_at}
        self.database.run_repeatable(lambda tx: store.record_movement(tx, row))
