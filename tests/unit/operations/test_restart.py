"""Which processes a restart replaces, and which have not answered to a reload."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.processes import restart
from operations.processes.reload import missing
from operations.processes.restart import chosen
from operations.supervision.programs import Program
from operations.supervision.supervisor import Supervisor


@pytest.fixture
def small_mesh(tmp_path: Path) -> Mesh:
    """A mesh of three rooms and a gateway."""
    for name in ("gateway", "services/film", "services/order", "services/user"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "service.py").touch()
    return Mesh({"run_folder": ".run", "WEB_SERVER_ADDRESS": "127.0.0.1:8000", "instances": {"user": 2}}, tmp_path)


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
    monkeypatch.setattr(restart, "wait_for_process", lambda *_: None)
    order = small_mesh.room("order", 1)
    with restart.spare_process(small_mesh, SpareSupervisor(small_mesh.run_folder), cast(Any, None), order):
        pass
    assert [path.name for path in (small_mesh.run_folder / "metrics").iterdir()] == ["order.sock"]


class RunningSupervisor:
    """A supervisord with these processes."""

    def __init__(self, **pids: int) -> None:
        self._pids = pids

    def processes(self, *programs: str) -> list[dict[str, Any]]:
        return [{"name": name, "pid": pid} for name, pid in self._pids.items()]


def presence(read_at: float, problem: str | None = None) -> dict[str, Any]:
    return {"config": {"digest": "1", "read_at": read_at, "problem": problem, "changed": [], "taken": []}}


def test_processes_that_have_not_taken_over_a_file_are_named() -> None:
    supervisor = cast(Supervisor, RunningSupervisor(film=1, order=2, user=3, gateway=4))
    found = {1: presence(20.0), 2: presence(5.0), 3: presence(20.0, "SettingsError: Not a whole number.")}
    assert missing(supervisor, set(), 10.0, found) == [
        "order has not read config.yml again.",
        "user has not taken over config.yml. SettingsError: Not a whole number.",
        "gateway has not read config.yml again.",
    ]
