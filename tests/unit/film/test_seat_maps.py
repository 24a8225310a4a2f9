from dataclasses import asdict

from schemas import film as contract
from services.film import seat_maps
from services.seating.chart import Drawing, lay_out

HALL = Drawing("ss_ss\npp_wc\n\nDD_DD", curve=1.5)
PRICES = {"standard": 1000, "premium": 1300, "couple": 1500, "wheelchair": 900, "companion": 0}


def test_a_chart_dumped_by_hand_is_what_its_schema_dumps() -> None:
    chart = asdict(lay_out(HALL))
    for seat in chart["seats"]:
        seat["price"] = PRICES[seat["kind"]]
        if seat["kind"] != "couple":
            del seat["goes_with"]

    dumped = seat_maps.chart(HALL, PRICES).plain

    assert dumped == contract.Chart().dump(chart)
    assert contract.Chart().load(dumped)["seats"] == list(chart["seats"])


def test_a_chart_is_laid_out_once_for_each_price_table() -> None:
    assert seat_maps.chart(HALL, PRICES) is seat_maps.chart(HALL, dict(reversed(PRICES.items())))
    dearer = seat_maps.chart(HALL, {**PRICES, "premium": 1400}).plain

    assert {seat["price"] for seat in dearer["seats"] if seat["kind"] == "premium"} == {1400}


def test_every_seat_has_a_state() -> None:
    states = seat_maps.states(HALL, {"A1": "sold", "C3": "held", "C4": "held"}).plain

    assert contract.SeatState(many=True).load(states) == states
    assert [each["seat_id"] for each in states] == [seat.seat_id for seat in lay_out(HALL).seats]
    by_seat = {each["seat_id"]: each["state"] for each in states}
    assert [by_seat.pop(seat) for seat in ("A1", "C3", "C4")] == ["sold", "held", "held"]
    assert set(by_seat.values()) == {"free"}


def test_a_seat_that_nobody_can_buy_alone_any_more_is_shown_as_sold() -> None:
    states = {each["seat_id"]: each["state"] for each in seat_maps.states(HALL, {"C1": "held", "B3": "held"}).plain}

    assert {seat: state for seat, state in states.items() if state != "free"} == {
        "C1": "held", "C2": "sold", "B3": "held", "B4": "sold"}


def test_the_price_list_names_each_seat_once_and_half_a_couple_seat_with_its_other_half() -> None:
    prices = seat_maps.price_list(HALL, PRICES)

    assert {"seat_id": "C3", "kind": "couple", "price": 1500, "goes_with": "C4"} in prices
    assert {"seat_id": "B4", "kind": "companion", "price": 0} in prices
    assert len(prices) == len({seat["seat_id"] for seat in prices}) == 12
