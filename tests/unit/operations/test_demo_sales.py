"""The seats that the demo audience chooses can be bought as they are."""

import random
from dataclasses import asdict
from pathlib import Path

import pytest

from operations.demo import sales
from operations.demo.sales import SEATS_PER_ORDER, orders, parties
from schemas.film import SeatsUnknown
from services.film.programme_reader import read
from services.order.buying.pricing import price_seats
from services.seating.chart import Drawing, lay_out
from tests.unit.film.samples import CLEANING
from tests.unit.order.samples import LATER, NOW, SETTINGS

DEMO = Path(__file__).resolve().parents[3] / "programme" / "demo.yml"
HALLS = {hall["hall_id"]: lay_out(Drawing(**hall["drawing"])) for hall in read(DEMO, NOW, CLEANING).halls}


@pytest.mark.parametrize("hall", HALLS)
@pytest.mark.parametrize("share", [0.3, 0.7, 1.0])
def test_the_demo_audience_orders_only_what_is_sold(hall: str, share: float) -> None:
    chart = asdict(HALLS[hall])
    prices = {seat["seat_id"]: {**seat, "price": 1000} for seat in chart["seats"]}

    chosen = list(orders(parties(chart, share, random.Random(hall))))

    seats = [seat for order in chosen for seat in order]
    assert len(seats) == len(set(seats))
    assert share * 0.8 * len(prices) <= len(seats) <= len(prices)
    for order in chosen:
        assert 0 < len(order) <= SEATS_PER_ORDER
        price_seats(prices, LATER, order, NOW, SETTINGS.seats_per_order)


class Rooms:
    """The film room of a mesh that has just started: it knows no seats for a while."""

    def __init__(self, unknown: int) -> None:
        self.unknown = unknown

    def call(self, method: object, fields: dict[str, str]) -> dict[str, str]:
        self.unknown -= 1
        if self.unknown >= 0:
            raise SeatsUnknown(retry_after=1)
        return {"hall": fields["screening_id"]}


def test_a_map_that_is_not_drawn_yet_is_waited_for_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sales.time, "sleep", lambda _: None)
    assert sales._read_hall(Rooms(unknown=3), "arrival") == {"hall": "arrival"}
    monkeypatch.setattr(sales, "BOARD_SECONDS", 0)
    with pytest.raises(SeatsUnknown):
        sales._read_hall(Rooms(unknown=1_000_000), "arrival")
