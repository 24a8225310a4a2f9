"""The interface of a payment provider. The payment room moves money only through it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Literal, Protocol

from services.payment.payment_state import Attempt, CardRecord, PaymentRecord

RefundStatus = Literal["done", "pending", "failed"]


@dataclass(frozen=True)
class WebhookEvent:
    """A provider says that something happened to a payment. It is a reason to ask the provider, and no more."""

    event_id: str
    type: str
    payment_id: str | None          # None: not about a payment of ours, or the provider gave only its own id
    reference: str | None = None    # the provider's own id, if ours is missing


@dataclass(frozen=True)
class RefundRecord:
    """A refund as the provider has it on record; `amount` is in minor units."""

    refund_id: str | None    # our ids, as the provider returns them
    payment_id: str | None
    amount: int
    status: RefundStatus


@dataclass(frozen=True)
class ReversalRecord:
    """Money that left a payment without this system: a refund made at the provider by hand, or a dispute."""

    reversal_id: str         # the provider's own id
    payment_id: str
    kind: Literal["refund", "dispute"]
    amount: int              # minor units
    lifted: bool             # the money is ours: the dispute was won or is still an inquiry, or the refund failed


class Provider(Protocol):
    """A payment provider. Every call that changes something may be repeated: it takes effect once.

    Calls about a payment return its record afterwards; the status `unknown` means that the provider has none. All
    raise RoomSilent if the provider does not answer: then the request may have taken effect or not.
    """

    live: bool   # whether it moves real money

    @property
    def missing_permissions(self) -> Set[str]:
        """What the provider's key turned out not to be allowed to read, such as "Disputes"."""
        ...

    def check(self, amount: int, currency: str) -> None:
        """Raise AmountTooSmall or AmountTooLarge, with the limit, if the provider never takes `amount` minor units."""
        ...

    def authorize(self, attempt: Attempt) -> PaymentRecord:
        """Reserve the money without taking it: authorized or declined; pending if the buyer has to visit its page.

        A kept card is charged without the page, unless its bank wants a further step of the buyer.
        """
        ...

    def capture(self, attempt: Attempt) -> PaymentRecord:
        """Take the reserved money, unless the payment was cancelled."""
        ...

    def cancel(self, attempt: Attempt) -> PaymentRecord:
        """Release the reserved money, unless it was taken. A cancelled payment can't be captured any more."""
        ...

    def refund(self, attempt: Attempt, refund_id: str, amount: int) -> RefundStatus:
        """Give back `amount` minor units of the captured money, once per `refund_id`. A failed one is not repeated."""
        ...

    def fetch_refund(self, attempt: Attempt, refund_id: str) -> RefundStatus | None:
        """The status of this refund, changing nothing; None: the provider has no such refund."""
        ...

    def fetch(self, attempt: Attempt) -> PaymentRecord:
        """The payment's record, changing nothing."""
        ...

    def card_of(self, attempt: Attempt) -> CardRecord | None:
        """The card that the provider keeps since it paid this attempt; None if there is none."""
        ...

    def detach(self, token: str) -> None:
        """Forget a kept card, which pays nothing any more."""
        ...

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], now: dt.datetime) -> WebhookEvent:
        """The event in a signed webhook; raises WebhookRefused for any other body. Header names are in lower case."""
        ...

    def payment_of(self, reference: str) -> str | None:
        """The id of our payment for the provider's own id; None: it is not a payment of ours."""
        ...

    def reversals_of(self, attempt: Attempt) -> list[ReversalRecord]:
        """The reversals of this payment, including lifted ones, as far as the key may read them."""
        ...

    def reversals(self, since: dt.datetime) -> Iterator[ReversalRecord]:
        """The reversals of our payments that were made since then, however old the payments are."""
        ...

    def payments(self, since: dt.datetime) -> Iterator[PaymentRecord]:
        """All payments of ours that were begun at the provider since then."""
        ...

    def refunds(self, since: dt.datetime) -> Iterator[RefundRecord]:
        """All refunds of ours that were begun at the provider since then."""
        ...
