"""An order as the model has it: what its buyer was promised, and what may become of it."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

OWNING = ("paid", "part_refunded", "completed")
UNPAID = ("created", "paying")
HOLDING = (*UNPAID, "review")
ENDED = ("expired", "cancelled")
GIVEN_BACK = ("refunding", "refunded")
A_DAY = dt.timedelta(days=1) - dt.timedelta(minutes=15)   # without an answer, then somebody has to look
STATES = ("created", "paying", "paid", "part_refunded", "completed", "refunding", "refunded", "expired", "cancelled",
          "review")
SNACK_STATES = ("reserved", "released", "new", "preparing", "ready", "collected", "given_up", "uncollected",
                "expired")
SNACKS_OVER = (None, "collected", "uncollected", "expired")  # nobody waits for them
SNACK_PRICES = {"popcorn": 500, "cola": 300}
SNACK_STOCK = {"popcorn": 2, "cola": 3}   # so few that two orders with snacks are often too many
SEATS = {"A1": 1000, "A2": 1150, "A3": 1150, "B1": 1310, "B2": 1000, "B3": 400}
COUPLE, WHEELCHAIR, COMPANION = {"A2", "A3"}, "B2", "B3"   # two halves; a place, and one that goes only with it


class Money(Enum):
    """Whether the order will be paid."""

    NONE = "nobody has said yes to paying"
    MAY = "the answer got lost, or came when it may have been too late"
    MUST = "the buyer's bank has said yes in time, or the buyer was told so"


@dataclass
class Screening:
    screening_id: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    cancelled: bool = False


@dataclass(eq=False)
class Order:
    order_id: str
    buyer: str
    screening: Screening
    seats: tuple[str, ...]
    snacks: dict[str, int]
    expires_at: dt.datetime
    ask_again_at: dt.datetime | None = None             # until then it is left alone
    status: str = "created"
    money: Money = Money.NONE
    pages: list[str] = field(default_factory=list)      # payments whose page the buyer was sent to
    returned: set[str] = field(default_factory=set)     # seats given back
    back: int = 0                                       # what goes back for them
    by_house: bool = False                              # given back because the screening was cancelled
    late_captures: int = 0                              # times that the bank took money after saying no
    owed_back: bool = False                             # came too late, and goes back
    has_ended: bool = False                             # unpaid; a late payment may have revived it since
    closing_unclear: bool = False                       # nobody knows whether it still takes money
    wrong_amount: bool = False                          # the bank has another amount on record than we asked for
    dismissed: bool = False                             # somebody has decided that its payment does not count
    asked_otherwise: bool = False                       # a wallet or a kept card to pay it, which it may still
    keeps_card: bool = False                            # its buyer wants the card kept that pays it
    extended: bool = False                              # its buyer has had more time
    snacks_lost: bool = False                           # its reservation was given up for a while

    @property
    def snacks_worth(self) -> int:
        return sum(SNACK_PRICES[sku] * quantity for sku, quantity in self.snacks.items())

    @property
    def total(self) -> int:
        return self.worth_of(self.seats) + self.snacks_worth

    @staticmethod
    def worth_of(seats: Iterable[str]) -> int:
        return sum(SEATS[seat] for seat in seats)

    @property
    def valid(self) -> set[str]:
        """The seats for which its buyer has good tickets."""
        return set(self.seats) - self.returned if self.status in OWNING else set()

    @property
    def held_until(self) -> dt.datetime:
        """How long nobody is shown its seats as free."""
        return max(self.expires_at, self.ask_again_at or self.expires_at)

    @property
    def holds(self) -> set[str]:
        """The seats that nobody else can have."""
        return set(self.seats) if self.status in HOLDING else self.valid

    def was_sent_to(self, page: dict[str, Any] | None) -> None:
        """Its buyer was told where to pay."""
        if page and page["redirect_url"] and page["payment_id"] not in self.pages:
            self.pages.append(page["payment_id"])

    def is_dead(self, now: dt.datetime) -> bool:
        return self.status in UNPAID and self.expires_at <= now

    def may_revive(self, now: dt.datetime) -> bool:
        """Whether late money may bring it back, should its seats be free."""
        return (self.late_captures > 0 and self.status == "expired" and not self.owed_back
                and not self.screening.cancelled and now < self.screening.starts_at)

    def refund_of(self, seats: list[str], now: dt.datetime) -> int | None:
        """What goes back for these seats now; None: it is too late."""
        left = self.screening.starts_at - now
        for hours, percent, fee in ((24, 100, 0), (2, 50, 70), (0.5, 20, 250)):
            if left >= dt.timedelta(hours=hours):
                return sum(max(0, SEATS[seat] * percent // 100 - fee) for seat in seats)
        return None


@dataclass(frozen=True)
class Intent:
    """What one step asks for. Only that may follow from it, beside what time brings."""

    what: str
    order: Order | None = None
    seats: tuple[str, ...] = ()
    snacks: tuple[tuple[str, int], ...] = ()
    buyer: str = ""
    screening: Screening | None = None
    amount: int = 0    # of an adjustment, in cents; points to redeem
    card: str = ""     # to remove


def may_become(order: Order, before: str, after: str, intent: Intent, kitchen: str | None, now: dt.datetime) -> bool:
    """Whether this change of an order has a reason."""
    wanted = intent.what if intent.order is order else None
    unpaid, paid, called_off = before in UNPAID, before in ("paid", "part_refunded"), order.screening.cancelled
    begun = now >= order.screening.starts_at   # then all money goes back
    # The payment under review brings nobody seats, but another one of the order may.
    paid_for = unpaid and order.money is not Money.NONE or before == "review" and order.late_captures > 0
    may_end = (unpaid or before == "review") and (order.money is not Money.MUST or begun)
    return {
        "paying": before == "created" and wanted == "pay",
        "paid": paid_for and not begun or before == "expired" and order.may_revive(now),
        "expired": may_end and (order.dismissed or begun or before != "review" and order.expires_at <= now),
        "cancelled": may_end and unpaid and (wanted == "cancel" or called_off),
        "part_refunded": paid and wanted == "refund",
        "refunding": paid and wanted == "refund" or before in OWNING and called_off,
        "refunded": before == "refunding",
        "completed": paid and order.screening.ends_at <= now and kitchen in SNACKS_OVER,
        "review": before == "paying" and (order.wrong_amount or now > order.expires_at + A_DAY),
    }.get(after, False)


def snacks_may_become(order: Order, before: str, after: str, intent: Intent, until: dt.datetime | None,
                      now: dt.datetime) -> bool:
    """The same for its snacks. `until`: when the kitchen stops waiting to hear that there is such an order."""
    wanted = intent.what if intent.order is order else None
    given_up, over = order.status in GIVEN_BACK, order.screening.ends_at <= now
    return {
        "released": before == "reserved" and (order.has_ended or until is not None and until <= now),
        "new": before in ("reserved", "released") and (given_up or order.status in OWNING),
        "preparing": before == "new" and wanted == "cook",
        "ready": before == "preparing" and wanted == "cook",
        "collected": before == "ready" and wanted == "cook",
        "uncollected": before in ("preparing", "ready") and over,
        "expired": before == "new" and over,
        "given_up": before in ("reserved", "released", "new", "expired") and given_up,
    }.get(after, False)
