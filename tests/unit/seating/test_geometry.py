"""The seat geometry gives the answers of tests/geometry_cases.json, as the page's scripts do."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from services.seating.best_seats import suggest
from services.seating.chart import Chart, Drawing, bend, lay_out
from services.seating.seat_runs import ACCESSIBLE, free_pieces, seat_runs, seats_left_alone

CASES: dict[str, Any] = json.loads((Path(__file__).parents[2] / "geometry_cases.json").read_text())
CHARTS = {name: lay_out(Drawing("\n".join(each["plan"]), each["curve"])) for name, each in CASES["charts"].items()}


def left_alone(chart: Chart, taken: list[str], chosen: list[str]) -> list[str]:
    accessible = any(seat.kind in ACCESSIBLE for seat in chart.seats if seat.seat_id in chosen)
    pieces = free_pieces(chart.seats, set(taken), accessible)
    return [seat.seat_id for seat in seats_left_alone(pieces, set(chosen))]


@pytest.mark.parametrize("name", CHARTS)
def test_a_drawing_becomes_the_chart_that_the_page_gets(name: str) -> None:
    chart = json.loads(json.dumps(dataclasses.asdict(CHARTS[name])))
    for seat in chart["seats"]:
        if seat["goes_with"] is None:
            del seat["goes_with"]

    assert chart == CASES["charts"][name]["chart"]


@pytest.mark.parametrize("case", CASES["runs"], ids=lambda case: case["chart"])
def test_runs_end_at_aisles_and_keep_couple_seats_whole(case: dict[str, Any]) -> None:
    runs = [[[seat.seat_id for seat in unit] for unit in run] for run in seat_runs(CHARTS[case["chart"]].seats)]

    assert runs == case["runs"]


@pytest.mark.parametrize("case", CASES["left_alone"], ids=lambda case: f"{case['chart']}-{'-'.join(case['chosen'])}")
def test_a_choice_leaves_the_same_seats_alone_as_on_the_page(case: dict[str, Any]) -> None:
    assert left_alone(CHARTS[case["chart"]], case["taken"], case["chosen"]) == case["alone"]


@pytest.mark.parametrize("case", CASES["nearest_block"], ids=lambda case: f"{case['chart']}-{'-'.join(case['wanted'])}")
def test_a_block_that_the_page_offers_is_free_together_and_tidy_when_asked(case: dict[str, Any]) -> None:
    chart, block = CHARTS[case["chart"]], case["block"] or []
    accessible = any(seat.kind in ACCESSIBLE for seat in chart.seats if seat.seat_id in case["wanted"])
    pieces = [[seat.seat_id for unit in piece for seat in unit]
              for piece in free_pieces(chart.seats, set(case["taken"]), accessible)]

    windows = [piece[at:at + len(case["wanted"])] for piece in pieces for at in range(len(piece))]
    assert not block or block in windows
    assert not (block and case["tidy"] and left_alone(chart, case["taken"], block))


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_suggestion_claims_no_single_left_exactly_when_it_leaves_no_seat_alone(name: str, count: int) -> None:
    best = suggest(CHARTS[name], set(), count)

    assert ("no_single_left" in best.reasons) == (not left_alone(CHARTS[name], [], list(best.seats)))


@pytest.mark.parametrize("case", CASES["bend"], ids=lambda case: f"{case['width']}-{case['curve']}-{case['x']}")
def test_a_row_is_bent_as_the_page_draws_it(case: dict[str, Any]) -> None:
    assert bend(case["x"], case["width"], case["curve"]) == pytest.approx(case["bend"], abs=1e-9)
