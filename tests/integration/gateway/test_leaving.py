"""A gateway that is told to go finishes what it has begun, and lets nobody new in."""

import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from testbed.mesh import Mesh, wait_until
from tests.integration.gateway.lone_gateway import LoneGateway, lone_gateway
from tests.integration.gateway.wire import Wire, get, post

GRACE_SECONDS = 15


@dataclass
class Crowd:
    """Callers who each ask again and again, on one connection or on a new one each time."""

    port: int
    keeps: bool
    answered: int = 0
    lost: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        threads = [threading.Thread(target=self._call) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _call(self) -> None:
        while not self.stop.is_set():
            try:
                line = Wire(self.port)
            except OSError:
                return  # the door is shut
            try:
                if not self._converse(line):
                    return
            finally:
                line.close()

    def _converse(self, line: Wire) -> bool:
        """Whether the gateway is still there afterwards."""
        for number in range(1000 if self.keeps else 1):
            try:
                line.send(post("/user/login"))
                answer = line.response()
            except OSError as problem:
                # A connection that idled may be closed under a request; a new one that was let in may not.
                if number == 0:
                    self.lost.append(repr(problem))
                return False
            if answer is None:
                if number == 0:
                    self.lost.append("no answer")
                return False
            assert answer.status == 422
            self.answered += 1
            if answer.headers.get("connection") == "close":
                return True
        return True


def leave_under(crowd: Crowd, gateway: LoneGateway) -> float:
    runner = threading.Thread(target=crowd.run)
    runner.start()
    wait_until(lambda: crowd.answered > 100, 30, "a crowd")
    gateway.process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    gateway.process.wait(GRACE_SECONDS)
    crowd.stop.set()
    runner.join(10)
    return time.monotonic() - started


@pytest.mark.alone
def test_sigterm_under_load_leaves_no_request_unanswered(mesh: Mesh, tmp_path: Path) -> None:
    for keeps in (True, False):
        with lone_gateway(mesh, tmp_path) as gateway:
            crowd = Crowd(gateway.port, keeps)
            leave_under(crowd, gateway)
            assert not crowd.lost
            assert gateway.process.returncode == 0
            assert "Traceback" not in gateway.log


def test_a_long_call_is_still_answered_after_sigterm(mesh: Mesh, tmp_path: Path) -> None:
    with lone_gateway(mesh, tmp_path) as gateway:
        line, idle = Wire(gateway.port), Wire(gateway.port)
        assert idle.ask(get("/health")).status == 200
        with mesh.paused("film"):
            line.send(get(f"/film/get_info_list?title=nothing{time.monotonic_ns()}"))
            assert idle.ask(get("/health")).status == 200, "by then it has read the other line's request"
            gateway.process.send_signal(signal.SIGTERM)
            assert idle.has_ended(), "who only waits is let go at once"
            assert gateway.process.poll() is None
        answer = line.response()
        assert answer
        assert answer.status in (200, 504)
        assert answer.headers["connection"] == "close"
        gateway.process.wait(GRACE_SECONDS)
        idle.close()
        line.close()


def test_a_half_sent_body_does_not_keep_a_gateway_from_going(mesh: Mesh, tmp_path: Path) -> None:
    with lone_gateway(mesh, tmp_path) as gateway:
        halves = [Wire(gateway.port) for _ in range(30)]
        for half in halves:
            half.send(post("/user/login", b"{", length=500))
        assert requests.get(gateway.url + "/health", timeout=10).status_code == 200, "by then it has read the halves"
        started = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)
        gateway.process.wait(GRACE_SECONDS)
        assert time.monotonic() - started < GRACE_SECONDS
        for half in halves:
            half.close()


def test_the_mesh_brings_up_a_new_gateway(mesh: Mesh) -> None:
    before = mesh.pid("gateway")
    mesh.kill("gateway", signal.SIGTERM)
    wait_until(lambda: {each["pid"] for each in mesh.supervisor.processes("gateway")} - {before, 0}, 30, "a new one")
    mesh.wait_ready()


@pytest.mark.alone
def test_who_was_let_in_just_before_may_still_ask(mesh: Mesh, tmp_path: Path) -> None:
    with lone_gateway(mesh, tmp_path) as gateway:
        lines = [Wire(gateway.port) for _ in range(20)]
        gateway.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        for line in lines:
            line.send(post("/user/login"))
        answers = [line.response() for line in lines]
        assert [answer and answer.status for answer in answers] == [422] * 20
