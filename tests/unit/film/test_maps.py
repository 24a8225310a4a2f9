from dataclasses import asdict

from schemas import film as contract
from services.film import maps
from services.seating.chart import Drawing, lay_out

HALL = Drawing("ss_ss\npp_wc\n\nDD_DD", curve=1.5)
PRICES = {"standard": 1000, "premium": 1300, "couple": 1500, "wheelchair": 900, "companion": 0}


def test_a_chart_dumped_once_says_what_its_schema_says() -> None:
    chart = asdict(lay_out(HALL))
    for seat in chart["seats"]:
        seat["price"] = PRICES[seat["kind"]]

    dumped = maps.chart(HALL, PRICES).plain

    assert dumped == contract.Chart().dump(chart)
    assert contract.Chart().load(dumped)["seats"] == list(chart["seats"])


def test_a_chart_is_laid_out_once_for_each_price_table() -> None:
    assert maps.chart(HALL, PRICES) is maps.chart(HALL, dict(reversed(PRICES.items())))
    dearer = maps.chart(HALL, {**PRICES, "premium": 1400}).plain

    assert {seat["price"] for seat in dearer["seats"] if seat["kind"] == "premium"} == {1400}


def test_every_seat_has_a_state() -> None:
    states = maps.states(HALL, {"A1": "sold", "C4": "held"}).plain

    assert contract.SeatState(many=True).load(states) == states
    assert [each["seat_id"] for each in states] == [seat.seat_id for seat in lay_out(HALL).seats]
    by_seat = {each["seat_id"]: each["state"] for each in states}
    assert (by_seat.pop("A1"), by_seat.pop("C4")) == ("sold", "held")
    assert set(by_seat.values()) == {"free"}


def test_the_price_list_names_each_seat_once() -> None:
    prices = maps.price_list(HALL, PRICES)

    assert {"seat_id": "B4", "kind": "companion", "price": 0} in prices
    assert len(prices) == len({seat["seat_id"] for seat in prices}) == 12
