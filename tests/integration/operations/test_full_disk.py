"""A disk fills up: supervision goes on, and what the disk has ended is back soon after there is space again."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from operations.supervision.programs import Program
from operations.supervision.supervisor import Supervisor
from testbed.mesh import Mesh, running_mesh, wait_until

TALKS = "while :; do echo a line that is long enough to fill a small disk within a moment or two; sleep 0.02; done"
NEEDS_SPACE = "while head -c 20000 /dev/zero > own; do sleep 0.5; rm own; done"
RECOVERY_SECONDS = 30


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own, which needs the rights to mount one."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a small disk can't be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """Fill the disk of the folder up to `leave` bytes, by one file."""
    with (folder / "filler").open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            while (found := os.statvfs(folder)).f_bavail * found.f_frsize >= leave + size:
                file.write(bytes(size))
    return folder / "filler"


def states(supervisor: Supervisor) -> dict[str, str]:
    return {process["name"]: process["statename"] for process in supervisor.processes()}


def test_supervision_outlives_a_full_disk_and_counts_the_lines_that_it_drops(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=1) as folder:
        (folder / "log").mkdir()
        supervisor = Supervisor(folder)
        supervisor.run_with([Program(name, ["/bin/sh", "-c", script], folder)
                             for name, script in (("talker", TALKS), ("writer", NEEDS_SPACE))])
        try:
            before = supervisor.call("getPID")
            supervisor.start("talker", "writer")
            wait_until(lambda: (folder / "log" / "talker.log").exists(), what="the log")
            filler = fill(folder)
            wait_until(lambda: supervisor.dropped_lines() > 50, what="dropped lines")
            wait_until(lambda: states(supervisor)["writer"] == "BACKOFF", what="the end of what needs space")
            assert states(supervisor)["talker"] in ("STARTING", "RUNNING")
            filler.unlink()
            wait_until(lambda: states(supervisor)["writer"] in ("STARTING", "RUNNING"), RECOVERY_SECONDS, "the writer")
            wait_until(lambda: "log lines were dropped" in (folder / "log" / "talker.log").read_text(), what="the gap")
            assert supervisor.call("getPID") == before
        finally:
            supervisor.call("shutdown")
            wait_until(lambda: not supervisor.is_running(), what="the end of supervisord")


def buy(mesh: Mesh, token: str, screening: str, seat: str) -> Any:
    reply = mesh.post("/order/buy", token, screening_id=screening, seats=[seat])
    return reply.status_code, reply.json()


@pytest.mark.full_size("integration/operations/test_full_disk.py", "unit/foundation/test_storage.py")
def test_a_mesh_on_a_full_disk_refuses_loses_nothing_and_is_back_by_itself(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1500) as folder, running_mesh(folder / "run", MARQUEE_SWEEP_SECONDS=1) as mesh:
        token, screening = mesh.buyer(), mesh.fresh_screening(200)
        seats = list(mesh.seats(screening))
        status, acknowledged = buy(mesh, token, screening, seats[0])
        assert status == 200
        filler = fill(folder, leave=128 * 1024 * 1024)    # less than the reserve, more than RabbitMQ wants
        wait_until(lambda: buy(mesh, token, screening, seats[1])[0] == 503, what="a refusal")
        assert buy(mesh, token, screening, seats[1])[1]["code"] == "storage_full"
        assert mesh.get("/film/get_hall_info", screening_id=screening).status_code == 200
        paid = mesh.post("/order/pay", token, order_id=acknowledged["order_id"], method="sandbox")
        assert (paid.status_code, paid.json()["status"]) == (200, "paid")
        filler.unlink()

        filler = fill(folder)
        before = mesh.supervisor.call("getPID")
        ends = time.monotonic() + 20
        while time.monotonic() < ends:    # nothing that is written meanwhile ends what keeps the rest alive
            assert buy(mesh, token, screening, seats[1])[1]["code"] == "storage_full"
            time.sleep(1)
        assert mesh.supervisor.call("getPID") == before
        filler.unlink()
        wait_until(mesh.is_ready, RECOVERY_SECONDS, "a mesh that is ready again")
        assert set(states(mesh.supervisor).values()) <= {"RUNNING", "STARTING"}
        assert mesh.get("/order/get_info", token, order_id=acknowledged["order_id"]).json()["status"] == "paid"
        assert wait_until(lambda: buy(mesh, token, screening, seats[1])[0] == 200, RECOVERY_SECONDS, "a purchase")
        mesh.check_invariants()
