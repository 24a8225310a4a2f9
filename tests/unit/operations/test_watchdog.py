"""The watchdog starts what a killed supervisord had running, in order, and nothing that was stopped."""

import os
import socket
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from supervisor.states import ProcessStates

from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.processes import stop, watchdog
from operations.processes.run import is_looked_after
from operations.servers.base import ServerState
from operations.supervision import supervisor as supervisors
from operations.supervision.supervisor import Supervisor

FAULT = xmlrpc.client.Fault(70, "NOT_RUNNING")


class FakeServer:
    def __init__(self, name: str) -> None:
        self.name, self.found = name, ServerState.SILENT

    def state(self) -> ServerState:
        return self.found


class FakeMesh:
    """A mesh with one server; its lock is free."""

    watchdog = type("Program", (), {"name": "watchdog"})

    def __init__(self, folder: Path) -> None:
        self.run_folder, self.redis = folder, FakeServer("redis")
        self.servers, self.locked = [self.redis], 0

    @contextmanager
    def lock(self) -> Iterator[None]:
        self.locked += 1
        yield


class FakeSupervisor(Supervisor):
    """A supervisord with these programs, started when they have a time."""

    def __init__(self, folder: Path, launches: list[Exception | None], **started: int) -> None:
        super().__init__(folder)
        self.launches, self.started = launches, started
        self.is_up, self.begun = False, list[str]()
        self.template = "ready"

    def is_running(self) -> bool:
        return self.is_up

    def processes(self, *programs: str) -> list[dict[str, Any]]:
        return [{"group": name, "name": name, "start": when, "state": ProcessStates.STOPPED}
                for name, when in self.started.items()]

    def prepare_template(self) -> str:
        return self.template

    def start(self, *programs: str) -> None:
        self.begun += sorted(programs)
        self.started |= dict.fromkeys(programs, 1)

    def launch(self) -> None:
        if problem := self.launches.pop(0):
            raise problem
        self.is_up = True


@pytest.fixture
def small(tmp_path: Path) -> Mesh:
    return cast(Mesh, FakeMesh(tmp_path))


def test_servers_come_first_and_what_a_person_has_stopped_stays_so(small: Mesh) -> None:
    supervisor = FakeSupervisor(small.run_folder, [], redis=0, order=0, film=7, spare=0)
    supervisor.want("redis", "order", "film")
    assert not watchdog.start_unstarted(small, supervisor)
    assert supervisor.begun == ["redis"]
    small.redis.found = ServerState.READY  # type: ignore[attr-defined]
    assert watchdog.start_unstarted(small, supervisor)
    assert supervisor.begun == ["redis", "order"]


def test_rooms_wait_for_the_template_and_servers_do_not(small: Mesh) -> None:
    supervisor = FakeSupervisor(small.run_folder, [], redis=0, order=0)
    supervisor.want("redis", "order")
    small.redis.found = ServerState.READY  # type: ignore[attr-defined]
    supervisor.template = "importing"
    assert not watchdog.start_unstarted(small, supervisor)
    assert not watchdog.start_unstarted(small, supervisor)
    assert supervisor.begun == ["redis"]
    supervisor.template = ""
    assert watchdog.start_unstarted(small, supervisor)
    assert supervisor.begun == ["redis", "order"]


def test_nothing_is_started_while_nothing_is_wanted(small: Mesh) -> None:
    supervisor = FakeSupervisor(small.run_folder, [], redis=0)
    assert watchdog.start_unstarted(small, supervisor)
    assert supervisor.begun == []


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The meshes whose leftovers were ended; nobody waits meanwhile."""
    found: list[Any] = []
    monkeypatch.setattr(watchdog, "end_leftovers", lambda mesh: found.append(mesh))
    monkeypatch.setattr(watchdog, "TRY_AGAIN_SECONDS", 0)
    return found


def test_supervisord_is_started_until_that_works(small: Mesh, ended: list[Any]) -> None:
    supervisor = FakeSupervisor(small.run_folder, [OSError(28, "full"), OperatorError("no"), FAULT, None], watchdog=0)
    supervisor.want("watchdog", "redis")
    watchdog.revive(small, supervisor)
    assert supervisor.begun == ["watchdog"]
    assert ended == [small] * 4


@pytest.mark.parametrize(("wanted", "is_up"), [(["order"], True), ([], False)], ids=["started-meanwhile", "stopped"])
def test_what_somebody_else_has_started_or_stopped_is_left_alone(
    small: Mesh, ended: list[Any], wanted: list[str], is_up: bool,
) -> None:
    supervisor = FakeSupervisor(small.run_folder, [])
    supervisor.is_up = is_up
    if wanted:
        supervisor.want(*wanted)
    watchdog.revive(small, supervisor)
    assert (supervisor.begun, ended, supervisor.launches) == (["watchdog"] if is_up else [], [], [])


def test_a_watchdog_whose_parent_is_another_process_by_now_stops_watching(small: Mesh) -> None:
    watchdog.watch(small, FakeSupervisor(small.run_folder, []), parent=os.getpid())


def test_a_supervisord_that_hangs_is_taken_for_one_that_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisors, "STATE_SECONDS", 0.1)
    with socket.socket(socket.AF_UNIX) as silent:
        monkeypatch.chdir(tmp_path)
        silent.bind("supervisor.sock")
        silent.listen()
        assert not Supervisor(tmp_path).is_running()


def test_the_command_that_ends_leftovers_is_none_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Process:
        def __init__(self, pid: int) -> None:
            self.pid, self.info = pid, {"environ": {"MARQUEE_MESH": "m", "SUPERVISOR_GROUP_NAME": "watchdog"}}

    (tmp_path / "mark").write_text("m")
    other = Process(os.getpid() + 1)
    monkeypatch.setattr(stop.psutil, "process_iter", lambda attributes: [Process(os.getpid()), other])
    assert stop.mesh_processes(tmp_path) == [(other, "watchdog")]
    mesh = cast(Mesh, FakeMesh(tmp_path))
    assert is_looked_after(mesh)
    monkeypatch.setattr(stop.psutil, "process_iter", lambda attributes: [])
    assert not is_looked_after(mesh)
