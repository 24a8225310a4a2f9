"""What every payment provider can do. A room's money moves only through this."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from services.payment.rules import Attempt, Record

RefundStanding = Literal["done", "pending", "failed"]


@dataclass(frozen=True)
class WebhookEvent:
    """Something happened to a payment of ours, a provider says: a reason to ask, and no more than that."""

    event_id: str
    type: str
    payment_id: str | None   # None: it is about nothing of ours, or about what only the provider's own name is known of
    reference: str | None = None


@dataclass(frozen=True)
class RefundRecord:
    """A refund as the provider has it on record."""

    refund_id: str | None    # ours, as it came back
    payment_id: str | None
    amount: int
    standing: RefundStanding


@dataclass(frozen=True)
class ReversalRecord:
    """Money that left a payment of ours without us: a refund made at the provider by hand, or a dispute."""

    reversal_id: str         # the provider's own name for it
    payment_id: str
    kind: Literal["refund", "dispute"]
    amount: int
    lifted: bool             # the money is ours: the dispute was won or is an inquiry yet, or the refund failed


class Provider(Protocol):
    """Someone who moves money. What changes something may be repeated; it is done once and answered alike.

    The answer is how the payment stands afterwards (`unknown`: never heard of it). All raise RoomSilent when
    there is no answer: then what was asked for has happened or has not.
    """

    live: bool   # whether it moves real money

    def check(self, amount: int, currency: str) -> None:
        """Raise AmountTooSmall or AmountTooLarge, with the limit, for what it is known never to take."""
        ...

    def authorize(self, attempt: Attempt) -> Record:
        """Reserve the money, without taking it: authorized or declined; pending when the buyer has to come."""
        ...

    def capture(self, attempt: Attempt) -> Record:
        """Take the money reserved, unless that was cancelled."""
        ...

    def cancel(self, attempt: Attempt) -> Record:
        """Let go of the money, unless it was taken. What is cancelled can't be captured any more."""
        ...

    def refund(self, attempt: Attempt, refund_id: str, amount: int) -> RefundStanding:
        """Give back `amount` minor units of what was taken, once per refund_id. What has failed is not repeated."""
        ...

    def fetch_refund(self, attempt: Attempt, refund_id: str) -> RefundStanding | None:
        """How this refund stands, changing nothing; None: never heard of it."""
        ...

    def fetch(self, attempt: Attempt) -> Record:
        """How the payment stands, changing nothing."""
        ...

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], now: dt.datetime) -> WebhookEvent:
        """What a message of this provider says; raises WebhookRefused for anybody else's. Header names are lower."""
        ...

    def payment_of(self, reference: str) -> str | None:
        """Our payment that the provider calls so; None: it is none of ours."""
        ...

    def reversals_of(self, attempt: Attempt) -> list[ReversalRecord]:
        """What left this payment without us, the lifted included."""
        ...

    def reversals(self, since: dt.datetime) -> Iterator[ReversalRecord]:
        """What has left payments of ours without us since then, however old they are."""
        ...

    def payments(self, since: dt.datetime) -> Iterator[Record]:
        """Every payment of ours that was begun there since then."""
        ...

    def refunds(self, since: dt.datetime) -> Iterator[RefundRecord]:
        """Every refund that was begun there since then."""
        ...
