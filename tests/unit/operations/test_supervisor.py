"""What a restart does to supervisord, also after one that was killed, and beside processes that die."""

import xmlrpc.client
from pathlib import Path
from typing import Any

import pytest
from supervisor.xmlrpc import Faults

from operations.supervision.programs import Program, render, without
from operations.supervision.supervisor import Supervisor

ORDER = {"group": "order", "name": "order"}


class FakeSupervisor(Supervisor):
    """Answers calls with what `faults` has for their method, and keeps the settings file of each reload."""

    def __init__(self, folder: Path, **faults: int) -> None:
        super().__init__(folder)
        self.faults, self.calls, self.reloaded = faults, list[str](), list[str]()

    def call(self, method: str, *arguments: Any) -> Any:
        self.calls.append(method)
        if method in self.faults:
            raise xmlrpc.client.Fault(self.faults[method], method)
        return []

    def reload(self) -> None:
        self.reloaded.append((self.folder / "supervisord.conf").read_text())


def test_a_program_is_taken_out_of_a_settings_file(tmp_path: Path) -> None:
    order, spare, film = (Program(name, ["run", "[x]"], tmp_path) for name in ("order", "order-spare", "film"))
    assert without(render([order, spare, film]), "order-spare") == render([order, film])
    assert without(render([order, film, spare]), "order-spare") == render([order, film])
    assert without(render([order, film]), "order-spare") == render([order, film])


def test_a_spare_process_that_a_killed_restart_left_ends_before_a_new_one_starts(tmp_path: Path) -> None:
    order, spare = Program("order", ["run"], tmp_path), Program("order-spare", ["run"], tmp_path)
    supervisor = FakeSupervisor(tmp_path)
    (tmp_path / "supervisord.conf").write_text(render([order, spare]))
    with supervisor.added(spare):
        assert supervisor.reloaded == [render([order]), render([order, spare])]
    assert supervisor.reloaded[2:] == [render([order])]


@pytest.mark.parametrize("faults", [
    {}, {"stopProcess": Faults.NOT_RUNNING}, {"startProcess": Faults.ALREADY_STARTED}], ids=str)
def test_a_process_that_dies_while_it_is_replaced_is_started_all_the_same(
    tmp_path: Path, faults: dict[str, int],
) -> None:
    supervisor = FakeSupervisor(tmp_path, **faults)
    supervisor.replace(ORDER)
    assert supervisor.calls == ["stopProcess", "startProcess"]


def test_any_other_fault_of_supervisord_ends_the_restart(tmp_path: Path) -> None:
    with pytest.raises(xmlrpc.client.Fault, match="startProcess"):
        FakeSupervisor(tmp_path, startProcess=Faults.SPAWN_ERROR).replace(ORDER)
