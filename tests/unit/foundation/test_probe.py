"""Probes of the servers that a process needs."""

import time
from collections.abc import Callable
from types import SimpleNamespace

import eventlet
import pytest

from services.foundation.readiness import probe as probes
from services.foundation.readiness.probe import Probe, silent_servers


class Server:
    """Answers, refuses or hangs, as a test wants."""

    def __init__(self) -> None:
        self.act: Callable[[], object] = lambda: None
        self.asked = 0

    def ask(self) -> None:
        self.asked += 1
        self.act()


def refuse() -> None:
    raise ConnectionError


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def probe(server: Server, heard: list[str], monkeypatch: pytest.MonkeyPatch) -> Probe:
    monkeypatch.setattr(probes, "ANSWER_SECONDS", 0.05)
    found = Probe("mariadb", server.ask, when_silent=lambda: heard.append("ended"))
    found.listen(lambda: heard.append("answers" if found.answers else "silent"))
    return found


def test_a_server_is_silent_after_two_probes_in_a_row_and_back_after_one(
    probe: Probe, server: Server, heard: list[str],
) -> None:
    server.act = refuse
    probe.check()
    assert (probe.answers, heard) == (True, []), "one may be chance"
    probe.check()
    probe.check()
    assert (probe.answers, heard) == (False, ["silent", "ended"])
    server.act = lambda: None
    probe.check()
    assert (probe.answers, heard) == (True, ["silent", "ended", "answers"])


def test_probes_that_fail_now_and_then_say_nothing(probe: Probe, server: Server, heard: list[str]) -> None:
    for act in (refuse, lambda: None) * 3:
        server.act = act
        probe.check()
    assert heard == []


def test_a_server_that_hangs_is_silent(probe: Probe, server: Server, heard: list[str]) -> None:
    server.act = lambda: eventlet.sleep(5)
    started = time.monotonic()
    while probe.answers and time.monotonic() - started < 20:   # on a busy machine some do not count: see below
        probe.check()
    assert heard == ["silent", "ended"]
    assert server.asked >= 2


def test_a_process_without_time_blames_no_server(probe: Probe, server: Server, heard: list[str]) -> None:
    def starve() -> None:
        time.sleep(0.1)    # which no other green thread survives; then the timeout is overdue
        eventlet.sleep(5)

    server.act = starve
    for _ in range(3):
        probe.check()
    assert heard == []


def test_a_room_tells_which_servers_are_silent(probe: Probe, server: Server) -> None:
    container = SimpleNamespace(dependencies=[SimpleNamespace(probe=probe), SimpleNamespace(), SimpleNamespace(
        probe=Probe("redis", lambda: None))])
    assert silent_servers(container) == []
    server.act = refuse
    probe.check()
    probe.check()
    assert silent_servers(container) == ["mariadb"]


def test_a_probe_looks_again_at_once_and_then_more_often(probe: Probe, server: Server) -> None:
    assert probe._pause() == probes.PAUSE_SECONDS
    server.act = refuse
    probe.check()
    assert probe._pause() == 0
    probe.check()
    assert probe._pause() == probes.SILENT_PAUSE
