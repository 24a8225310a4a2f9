"""Each alert fires when its trouble is there, and none when everything is well."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.drivers.deployment_files import OBSERVABILITY, RULES

LONG = "x70"     # samples, one each half a minute
LOGIN = 'marquee_calls_total{room="user",method="login",outcome="login_failed"}'
FAILED = 'marquee_http_requests_total{method="POST",route="/order/buy",status="503"}'
ANSWERED = 'marquee_http_requests_total{method="GET",route="/film/get_info",status="200"}'
REFUSED = 'marquee_http_requests_total{method="other",route="refused",status="503"}'
BUG = 'marquee_calls_total{room="order",method="pay",outcome="fault"}'
FAST, SLOW, ALL = (f'marquee_call_duration_seconds_bucket{{room="order",method="buy",le="{most}"}}'
                   for most in ("0.5", "2.5", "+Inf"))
# For each alert what is measured when all is well, and in trouble. In this notation `0+5x9` is 0, 5, ... 45.
SERIES: dict[str, dict[str, tuple[str, str]]] = {
    "MetricsMissing": {'up{job="marquee"}': ("1", "0")},
    "ProcessSilent": {'marquee_process_up{process="order-1"}': ("1", "0")},
    "RoomAway": {'marquee_room_instances{room="film"}': ("2", "0")},
    "RoomNotCalled": {'marquee_circuit_state{room="order",to_room="payment"}': ("0", "2")},
    "ServerSilent": {'marquee_measurement_up{source="rabbitmq"}': ("1", "0")},
    "StorageLow": {'marquee_storage_free_bytes{instance="a"}': ("900000000", "400000000"),
                   'marquee_storage_reserve_bytes{instance="a"}': ("256000000", "256000000")},
    "RequestsFail": {FAILED: ("0+1", "0+10"), ANSWERED: ("0+200", "0+200")},
    "Bug": {BUG: ("0+0", "0+1")},
    "PurchasesSlow": {FAST: ("0+100", "0+50"), SLOW: ("0+100", "0+100"), ALL: ("0+100", "0+100")},
    "WorkersBusy": {'marquee_workers{room="order",state="free"}': ("7", "0")},
    "ConnectionsRefused": {REFUSED: ("0+0", "0+90")},
    "EventsNotPublished": {'marquee_outbox_oldest_age_seconds{room="order"}': ("1", "300")},
    "EventsPileUp": {'marquee_queue_messages{queue="order.paid:kitchen.take_up"}': ("9", "5000")},
    "DeadLetters": {'marquee_dead_letters{queue="order.paid:kitchen.take_up"}': ("0", "1")},
    "BoardsBehind": {"marquee_boards_checked_timestamp_seconds": ("0+30", "0")},
    "MoneyNeedsADecision": {'marquee_reviews{about="refund"}': ("0", "1")},
    "RefundsLate": {"marquee_refunds_oldest_age_seconds": ("20", "7200")},
    "WebhooksPileUp": {"marquee_webhooks_waiting": ("3", "500")},
    "AuditFindsProblems": {"marquee_audit_unresolved": ("0", "1")},
    "AuditMissing": {"marquee_audit_timestamp_seconds": ("0+30", "-20000")},
    "LoginsRefused": {LOGIN: ("0+3", "0+600")},
    "MessagesGivenUp": {'marquee_messages{state="failed"}': ("0", "2")},
    "KitchenLate": {'marquee_kitchen_tickets_late{cinema="kino-am-kanal"}': ("1", "9")},
}


def firing(series: dict[str, str], folder: Path) -> str:
    """What promtool says of a test in which these series last half an hour and no alert may fire."""
    values = {name: value + LONG if "+" in value else f"{value}+0{LONG}" for name, value in series.items()}
    test: dict[str, Any] = {
        "rule_files": [str(OBSERVABILITY / "alerts.yml")], "evaluation_interval": "30s", "tests": [{
            "interval": "30s",
            "input_series": [{"series": name, "values": value} for name, value in values.items()],
            "promql_expr_test": [{"expr": 'count by (alertname) (ALERTS{alertstate="firing"})', "eval_time": "30m",
                                  "exp_samples": []}]}]}
    (folder / "test.yml").write_text(yaml.safe_dump(test))
    done = subprocess.run(["promtool", "test", "rules", folder / "test.yml"], capture_output=True, text=True,
                          timeout=60, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_every_alert_is_tried() -> None:
    assert SERIES.keys() == {rule["alert"] for rule in RULES}


def test_no_alert_fires_when_all_is_well(tmp_path: Path) -> None:
    assert firing({name: well for of_alert in SERIES.values() for name, (well, _) in of_alert.items()}, tmp_path) == ""


@pytest.mark.parametrize("alert", SERIES)
def test_an_alert_fires_when_its_trouble_is_there(alert: str, tmp_path: Path) -> None:
    said = firing({name: trouble for name, (_, trouble) in SERIES[alert].items()}, tmp_path)
    assert f'{{alertname="{alert}"}} 1E+00' in said, said
    assert said.count("alertname=") == 1


@pytest.mark.parametrize(("before", "is_told"), [("0", True), ("_", False)], ids=["shown-as-none", "not-shown"])
def test_a_single_bug_is_told_because_its_counter_was_there_before(before: str, is_told: bool, tmp_path: Path) -> None:
    """`_`: no sample. Prometheus takes the first sample of a series for no increase, whatever it is."""
    said = firing({BUG: f"{before}x50 1+0"}, tmp_path)
    assert ('{alertname="Bug"} 1E+00' in said) is is_told, said
