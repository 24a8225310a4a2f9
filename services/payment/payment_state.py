"""The domain types of the payment room: what is asked for, an attempt to pay, and the state of an order's money."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

ProviderStatus = Literal["unknown", "pending", "authorized", "captured", "declined", "cancelled", "review"]

UNSETTLED = ("submitted", "pending")   # statuses of an attempt that may still end in any way
GIVEN_UP = ("failed", "cancelled")     # statuses of an attempt that ended without money


@dataclass(frozen=True)
class PaymentRequest:
    """An order to be paid. With a `return_url` the buyer pays at the provider's page, until `expires_at` (UTC)."""

    order_id: str
    amount: int                     # minor units of `currency`
    currency: str
    method: str
    return_url: str | None = None
    expires_at: dt.datetime | None = None
    user_id: str | None = None      # who pays
    card_token: str | None = None   # the provider's own, of the member's kept card that pays
    save_card: bool = False         # keep the card that pays at the page


@dataclass(frozen=True)
class RefundRequest:
    """Money to give back once. The caller makes `refund_id`; `amount` is in minor units of `currency`."""

    refund_id: str
    order_id: str
    amount: int
    currency: str
    credit_to: str | None = None    # the member whose wallet gets it; None: it goes back to where it came from


@dataclass(frozen=True)
class Charge:
    """Money to ask of a provider. `payment_id` is the idempotency key: the provider charges the same one once.

    With a `return_url` the buyer pays at the provider's page, until `expires_at` (UTC), and comes back there. With a
    `card_token` a kept card pays at once, and the page is only for a further step that the card's bank may want.
    """

    payment_id: str
    order_id: str
    amount: int                     # minor units of `currency`
    currency: str
    method: str
    return_url: str | None = field(default=None, kw_only=True)
    expires_at: dt.datetime | None = field(default=None, kw_only=True)
    user_id: str | None = field(default=None, kw_only=True)
    card_token: str | None = field(default=None, kw_only=True)
    save_card: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class Attempt(Charge):
    """One attempt to pay: submitted -> pending -> captured | failed | cancelled | review.

    Submitted: the outcome is not known yet. Pending: the buyer is at the provider's page.
    """

    number: int
    provider: str
    status: str
    reference: str | None = field(default=None, kw_only=True)      # the provider's own id for it
    redirect_url: str | None = field(default=None, kw_only=True)
    created_at: dt.datetime | None = field(default=None, kw_only=True)
    reason: str | None = field(default=None, kw_only=True)         # why it failed or needs a review
    traceparent: str | None = field(default=None, kw_only=True)    # of the call that began it

    @property
    def hosted(self) -> bool:
        """Whether the buyer can be sent to a page of the provider."""
        return self.return_url is not None

    @property
    def at_page(self) -> bool:
        """Whether only the buyer can bring this on, at the provider's page."""
        return self.hosted and (self.card_token is None or self.status == "pending")


@dataclass(frozen=True)
class PaymentRecord:
    """A payment as its provider has it on record."""

    status: ProviderStatus
    payment_id: str | None = None   # our ids, as the provider returns them
    order_id: str | None = None
    amount: int | None = None       # minor units that would be taken, or were
    currency: str | None = None
    live: bool | None = None        # whether this is real money
    reference: str | None = None    # the provider's own id
    redirect_url: str | None = None
    reason: str | None = None       # why it was declined


@dataclass(frozen=True)
class CardRecord:
    """A card that its provider keeps, without its number; `fingerprint` is the same whenever the same card is kept."""

    token: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str | None


@dataclass(frozen=True)
class PaymentState:
    """One order's money: the status of its account (none, open, closed or captured) and its latest attempt to pay."""

    order_id: str
    status: str
    amount: int | None = None
    currency: str | None = None
    refunded: int = 0                # minor units given back or on their way
    attempt: Attempt | None = None
    captured_by: str | None = None   # the payment that paid the order; with late money, not always the latest

    @property
    def pending(self) -> Attempt | None:
        """The latest attempt, while its outcome is not known."""
        return self.attempt if self.attempt and self.attempt.status in UNSETTLED else None

    @property
    def in_review(self) -> bool:
        """Whether a person has to look at the latest attempt."""
        return bool(self.attempt and self.attempt.status == "review")

    @property
    def captured(self) -> int:
        """Minor units that were taken for the order."""
        return self.amount or 0 if self.status == "captured" else 0


@dataclass(frozen=True)
class BegunPayment:
    """An order's state after a request to pay, and whether that request made a new attempt."""

    state: PaymentState
    is_new: bool
