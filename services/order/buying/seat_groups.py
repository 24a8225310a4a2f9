"""What is sold and given back only together: couple seats, and companion places with a wheelchair place. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

from schemas.order.refusals import CompanionAlone, CoupleSeatParted

Facts = Mapping[str, dict[str, Any]]  # seat id -> {seat_id, kind, price}, and goes_with for half a couple seat


def check_buying(hall: Facts, wanted: Collection[str]) -> None:
    """Raise CoupleSeatParted or CompanionAlone if these seats of the hall are not sold without others."""
    _check_couples(hall, wanted)
    _check_companions(hall, wanted)


def check_returning(valid: Facts, returning: Collection[str]) -> None:
    """Raise CoupleSeatParted or CompanionAlone if the seats of an order's `valid` ones that stay need those that go.

    What is parted already, as older orders may be, does not matter.
    """
    _check_couples(valid, returning)
    if any(valid[seat]["kind"] == "wheelchair" for seat in returning):
        _check_companions(valid, [seat for seat in valid if seat not in returning])


def _check_couples(seats: Facts, chosen: Collection[str]) -> None:
    """Raise CoupleSeatParted if only one half of a couple seat is among the chosen, though `seats` has both.

    Older orders own half a couple seat, or don't know of the other half: then a half goes alone.
    """
    halves = {seat: other for seat in chosen
              if (other := seats[seat].get("goes_with")) in seats and other not in chosen}
    if halves:
        raise CoupleSeatParted(seats=list(halves), missing=list(halves.values()))


def _check_companions(seats: Facts, together: Collection[str]) -> None:
    """Raise CompanionAlone if there are companion places among these seats, but no wheelchair place."""
    companions = [seat for seat in together if seats[seat]["kind"] == "companion"]
    if companions and not any(seats[seat]["kind"] == "wheelchair" for seat in together):
        raise CompanionAlone(seats=companions)
