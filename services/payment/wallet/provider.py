"""The wallet as a payment provider: its room reserves, captures and releases members' money under our ids."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from schemas import wallet
from schemas.payment import WebhookRefused
from services.foundation.rpc.client import Caller
from services.payment.payment_state import Attempt, CardRecord, PaymentRecord
from services.payment.providers import RefundRecord, RefundStatus, ReversalRecord, WebhookEvent

NAME = "wallet"
STATUSES = {"reserved": "authorized", "captured": "captured", "released": "cancelled"}
UNKNOWN = PaymentRecord("unknown")
Fields = dict[str, Any]


@dataclass(frozen=True)
class WalletProvider:
    """A Provider without pages or webhooks: every call has its outcome at once."""

    remote: Caller

    live = True
    missing_permissions: Set[str] = frozenset()

    def check(self, amount: int, currency: str) -> None:
        """The wallet takes any amount."""

    def authorize(self, attempt: Attempt) -> PaymentRecord:
        try:
            return _as_record(self.remote.call(wallet.RESERVE, _transfer(attempt)))
        except wallet.InsufficientFunds:
            return PaymentRecord("declined", reason="insufficient_funds")

    def capture(self, attempt: Attempt) -> PaymentRecord:
        return _record_of(lambda: self.remote.call(wallet.CAPTURE, _transfer(attempt)))

    def cancel(self, attempt: Attempt) -> PaymentRecord:
        return _record_of(lambda: self.remote.call(wallet.RELEASE, _transfer(attempt)))

    def fetch(self, attempt: Attempt) -> PaymentRecord:
        source = {"source_type": "payment", "source_id": attempt.payment_id}
        return _record_of(lambda: self.remote.call(wallet.GET_RESERVATION, source))

    def card_of(self, attempt: Attempt) -> CardRecord | None:
        return None

    def detach(self, token: str) -> None:
        """The wallet keeps no cards."""

    def refund(self, attempt: Attempt, refund_id: str, amount: int) -> RefundStatus:
        self.remote.call(wallet.CREDIT, {**_transfer(attempt), "source_type": "refund", "source_id": refund_id,
                                         "amount": amount, "payment_id": attempt.payment_id})
        return "done"

    def fetch_refund(self, attempt: Attempt, refund_id: str) -> RefundStatus | None:
        try:
            self.remote.call(wallet.GET_CREDIT, {"source_type": "refund", "source_id": refund_id})
        except wallet.UnknownTransfer:
            return None
        return "done"

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], now: dt.datetime) -> WebhookEvent:
        raise WebhookRefused()  # it sends none

    def payment_of(self, reference: str) -> str | None:
        return None  # it uses our ids

    def reversals_of(self, attempt: Attempt) -> list[ReversalRecord]:
        return []    # its money is moved by this system alone

    def reversals(self, since: dt.datetime) -> Iterator[ReversalRecord]:
        return iter(())

    def payments(self, since: dt.datetime) -> Iterator[PaymentRecord]:
        read = lambda page: self.remote.call(wallet.GET_RESERVATIONS, page)  # noqa: E731
        yield from map(_as_record, _all(read, "reservations", "payment", since))

    def refunds(self, since: dt.datetime) -> Iterator[RefundRecord]:
        read = lambda page: self.remote.call(wallet.GET_CREDITS, page)  # noqa: E731
        for row in _all(read, "credits", "refund", since):
            yield RefundRecord(row["source_id"], row["payment_id"], row["amount"], "done")


def _transfer(attempt: Attempt) -> Fields:
    return {"source_type": "payment", "source_id": attempt.payment_id, "user_id": attempt.user_id,
            "amount": attempt.amount, "currency": attempt.currency, "order_id": attempt.order_id}


def _record_of(ask: Callable[[], Any]) -> PaymentRecord:
    try:
        return _as_record(ask())
    except wallet.UnknownTransfer:
        return UNKNOWN


def _as_record(row: Fields) -> PaymentRecord:
    return PaymentRecord(STATUSES[row["status"]], row["source_id"], row["order_id"], row["amount"],  # type: ignore[arg-type]
                         row["currency"], live=True, reference=row["source_id"])


def _all(read: Callable[[Fields], Any], name: str, source_type: str, since: dt.datetime) -> Iterator[Fields]:
    """The rows of all pages."""
    after = None
    while True:
        page = read({"source_type": source_type, "since": since.isoformat(), "after": after})
        yield from page[name]
        if (after := page["next_after"]) is None:
            return
