"""Which processes a restart replaces, and which have not answered to a reload."""

import signal
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

import pytest
from supervisor.states import ProcessStates

from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.processes import restart as restarting
from operations.processes.presence import PresenceListener, listening
from operations.processes.reload import missing, report
from operations.processes.restart import chosen
from operations.processes.stop import end_leftovers
from operations.supervision.programs import Program
from operations.supervision.supervisor import Supervisor
from testbed.ports import free_ports


@pytest.fixture
def small_mesh(tmp_path: Path) -> Mesh:
    """A mesh of three rooms and a gateway."""
    for name in ("gateway", "services/film", "services/order", "services/user"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "service.py").touch()
    settings = {"run_folder": ".run", "AMQP_URI": "amqp://", "DB_URIS": {}, "REDIS_URIS": {},
                "WEB_SERVER_ADDRESS": "127.0.0.1:8000", "instances": {"user": 2},
                "metrics": {"address": "127.0.0.1", "port": 9464, "port_each": False}}
    return Mesh(settings, tmp_path)


def test_the_gateway_is_restarted_last(small_mesh: Mesh) -> None:
    assert [(room.name, room.instances) for room in chosen(small_mesh, ())] == [
        ("film", 1), ("order", 1), ("user", 2), ("gateway", 1)]
    assert [room.name for room in chosen(small_mesh, ("gateway", "order"))] == ["order", "gateway"]


def test_a_room_that_does_not_exist_is_named(small_mesh: Mesh) -> None:
    with pytest.raises(OperatorError, match=r"There is no room till\. The rooms: film, gateway, order, user\."):
        chosen(small_mesh, ("order", "till"))


class SpareSupervisor(Supervisor):
    """A supervisord whose added process hangs, and is killed at the end of the block."""

    @contextmanager
    def added(self, program: Program) -> Iterator[None]:
        (self.folder / "metrics").mkdir(parents=True)
        (self.folder / "metrics" / f"{program.name}.sock").touch()
        (self.folder / "metrics" / "order.sock").touch()
        yield


def test_a_spare_process_that_was_killed_is_not_reported_as_down_for_ever(
    small_mesh: Mesh, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(restarting, "wait_for_process", lambda *_: None)
    order = small_mesh.room("order", 1)
    with restarting.spare_process(small_mesh, SpareSupervisor(small_mesh.run_folder), cast(Any, None), order):
        pass
    assert [path.name for path in (small_mesh.run_folder / "metrics").iterdir()] == ["order.sock"]


class RunningSupervisor(Supervisor):
    """A supervisord with these programs of one process each; those without a pid are stopped."""

    def __init__(self, **pids: int) -> None:
        self._pids = pids
        self.calls: list[tuple[Any, ...]] = []

    def call(self, method: str, *arguments: Any) -> Any:
        if method == "getState":
            return {"statename": "RUNNING"}
        if method == "getAllProcessInfo":
            return [{"group": name, "name": name, "pid": pid, "state": ProcessStates.RUNNING if pid else
                     ProcessStates.STOPPED} for name, pid in self._pids.items()]
        name = str(arguments[0]).partition(":")[0]
        if name not in self._pids:
            raise xmlrpc.client.Fault(10, f"BAD_NAME: {name}")
        self.calls.append((method, name))
        if method == "stopProcess" and not self._pids[name]:
            raise xmlrpc.client.Fault(70, f"NOT_RUNNING: {name}")
        if method == "startProcess" and self._pids[name]:
            raise xmlrpc.client.Fault(60, f"ALREADY_STARTED: {name}")
        self._pids[name] = 0 if method == "stopProcessGroup" else self._pids[name]
        return True

    def prepare_template(self) -> str:
        return ""


def presence(read_at: float, problem: str | None = None) -> dict[str, Any]:
    return {"config": {"read_at": read_at, "problem": problem, "changed": [], "taken": []}}


def test_processes_that_have_not_taken_over_a_file_are_named() -> None:
    supervisor = RunningSupervisor(film=1, order=2, user=3, gateway=4, kitchen=0)
    found = {1: presence(20.0), 2: presence(5.0), 3: presence(20.0, "SettingsError: Not a whole number.")}
    assert missing(supervisor, set(), 10.0, found) == [
        "order has not read config.yml again.",
        "user has not taken over config.yml. SettingsError: Not a whole number.",
        "gateway has not read config.yml again.",
    ]


def test_a_signal_reaches_the_programs_that_supervisord_has_and_no_others() -> None:
    supervisor = RunningSupervisor(film=1, order=2)
    supervisor.signal(signal.SIGHUP, "film", "kitchen")
    assert supervisor.calls == [("signalProcessGroup", "film")]


def test_a_whole_restart_includes_what_runs_beside_the_rooms(
        small_mesh: Mesh, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(restarting, "listening", nullcontext)
    monkeypatch.setattr(restarting, "restart_room", lambda *_: None)
    supervisor = RunningSupervisor(film=1, auditor=2, metrics=3)
    restarting.restart(small_mesh, supervisor, ("film",))
    assert supervisor.calls == []
    restarting.restart(small_mesh, supervisor, ())
    assert set(supervisor.calls) == {(method, name) for method in ("stopProcessGroup", "startProcess")
                                     for name in ("auditor", "metrics")}
    assert (small_mesh.run_folder / "fingerprint").read_text() == small_mesh.fingerprint


def test_what_does_not_run_beside_the_rooms_is_not_started() -> None:
    supervisor = RunningSupervisor(auditor=0)
    supervisor.restart("auditor", "metrics")
    assert supervisor.calls == []


@pytest.mark.parametrize(("later", "is_settled"), [((), True), (("instances.user",), True), (("events.tries",), False)])
def test_more_processes_can_be_started_with_settings_that_are_in_force(
        small_mesh: Mesh, later: tuple[str, ...], is_settled: bool) -> None:
    """./start.sh refuses settings that are not those of the fingerprint."""
    small_mesh.make_folders()
    changed = {"read_at": 20.0, "problem": None, "changed": ["order.hold_minutes", *later],
               "taken": ["order.hold_minutes"]}
    report(small_mesh, {1: {"config": changed}})
    assert (small_mesh.run_folder / "fingerprint").exists() is is_settled


@pytest.mark.parametrize("pid", [0, 1], ids=["it-has-ended", "it-has-come-back"])
def test_a_process_that_changes_by_itself_meanwhile_is_replaced(pid: int) -> None:
    supervisor = RunningSupervisor(order=pid)
    supervisor.replace({"group": "order", "name": "order"})
    assert supervisor.calls == [("stopProcess", "order"), ("startProcess", "order")]
    with pytest.raises(xmlrpc.client.Fault, match="BAD_NAME"):
        supervisor.replace({"group": "film", "name": "film"})


def test_a_broker_that_is_away_is_named(small_mesh: Mesh) -> None:
    [port] = free_ports(1)
    small_mesh.settings["AMQP_URI"] = f"amqp://marquee:local-only@127.0.0.1:{port}/"
    with pytest.raises(OperatorError, match=f"RabbitMQ does not answer at 127.0.0.1:{port}"), listening(small_mesh):
        pass


def test_a_spare_process_that_was_killed_is_not_missed(small_mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarting, "wait_for_process", lambda *_: None)
    supervisor = RunningSupervisor(film=1)
    monkeypatch.setattr(supervisor, "added", nullcontext)
    small_mesh.metrics_folder.mkdir(parents=True)
    for name in ("film", "film-spare"):
        (small_mesh.metrics_folder / f"{name}.sock").touch()
    [room] = chosen(small_mesh, ("film",))
    with restarting.spare_process(small_mesh, supervisor, cast(Any, None), room):
        pass
    assert [path.name for path in small_mesh.metrics_folder.iterdir()] == ["film.sock"]


def test_what_was_killed_before_a_stop_is_not_missed_after_it(small_mesh: Mesh) -> None:
    small_mesh.metrics_folder.mkdir(parents=True)
    (small_mesh.metrics_folder / "film-3.sock").touch()
    end_leftovers(small_mesh)
    assert not small_mesh.metrics_folder.exists()


class BusyConnection:
    """A connection on which messages never cease."""

    def __init__(self) -> None:
        self.messages = self.heartbeats = 0

    def drain_events(self, timeout: float) -> None:
        self.messages += 1

    def heartbeat_check(self) -> None:
        self.heartbeats += 1


def test_heartbeats_are_sent_however_many_processes_are_heard() -> None:
    connection = BusyConnection()
    listener = PresenceListener(cast(Any, connection))
    assert listener.wait(lambda found: connection.messages == 100, 60)
    assert connection.heartbeats == 100
