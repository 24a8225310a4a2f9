"""The mesh that config.yml and the tree describe, and the processes that belong to it."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from operations.mesh import Mesh, find_rooms, module_of
from operations.processes.stop import mesh_processes
from operations.supervision.supervisor import MARK


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for room in ("gateway", "services/film", "services/order"):
        (tmp_path / room).mkdir(parents=True)
        (tmp_path / room / "service.py").touch()
    (tmp_path / "services" / "seating").mkdir()
    return tmp_path


def mesh(tree: Path, **settings: Any) -> Mesh:
    return Mesh({"run_folder": ".run", "WEB_SERVER_ADDRESS": "127.0.0.1:8000", **settings}, tree)


def test_a_room_is_a_folder_with_a_service(tree: Path) -> None:
    assert find_rooms(tree) == ["gateway", "film", "order"]
    assert [module_of(room) for room in ("gateway", "film")] == ["gateway.service", "services.film.service"]


def test_each_room_runs_in_as_many_processes_as_config_yml_says(tree: Path) -> None:
    rooms = mesh(tree, instances={"order": "3", "gateway": 0}).rooms
    assert [(room.name, room.instances) for room in rooms] == [("film", 1), ("order", 3)]
    assert rooms[0].command[-4:] == ["run", "--config", "config.yml", "services.film.service"]


@pytest.mark.parametrize(("address", "url"), [
    ("127.0.0.1:8000", "http://127.0.0.1:8000"), ("0.0.0.0:9000", "http://127.0.0.1:9000"),
    (":9000", "http://127.0.0.1:9000"), ("10.0.0.7:80", "http://10.0.0.7:80"),
])
def test_the_url_of_the_gateway_can_be_reached_from_this_machine(tree: Path, address: str, url: str) -> None:
    assert mesh(tree, WEB_SERVER_ADDRESS=address).url == url


def test_the_run_folder_is_in_the_tree_unless_its_path_is_absolute(tree: Path) -> None:
    assert mesh(tree).run_folder == tree / ".run"
    assert mesh(tree, run_folder="/var/lib/marquee").run_folder == Path("/var/lib/marquee")


def test_a_running_mesh_takes_over_new_numbers_of_instances_and_no_other_setting(tree: Path) -> None:
    running = mesh(tree, instances={"order": 1}).fingerprint
    assert mesh(tree, instances={"order": 3}).fingerprint == running
    assert mesh(tree, instances={"order": 1}, max_workers=7).fingerprint != running


def test_only_processes_that_this_run_folder_started_belong_to_the_mesh(tmp_path: Path) -> None:
    (tmp_path / "mark").write_text("ours")
    with (subprocess.Popen(["sleep", "30"], env={**os.environ, MARK: "ours", "SUPERVISOR_GROUP_NAME": "film"}) as ours,
          subprocess.Popen(["sleep", "30"], env={**os.environ, MARK: "theirs"}) as theirs):
        try:
            assert [(process.pid, name) for process, name in mesh_processes(tmp_path)] == [(ours.pid, "film")]
        finally:
            ours.kill()
            theirs.kill()


def test_a_run_folder_in_which_nothing_was_started_has_no_processes(tmp_path: Path) -> None:
    assert mesh_processes(tmp_path) == []
