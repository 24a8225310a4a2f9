"""supervisord and its watchdog are killed, one of them or both, and each command works in every state that leaves."""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from operations.processes.stop import mesh_processes
from testbed.mesh import Mesh, wait_until
from testbed.ports import private_environment

at_full_size = pytest.mark.full_size("integration/operations/test_supervision.py")


@pytest.fixture(scope="module")
def small(ground: Mesh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh with a Redis of its own, on servers that others use, too, so that it starts within a second."""
    shared = {name: ground.environment[name] for name in ("MARQUEE_AMQP_PORT", "MARQUEE_DB_PORT", "MARQUEE_DB_SUFFIX")}
    folder = tmp_path_factory.mktemp("small")
    small = Mesh(folder, private_environment(folder, **shared))
    yield small
    small.operate("stop", check=False)
    assert not mesh_processes(folder)


@pytest.fixture(autouse=True)
def started(small: Mesh) -> None:
    small.operate("start", "--servers-only")


def supervisord(mesh: Mesh) -> int:
    return int(mesh.supervisor.call("getPID"))


def kill_both(mesh: Mesh) -> int:
    """Kill supervisord and the watchdog, which must not notice; returns the pid of the Redis that goes on."""
    redis = mesh.pid("redis")
    os.kill(mesh.pid("watchdog"), signal.SIGSTOP)
    watchdog = mesh.pid("watchdog")
    os.kill(supervisord(mesh), signal.SIGKILL)
    os.kill(watchdog, signal.SIGKILL)
    wait_until(lambda: not mesh.supervisor.is_running(), what="the end of supervisord")
    return redis


def servers_of(mesh: Mesh) -> set[str]:
    return {process["name"] for process in mesh.supervisor.processes() if process["pid"]}


def status(mesh: Mesh) -> dict[str, Any]:
    """What `operations status --json` prints; its exit code says whether the mesh runs."""
    done = mesh.operate("status", "--json", check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode == 0) == found["running"]
    return found


@at_full_size
def test_the_status_is_json_while_the_mesh_runs_is_orphaned_and_does_not_run(small: Mesh) -> None:
    found = status(small)
    assert {each["name"]: each["pid"] for each in found["processes"] if each["since"]} == {
        name: small.pid(name) for name in ("redis", "watchdog")}
    assert {each["state"] for each in found["processes"] if not each["since"]} == {"STOPPED"}
    assert (found["url"], found["ready"]) == (small.url, None), "no gateway runs here"

    redis = kill_both(small)
    orphaned = status(small)
    assert [(each["name"], each["state"], each["pid"]) for each in orphaned["processes"]] == [
        ("redis", "ORPHANED", redis)]

    small.operate("stop")
    assert status(small)["processes"] == []


def test_a_killed_supervisord_is_started_again_with_what_it_had_running(small: Mesh) -> None:
    before, redis = supervisord(small), small.pid("redis")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: small.supervisor.is_running() and servers_of(small) == {"redis", "watchdog"}, 30,
               "the programs that ran before")
    assert supervisord(small) != before
    assert small.pid("redis") != redis
    wait_until(lambda: sorted(name for _, name in mesh_processes(small.folder)) == ["redis", "supervisord", "watchdog"],
               what="the end of the former watchdog")

    watchdog = small.pid("watchdog")
    small.kill("watchdog")
    wait_until(lambda: servers_of(small) == {"redis", "watchdog"} and small.pid("watchdog") != watchdog, 30,
               "another watchdog")


@at_full_size
def test_commands_work_when_supervisord_and_the_watchdog_were_killed(small: Mesh) -> None:
    redis = kill_both(small)
    status = small.operate("status", check=False)
    assert status.returncode == 1
    assert f"redis        ORPHANED  pid {redis}" in status.stdout
    assert "./start.sh" in status.stderr
    small.operate("start", "--servers-only")
    assert servers_of(small) == {"redis", "watchdog"}
    assert small.pid("redis") != redis
    kill_both(small)
    assert "has stopped" in small.operate("stop").stdout
    assert not mesh_processes(small.folder)
    assert "not running" in small.operate("stop").stdout
