"""Seats that are sold and refunded only together: couple seats, and companion places with a wheelchair place. Pure."""

from collections.abc import Collection

from schemas.order.refusals import CompanionAlone, CoupleSeatParted
from services.order.order_items import Seats


def check_buying(hall: Seats, wanted: Collection[str]) -> None:
    """Raise CoupleSeatParted or CompanionAlone if these seats of the hall are not sold without others."""
    _check_couples(hall, wanted)
    _check_companions(hall, wanted)


def check_returning(valid: Seats, returning: Collection[str]) -> None:
    """Raise CoupleSeatParted or CompanionAlone if seats of an order's `valid` ones that stay need seats that go.

    Seats that are parted already, as in older orders, do not matter.
    """
    _check_couples(valid, returning)
    if any(valid[seat]["kind"] == "wheelchair" for seat in returning):
        _check_companions(valid, [seat for seat in valid if seat not in returning])


def _check_couples(seats: Seats, chosen: Collection[str]) -> None:
    """Raise CoupleSeatParted if only one half of a couple seat is chosen, though `seats` has both.

    An older order may own one half, or not know its other half: then the half may go alone.
    """
    halves = {seat: other for seat in chosen
              if (other := seats[seat].get("goes_with")) in seats and other not in chosen}
    if halves:
        raise CoupleSeatParted(seats=list(halves), missing=list(halves.values()))


def _check_companions(seats: Seats, together: Collection[str]) -> None:
    """Raise CompanionAlone if there are companion places among these seats, but no wheelchair place."""
    companions = [seat for seat in together if seats[seat]["kind"] == "companion"]
    if companions and not any(seats[seat]["kind"] == "wheelchair" for seat in together):
        raise CompanionAlone(seats=companions)
