"""Receipts, put together whenever one is read. See docs/decisions/a-receipt-is-computed-on-reading.md."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schemas import payment, user
from schemas.errors import Unauthenticated
from schemas.order.receipts import PARTS
from schemas.user.self_service import UnknownAddress
from services.foundation.database import Transactions, utc_now
from services.foundation.rpc.client import RemoteCaller
from services.order import rules, store
from services.order.faults import log_fault
from services.order.refunding.store import refunds_of
from services.order.replies.receipt import receipt_reply

PART_SECONDS = 2.0  # for each of the three calls that a receipt makes
Fields = dict[str, Any]


@dataclass(frozen=True)
class Receipts:
    """The receipts of orders that were paid; `seller`: a schemas.order.receipts.Seller, if config.yml names one."""

    database: Transactions
    remote: RemoteCaller
    seller: Fields | None

    def receipt(self, buyer_id: str, order_id: str, address_id: str | None) -> Fields:
        """The receipt of a buyer's order: a schemas.order.receipts.Receipt.

        Where the user room or the payment room gives no answer, its part is null and named in `unavailable`. Raises
        UnknownOrder, OrderNotPaid and UnknownAddress.
        """
        view, refunds = self.database.read(
            lambda tx: (store.find(tx, order_id, buyer_id), refunds_of(tx, order_id)))
        row = view.row
        rules.check_was_paid(row.status)
        parts = (_answer(row.order_id, lambda: {"buyer": self._buyer(row, address_id)})
                 | _answer(row.order_id, lambda: {"method": self._method(row)}))
        return {**receipt_reply(view, refunds, utc_now()), "seller": self.seller,
                **{name: parts.get(name) for name in PARTS},
                "unavailable": [name for name in PARTS if name not in parts]}

    def _buyer(self, row: Any, address_id: str | None) -> Fields | None:
        """The caller's name and address: the user room is asked on behalf of the caller. A guest has neither."""
        if row.guest:
            return _choose([], address_id)
        profile = self.remote.call(user.GET_PROFILE, {}, seconds=PART_SECONDS)
        found = self.remote.call(user.GET_ADDRESSES, {}, seconds=PART_SECONDS)
        return {"name": profile["display_name"] or profile["username"],
                "address": _choose(found["addresses"], address_id)}

    def _method(self, row: Any) -> str | None:
        if not row.total:  # nobody had to pay
            return None
        paid: Fields = self.remote.call(payment.GET_STATUS, {"order_id": row.order_id}, seconds=PART_SECONDS)
        return paid["method"]


def _choose(addresses: list[Fields], address_id: str | None) -> Fields | None:
    if address_id is None:
        return next(iter(addresses), None)
    for address in addresses:
        if address["address_id"] == address_id:
            return address
    raise UnknownAddress()


def _answer(order_id: str, ask: Callable[[], Fields]) -> Fields:
    """A part of a receipt by its name; nothing when its room is down or silent, or has a bug."""
    try:
        return ask()
    except (Unauthenticated, UnknownAddress):
        raise
    except Exception as problem:
        log_fault(problem, "a part of a receipt is missing", order_id)
        return {}
