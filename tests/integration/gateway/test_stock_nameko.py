"""The negative control: Nameko's own web server has the weaknesses that the gateway's has not."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from testbed.mesh import ROOT, free_ports, wait_until
from tests.drivers.raw_connection import RawConnection, post

pytestmark = pytest.mark.full_size("integration/gateway/test_hostile_senders.py")

WORKERS = 20


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[int]:
    [port] = free_ports(1)
    (tmp_path / "stock.yml").write_text(f"WEB_SERVER_ADDRESS: 127.0.0.1:{port}\nmax_workers: {WORKERS}\n")
    nameko = str(Path(sys.executable).with_name("nameko"))
    with (tmp_path / "stock.log").open("wb") as log:
        process = subprocess.Popen([nameko, "run", "--config", str(tmp_path / "stock.yml"),
                                    "tests.integration.gateway.stock_service"], cwd=ROOT, stdout=log, stderr=log)
    try:
        wait_until(lambda: answers(port), 60, "stock Nameko")
        yield port
    finally:
        process.kill()
        process.wait()


def answers(port: int, seconds: float = 2) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/hello", timeout=seconds).ok
    except requests.RequestException:
        return False


def test_stock_nameko_is_blocked_by_as_many_half_sent_bodies_as_it_has_workers(stock: int) -> None:
    halves = [RawConnection(stock) for _ in range(WORKERS)]
    for half in halves:
        half.send(post("/echo", b"{", length=500))
    wait_until(lambda: not answers(stock, seconds=1), 30, "stock Nameko to stop answering")
    assert not answers(stock, seconds=3)
    for half in halves:
        half.close()


def test_stock_nameko_shows_internal_errors_to_clients(stock: int) -> None:
    response = requests.get(f"http://127.0.0.1:{stock}/broken", timeout=10)
    assert response.status_code == 500
    assert "hunter2" in response.text


def test_stock_nameko_waits_for_a_silent_client(stock: int) -> None:
    line = RawConnection(stock, seconds=4)
    line.send(b"POST /echo HTTP/1.1\r\n")
    with pytest.raises(TimeoutError):
        line.response()
    line.close()
