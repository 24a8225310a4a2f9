"""What a process counts: the outcomes that there are, under labels that there are, and only what is committed."""

import time
from typing import Any

import pytest
from prometheus_client import REGISTRY, Counter, generate_latest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from services.foundation import metrics
from services.foundation.database import Transactions
from services.foundation.metrics.circuits import Circuits
from services.foundation.metrics.settings import MetricsSettings, metrics_settings
from services.foundation.settings import SettingsError

SEATS = Counter("test_seats_total", "Seats of this test.")


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize(("outcome", "counted"), [
    ("ok", "ok"), ("seats_taken", "seats_taken"), ("IntegrityError", "fault"), ("KeyError", "fault")])
def test_a_call_counts_by_its_refusal_and_never_by_the_class_of_a_fault(outcome: str, counted: str) -> None:
    labels = {"room": "order", "method": "buy", "outcome": counted}
    before = value("marquee_calls_total", **labels)
    metrics.observe_call("order", "buy", outcome, time.perf_counter())
    assert value("marquee_calls_total", **labels) == before + 1
    assert 'outcome="KeyError"' not in generate_latest().decode()


@pytest.mark.parametrize(("outcome", "counted"), [("ok", "ok"), ("Timeout", "timeout"), ("KeyError", "failed")])
def test_an_event_is_handled_or_fails_or_takes_too_long(outcome: str, counted: str) -> None:
    labels = {"event": "order.paid", "consumer": "kitchen.take_up", "outcome": counted}
    before = value("marquee_events_handled_total", **labels)
    metrics.observe_event("order.paid", "kitchen.take_up", outcome, time.perf_counter())
    assert value("marquee_events_handled_total", **labels) == before + 1


def test_a_verb_that_nobody_knows_is_another() -> None:
    before = value("marquee_http_requests_total", method="other", route="unknown", status="405")
    for verb in ("BREW", "get", "X" * 8000):
        metrics.observe_request(verb, "unknown", 405, time.perf_counter())
    assert value("marquee_http_requests_total", method="other", route="unknown", status="405") == before + 3


def test_a_request_is_timed_in_seconds() -> None:
    before = value("marquee_http_request_duration_seconds_sum", route="/order/buy")
    metrics.observe_request("POST", "/order/buy", 200, time.perf_counter() - 3)
    assert 3 <= value("marquee_http_request_duration_seconds_sum", route="/order/buy") - before < 60


def test_what_is_rolled_back_is_not_counted() -> None:
    database = Transactions(create_engine("sqlite://"))

    def sell(tx: Any) -> None:
        metrics.count_after_commit(tx, SEATS, 2)

    def fail(tx: Any) -> None:
        metrics.count_after_commit(tx, SEATS, 100)
        tx.execute(text("CREATE TABLE seat (seat_id TEXT PRIMARY KEY)"))
        for _ in range(2):
            tx.execute(text("INSERT INTO seat VALUES ('F7')"))

    database.run(sell)
    with pytest.raises(IntegrityError):
        database.run(fail)
    database.run(sell)
    assert value("test_seats_total") == 4


def test_a_circuit_shows_its_state_when_metrics_are_read() -> None:
    circuits, states = Circuits(), {"film": "closed"}
    circuits.watch("order", lambda: states)
    states |= {"payment": "open", "kitchen": "half_open"}
    [found] = circuits.collect()
    shown = {sample.labels["to_room"]: sample.value for sample in found.samples}
    assert shown == {"film": 0, "payment": 2, "kitchen": 1}


def section(**changes: Any) -> dict[str, Any]:
    return {"metrics": {"address": "127.0.0.1", "port": 9464, "port_each": False, "process": None, **changes}}


def test_the_section_is_read_as_supervisord_and_a_container_write_it() -> None:
    assert metrics_settings(section()) == MetricsSettings("127.0.0.1", 9464, False, "")
    assert metrics_settings(section(process="order-1")).process == "order-1"
    assert metrics_settings(section(port_each="yes", address="0.0.0.0")) == MetricsSettings("0.0.0.0", 9464, True, "")


@pytest.mark.parametrize(("name", "wrong"), [
    ("port", 70000), ("port", "many"), ("port_each", "often"), ("address", "")])
def test_a_mistake_in_the_section_is_one_sentence(name: str, wrong: Any) -> None:
    with pytest.raises(SettingsError, match=rf"^config\.yml, metrics\.{name}: .*\.$"):
        metrics_settings(section(**{name: wrong}))
