"""A screening's seats in replies: the hall's chart, the price and the state of each seat."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from schemas import film as contract
from services.seating.chart import Drawing, lay_out

CHART = contract.Chart()
PriceTable = tuple[tuple[str, int], ...]


def chart(drawing: Drawing, prices: Mapping[str, int]) -> contract.Dumped:
    """The chart with a price on each seat; `prices` is by kind of seat."""
    return _chart(drawing, tuple(sorted(prices.items())))


@lru_cache(maxsize=512)
def _chart(drawing: Drawing, prices: PriceTable) -> contract.Dumped:
    laid_out, by_kind = asdict(lay_out(drawing)), dict(prices)
    for seat in laid_out["seats"]:
        seat["price"] = by_kind[seat["kind"]]
        if seat["goes_with"] is None:  # as for most seats, and maps are sent often
            del seat["goes_with"]
    return contract.Dumped(CHART.dump(laid_out))


def states(drawing: Drawing, taken: Mapping[str, str]) -> contract.Dumped:
    """Every seat of the hall as free, held or sold; a free seat that nobody can buy alone any more counts as sold."""
    hall = lay_out(drawing)
    known = {**dict.fromkeys(hall.stranded(taken), "sold"), **taken}
    return contract.Dumped([{"seat_id": s.seat_id, "state": known.get(s.seat_id, "free")} for s in hall.seats])


def price_list(drawing: Drawing, prices: Mapping[str, int]) -> list[dict[str, Any]]:
    """Each seat with its kind and price; half a couple seat also names its other half."""
    return [{"seat_id": seat.seat_id, "kind": seat.kind, "price": prices[seat.kind],
             **({"goes_with": seat.goes_with} if seat.goes_with else {})} for seat in lay_out(drawing).seats]
