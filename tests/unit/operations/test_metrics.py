"""The metrics of a machine at one address: several expositions as one, and nobody who hangs holds up a scrape."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from operations.metrics.exporter import Exporter
from operations.metrics.exposition import merge
from operations.metrics.gauges import exposition, gauge
from operations.metrics.measurement import Measurement
from operations.metrics.processes import read_all
from services.foundation.metrics.endpoint import MetricsServer, leave, serve
from testbed.ports import free_ports
from tests.drivers.scrapes import samples

ODD = 'a "quoted" {brace} \\ and\nline'


def of_a_process(calls: int) -> str:
    """What a process answers that has served some calls."""
    registry = CollectorRegistry()
    served = Counter("calls", "Calls.", ["method", "outcome"], registry=registry)
    served.labels("buy", "ok").inc(calls)
    served.labels(ODD, "ok").inc()
    Counter("plain", "Without labels.", registry=registry).inc(2)
    Histogram("duration_seconds", "Time.", ["method"], registry=registry).labels("buy").observe(0.2)
    return generate_latest(registry).decode()


def test_a_merged_exposition_has_each_sample_of_each_process_under_one_head() -> None:
    merged = merge([("order-0", of_a_process(3)), ("order-1", of_a_process(5)), ("", exposition([
        gauge("waiting", "What waits.", ["queue"], [(["calls"], 7)])]))])
    found = samples(merged)
    for process, calls in (("order-0", 3), ("order-1", 5)):
        mine = ("process", process)
        assert found["calls_total", (("method", "buy"), ("outcome", "ok"), mine)] == calls
        assert found["calls_total", (("method", ODD), ("outcome", "ok"), mine)] == 1
        assert found["plain_total", (mine,)] == 2
        assert found["duration_seconds_count", (("method", "buy"), mine)] == 1
    assert found["waiting", (("queue", "calls"),)] == 7
    heads = [line for line in merged.splitlines() if line.startswith("#")]
    assert len(heads) == len(set(heads)) == 2 * 4


def test_a_sample_is_kept_as_it_was_but_for_the_label() -> None:
    alone = of_a_process(3)
    merged = samples(merge([("film", alone)]))
    assert {(name, tuple(label for label in labels if label[0] != "process")): value
            for (name, labels), value in merged.items()} == samples(alone)


# --- processes ---


PROCESS = """
import sys, time
from services.foundation.metrics.endpoint import serve
serve({"run_folder": sys.argv[1],
       "metrics": {"address": "127.0.0.1", "port": 1, "port_each": False, "process": sys.argv[2]}})
print("serving", flush=True)
time.sleep(60)
"""


@contextmanager
def process(folder: Path, name: str) -> Iterator["subprocess.Popen[bytes]"]:
    running = subprocess.Popen([sys.executable, "-W", "ignore", "-c", PROCESS, str(folder), name],
                               stdout=subprocess.PIPE)
    assert running.stdout is not None
    try:
        assert running.stdout.readline() == b"serving\n"
        yield running
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


def test_a_killed_process_is_told_from_one_that_answers_and_its_successor_takes_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    with process(tmp_path, "film") as killed, process(tmp_path, "order-1"):
        assert all("process_cpu_seconds_total" in str(text) for text in read_all(folder).values())
        killed.kill()
        killed.wait()
        assert {name: text is not None for name, text in read_all(folder).items()} == {"film": False, "order-1": True}
        with process(tmp_path, "film"):
            assert None not in read_all(folder).values()


def test_a_process_that_hangs_delays_a_scrape_by_no_more_than_its_deadline(tmp_path: Path) -> None:
    with process(tmp_path, "film") as hanging, process(tmp_path, "order"):
        os.kill(hanging.pid, signal.SIGSTOP)
        answers = read_all(tmp_path / "metrics", seconds=2)
    assert {name: text is not None for name, text in answers.items()} == {"film": False, "order": True}


def settings(folder: Path, **section: Any) -> dict[str, Any]:
    return {"run_folder": str(folder),
            "metrics": {"address": "127.0.0.1", "port": 9464, "port_each": False, "process": None, **section}}


def test_a_process_that_ends_as_it_should_leaves_no_socket(tmp_path: Path) -> None:
    mine = settings(tmp_path, process="kitchen")
    serve(mine)
    assert list(read_all(tmp_path / "metrics")) == ["kitchen"]
    leave(mine)
    assert read_all(tmp_path / "metrics") == {}


@pytest.mark.parametrize("section", [{}, {"process": "film", "port": 0}, {"port_each": True, "port": 0}])
def test_nothing_is_served_without_a_port_or_a_name(tmp_path: Path, section: dict[str, Any]) -> None:
    serve(settings(tmp_path, **section))
    assert not (tmp_path / "metrics").exists()


def test_a_process_alone_in_a_container_answers_at_the_port_itself(tmp_path: Path) -> None:
    [port] = free_ports(1)
    serve(settings(tmp_path, port_each=True, port=port, process="film"))
    answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=30)
    assert ("process_cpu_seconds_total", ()) in samples(answer.text)
    assert not (tmp_path / "metrics").exists()


def test_a_process_goes_on_without_metrics_when_its_port_is_taken(
        tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        serve(settings(tmp_path, port_each=True, port=other.getsockname()[1]))
    assert "no metrics of this process" in caplog.text


def test_the_sockets_folder_may_have_a_longer_path_than_a_socket_can(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100) / ("y" * 100)
    serve(settings(long, process="film"))
    assert read_all(long / "metrics")["film"]


# --- measurements ---


def test_a_measurement_that_hangs_is_left_out_and_not_begun_twice() -> None:
    begun, released = [], threading.Event()

    def hang() -> list[Any]:
        begun.append(1)
        assert released.wait(30)
        return [gauge("depth", "How deep.", [], [([], 3)])]

    measurement = Measurement("rabbitmq", hang)
    for _ in range(3):
        measurement.begin()
        assert measurement.result(time.monotonic()) is None
    released.set()
    [found] = measurement.result(time.monotonic() + 30) or []
    assert found.samples[0].value == 3
    assert len(begun) == 1


def test_a_measurement_is_made_once_for_all_scrapes_of_some_seconds() -> None:
    made = []
    measurement = Measurement("order", lambda: made.append(1) or [], kept=60)
    for _ in range(3):
        measurement.begin()
        assert measurement.result(time.monotonic() + 30) == []
    assert len(made) == 1


def test_a_measurement_that_fails_is_made_anew_later() -> None:
    outcomes = iter([ConnectionError("away"), []])

    def measure() -> list[Any]:
        if isinstance(outcome := next(outcomes), Exception):
            raise outcome
        return outcome

    measurement = Measurement("order", measure, kept=0)
    measurement.begin()
    assert measurement.result(time.monotonic() + 30) is None
    measurement.begin()
    assert measurement.result(time.monotonic() + 30) == []


@pytest.fixture
def scraped(tmp_path: Path) -> Iterator[str]:
    """The address of an exporter with one process that answers, and one measurement of two that hangs."""
    release = threading.Event()

    def hang() -> list[Any]:
        release.wait(60)
        return []

    measurements = [Measurement("redis", lambda: [gauge("marquee_boards", "Boards.", [], [([], 4)])]),
                    Measurement("rabbitmq", hang)]
    serve(settings(tmp_path, process="film"))
    server = MetricsServer(("127.0.0.1", 0), Exporter(tmp_path / "metrics", measurements, seconds=1))
    server.run()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/metrics"
    finally:
        release.set()
        server.shutdown()
        server.server_close()


def test_a_scrape_says_what_is_left_out(scraped: str) -> None:
    found = samples(requests.get(scraped, timeout=30).text)
    assert found["marquee_boards", ()] == 4
    assert found["marquee_measurement_up", (("source", "redis"),)] == 1
    assert found["marquee_measurement_up", (("source", "rabbitmq"),)] == 0
    assert found["marquee_process_up", (("process", "film"),)] == 1
    assert ("process_cpu_seconds_total", (("process", "film"),)) in found
    assert requests.post(scraped, timeout=30).status_code == 405
