"""The picture of the mesh at moments at which its figures are hard to tell."""

import datetime as dt
from typing import Any, cast

import pytest

from services.insight import rules, store, topology

MINUTE = dt.datetime(2026, 11, 28, 17, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize("passed", [dt.timedelta(), dt.timedelta(milliseconds=1)])
def test_a_minute_that_begins_just_now_has_figures_of_a_second_at_least(
        passed: dt.timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = type("Row", (), {"caller": "clients", "callee": "gateway", "bucket": rules.bucket(1000), "calls": 1,
                            "errors": 0})
    monkeypatch.setattr(store, "flows_since", lambda tx, minute: [flow])
    monkeypatch.setattr(store, "arrivals_since", lambda tx, minute: [])
    picture = topology.read(cast(Any, None), 1, MINUTE + passed)
    assert [edge["calls_a_minute"] for edge in picture["edges"]] == [60]
