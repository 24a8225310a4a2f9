"""Doors without a mesh: the order room's tables decide, and the keys sign tickets."""

import datetime as dt
from itertools import count
from types import SimpleNamespace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.calls import Principal
from services.order import store
from services.order.admitting import door_methods
from services.order.admitting.admissions import Admissions
from services.order.admitting.door_lists import DoorLists
from services.order.buying.new_order import NewOrder
from services.order.buying.store import add_order
from services.order.paying import store as payment_store
from services.order.refunding import store as refund_store
from services.order.refunding.refunds import plan_refund
from services.order.screenings.refund_policy import Tier
from services.order.screenings.screening_snapshot import ScreeningSnapshot
from services.order.tickets.codes import TicketKeys
from tests.unit.order.samples import MINUTE

KEYS = TicketKeys([Ed25519PrivateKey.generate()])
FACTS = {"age_rating": "16", "directions": "Kanalstr. 1"}
FILMS: Any = SimpleNamespace(of=lambda screening_id: FACTS, of_all=lambda ids: dict.fromkeys(ids, FACTS))
NUMBERS = count(1)


class Door(door_methods.DoorMethods):
    """The methods of a door, as an usher of the cinema `kanal` calls them."""

    def __init__(self, database: Transactions, name: str, role: str = "usher@kanal") -> None:
        self.principal = Principal(user_id=name, username=name, roles=(role,))
        doors_open = 60 * MINUTE
        self.workflows = SimpleNamespace(admissions=Admissions(database, KEYS.public, FILMS, doors_open),
                                         door_lists=DoorLists(database, KEYS, FILMS, doors_open))

    def scan(self, code: str, nonce: str | None = None, **fields: Any) -> dict[str, Any]:
        """The answer to a scan of the code."""
        nonce = nonce or f"{self.principal.username}-{next(NUMBERS)}"
        answer: dict[str, Any] = self.admit(code=code, nonce=nonce, **fields)
        return answer


def sold(database: Transactions, seats: int, starts_in: dt.timedelta = 30 * MINUTE, cinema: str = "kanal",
         screening: str | None = None) -> tuple[str, list[str]]:
    """A paid order with so many seats of a screening: its id, and the codes of its tickets."""
    number, now = next(NUMBERS), utc_now()
    starts_at = now + starts_in
    shown = ScreeningSnapshot(screening or f"s{number}", "Arrival", cinema, "Kino am Kanal", "Saal 1", starts_at,
                              starts_at + 90 * MINUTE, "EUR", {})
    row = "".join(chr(65 + digit) for digit in divmod(number % 600, 26))
    priced: Any = [{"seat_id": f"{row}{seat + 1}", "kind": "standard", "price": 900} for seat in range(seats)]
    order = NewOrder(f"o{number}", f"b{number}", f"buyer{number}", shown, priced, [Tier(starts_at, 100, 0)], now,
                     now + 8 * MINUTE)

    def pay(tx: Any) -> list[str]:
        add_order(tx, order)
        store.move(tx, store.lock(tx, order.order_id), "paying")
        payment_store.mark_paid(tx, store.lock(tx, order.order_id), KEYS)
        return [ticket.code for ticket in store.find(tx, order.order_id).tickets]

    return order.order_id, database.run(pay)


def refund(database: Transactions, order_id: str, seats: list[str] | None = None) -> None:
    """Give back these seats of an order, or all."""
    def give_back(tx: Any) -> None:
        view = store.lock(tx, order_id)
        refund_store.refund_seats(tx, view, plan_refund(view, seats, utc_now()))

    database.run(give_back)
