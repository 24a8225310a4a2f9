"""A gateway that gets SIGTERM answers the requests it has, and accepts no new connection."""

import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from testbed.mesh import Mesh, wait_until
from tests.drivers.raw_connection import RawConnection, get, post
from tests.integration.gateway.lone_gateway import LoneGateway, lone_gateway

at_full_size = pytest.mark.full_size("integration/gateway/test_shutdown.py")

GRACE_SECONDS = 15


@dataclass
class Crowd:
    """Clients that send requests without a pause, half of them on one connection, the others on a new one for each."""

    port: int
    answered: int = 0
    lost: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        threads = [threading.Thread(target=self._call, args=(keeps,)) for keeps in [True, False] * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _call(self, keeps: bool) -> None:
        while not self.stop.is_set():
            try:
                line = RawConnection(self.port)
            except OSError:
                return  # the gateway accepts no more connections
            try:
                if not self._send_requests(line, 1000 if keeps else 1):
                    return
            finally:
                line.close()

    def _send_requests(self, line: RawConnection, most: int) -> bool:
        """Whether the gateway still serves afterwards."""
        for number in range(most):
            try:
                line.send(post("/user/login"))
                answer = line.response()
            except OSError as problem:
                # An idle connection may be closed under a request; a new one that was accepted may not.
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


def refuses_connections(port: int) -> bool:
    try:
        RawConnection(port).close()
    except OSError:
        return True
    return False


def terminate_under(crowd: Crowd, gateway: LoneGateway) -> float:
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
    with lone_gateway(mesh, tmp_path) as gateway:
        crowd = Crowd(gateway.port)
        terminate_under(crowd, gateway)
        assert not crowd.lost
        assert gateway.process.returncode == 0
        assert "Traceback" not in gateway.log


@at_full_size
def test_a_call_under_way_is_answered_after_sigterm_and_half_sent_bodies_keep_no_gateway(mesh: Mesh,
                                                                                        tmp_path: Path) -> None:
    with lone_gateway(mesh, tmp_path) as gateway:
        halves = [RawConnection(gateway.port) for _ in range(30)]
        for half in halves:
            half.send(post("/user/login", b"{", length=500))
        line, idle = RawConnection(gateway.port), RawConnection(gateway.port)
        assert idle.ask(get("/health")).status == 200
        with mesh.paused("film"):
            line.send(get(f"/film/get_info_list?title=nothing{time.monotonic_ns()}"))
            assert idle.ask(get("/health")).status == 200, "by then it has read what the other connections sent"
            gateway.process.send_signal(signal.SIGTERM)
            assert idle.has_ended(), "an idle connection ends at once"
            assert gateway.process.poll() is None
        answer = line.response()
        assert answer
        assert answer.status in (200, 504)
        assert answer.headers["connection"] == "close"
        gateway.process.wait(GRACE_SECONDS)
        for each in (idle, line, *halves):
            each.close()


@at_full_size
def test_the_mesh_starts_a_new_gateway(mesh: Mesh) -> None:
    before = mesh.pid("gateway")
    mesh.kill("gateway", signal.SIGTERM)
    wait_until(lambda: {each["pid"] for each in mesh.supervisor.processes("gateway")} - {before, 0}, 30, "a new one")
    mesh.wait_ready()


@at_full_size
@pytest.mark.alone
def test_a_connection_accepted_before_sigterm_may_send_its_request(mesh: Mesh, tmp_path: Path) -> None:
    with lone_gateway(mesh, tmp_path) as gateway:
        lines = [RawConnection(gateway.port) for _ in range(20)]
        gateway.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses_connections(gateway.port), what="the gateway to accept no more")
        for line in lines:
            line.send(post("/user/login"))
        answers = [line.response() for line in lines]
        assert [answer and answer.status for answer in answers] == [422] * 20
