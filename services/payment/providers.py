"""What every payment provider can do. A room's money moves only through this."""

from typing import Literal, Protocol

from services.payment.rules import Charge

Standing = Literal["unknown", "authorized", "captured", "declined", "cancelled"]


class Provider(Protocol):
    """Someone who moves money. Everything here may be repeated; it is done once and answered alike.

    The answer is where the charge stands afterwards (`unknown`: never heard of it). All raise RoomSilent when
    there is no answer: then what was asked for has happened or has not.
    """

    def authorize(self, charge: Charge) -> Standing:
        """Reserve the money, without taking it: authorized or declined."""
        ...

    def capture(self, payment_id: str) -> Standing:
        """Take the money reserved, unless that was cancelled."""
        ...

    def cancel(self, payment_id: str) -> Standing:
        """Let go of the money reserved, unless it was taken. What is cancelled can't be captured any more."""
        ...

    def refund(self, payment_id: str, refund_id: str, amount: int) -> None:
        """Give back `amount` minor units of what was taken, once per refund_id. Returns when that is settled."""
        ...

    def fetch(self, payment_id: str) -> Standing:
        """Where the charge stands, changing nothing."""
        ...
