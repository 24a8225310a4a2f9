"""An operator starts a mesh, stops it, and loses parts of it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from operations.mesh import module_of
from operations.processes.stop import mesh_processes
from testbed.mesh import ROOT, Mesh, private_environment, wait_until
from tests.sizes import Size

at_full_size = pytest.mark.full_size("integration/operations/test_running.py", "unit/operations/test_mesh.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whose path is long and has spaces and an ampersand."""
    return tmp_path_factory.mktemp("running") / "a deep & odd folder" / ("d" * 100)


@pytest.fixture(scope="module")
def fresh(ground: Mesh, folder: Path, size: Size) -> Iterator[Mesh]:
    """A mesh that never ran: with all servers of its own at full size, else with a Redis, and the others beside."""
    shared = {} if size.second_servers else {
        name: ground.environment[name] for name in ("MARQUEE_AMQP_PORT", "MARQUEE_DB_PORT", "MARQUEE_DB_SUFFIX")}
    mesh = Mesh(folder, private_environment(folder, **shared))
    yield mesh
    mesh.operate("stop", check=False)


def pids(mesh: Mesh) -> dict[str, int]:
    return {process["name"]: process["pid"] for process in mesh.supervisor.processes() if process["pid"]}


def test_stopping_a_mesh_that_does_not_run_succeeds(fresh: Mesh) -> None:
    assert "not running" in fresh.operate("stop").stdout


@at_full_size
def test_servers_start_once_are_restarted_and_leave_no_process_behind(fresh: Mesh) -> None:
    with ThreadPoolExecutor() as threads:
        starts = [threads.submit(fresh.operate, "start", "--servers-only") for _ in range(2)]
        assert [start.result().returncode for start in starts] == [0, 0]
    before = pids(fresh)
    assert before.keys() == {"redis", "watchdog", "rabbitmq", "mariadb"}
    fresh.operate("start", "--servers-only")
    assert pids(fresh) == before

    fresh.redis.set("kept", "yes")
    fresh.kill("redis")
    wait_until(lambda: pids(fresh).get("redis", before["redis"]) != before["redis"], 60, "a new Redis")
    fresh.operate("start", "--servers-only")
    assert fresh.redis.get("kept") == "yes"

    os.kill(int((fresh.folder / "supervisord.pid").read_text()), signal.SIGKILL)
    assert mesh_processes(fresh.folder)
    assert "has stopped" in fresh.operate("stop").stdout
    assert not mesh_processes(fresh.folder)


@at_full_size
def test_run_shows_one_log_and_ctrl_c_stops_everything(fresh: Mesh, tmp_path: Path) -> None:
    output, sent = tmp_path / "output", list[str]()

    def one_is_in_the_log_of_both_rooms() -> bool:
        answer = requests.get(f"{fresh.url}/film/get_info_list?title={time.monotonic_ns()}", timeout=30)
        sent.append(answer.headers["X-Request-ID"])
        return any(output.read_text().count(request_id) >= 2 for request_id in sent)

    with output.open("w") as file, subprocess.Popen([sys.executable, "-m", "operations", "run"], cwd=ROOT, stdout=file,
                                                    stderr=file, env=fresh.environment) as run:
        wait_until(lambda: "demo sales" in output.read_text() or run.poll() is not None, 300, "the end of the start")
        assert "demo sales" in output.read_text()
        wait_until(one_is_in_the_log_of_both_rooms, 30, "a request in the log of both rooms")
        assert fresh.operate("run", check=False).returncode == 1
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 0
    assert "Marquee is ready after" in output.read_text()
    assert fresh.url in output.read_text()
    assert not mesh_processes(fresh.folder)


@at_full_size
def test_a_production_mesh_does_not_start_with_test_money(fresh: Mesh) -> None:
    passwords = dict.fromkeys(("MARQUEE_AMQP_PASSWORD", "MARQUEE_REDIS_PASSWORD", "MARQUEE_DB_PASSWORD"), "chosen")
    production = Mesh(fresh.folder, {**fresh.environment, **passwords, "MARQUEE_ENVIRONMENT": "production",
                                     "MARQUEE_PUBLIC_URL": "https://cinema.example"})
    done = production.operate("start", check=False)
    assert done.returncode == 1
    assert "MARQUEE_PAYMENT_PROVIDER" in done.stderr
    assert done.stderr.count("\n") == 1
    nameko = str(Path(sys.executable).with_name("nameko"))
    run = [sys.executable, "-W", "ignore", nameko, "run", "--config", "config.yml"]
    rooms = [subprocess.Popen([*run, module_of(room)], cwd=ROOT, env=production.environment, stderr=subprocess.PIPE,
                              text=True) for room in ("gateway", "notification")]
    for room in rooms:
        _, errors = room.communicate(timeout=60)
        assert room.returncode != 0
        assert "MARQUEE_PAYMENT_PROVIDER" in errors


@pytest.mark.parametrize(("variable", "words"), [
    pytest.param("MARQUEE_PORT", "is taken by another program", marks=at_full_size),
    pytest.param("MARQUEE_METRICS_PORT", "is taken by another program", marks=at_full_size),
    ("MARQUEE_REDIS_PORT", "Something other than Redis listens at"),
])
def test_a_port_taken_by_another_program_is_reported_in_one_sentence(fresh: Mesh, variable: str, words: str) -> None:
    with socket.create_server(("127.0.0.1", int(fresh.environment[variable]))):
        done = fresh.operate("start", check=False)
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not mesh_processes(fresh.folder)
