"""Stopping the mesh, so that no process of it is left behind."""

import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from xmlrpc.client import Fault

import click
import psutil

from operations.mesh import Mesh
from operations.operator_error import OperatorError
from operations.supervision.connection import AWAY
from operations.supervision.supervisor import MARK, Supervisor

GRACE_SECONDS = 15
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop(mesh: Mesh) -> None:
    """Stop everything that was started from this run folder; does nothing when nothing runs."""
    if not mesh.run_folder.exists():
        click.echo("Marquee is not running.")
        return
    with mesh.lock():
        click.echo("Marquee has stopped." if shut_down(mesh) else "Marquee is not running.")


def shut_down(mesh: Mesh) -> bool:
    """Stop the mesh in order, and then what is left, also of a supervisord that is dead, hangs, or dies meanwhile.

    Returns whether anything ran.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # an impatient second Ctrl-C must not leave half of it behind
    supervisor = Supervisor(mesh.run_folder)
    supervisor.want_none()
    if running := supervisor.is_running():
        with suppress(*AWAY, Fault):
            stop_in_order(mesh, supervisor)
    return end_leftovers(mesh) or running


def stop_in_order(mesh: Mesh, supervisor: Supervisor) -> None:
    """Stop the watchdog, which would start supervisord again, the gateway, the rooms, the servers, and supervisord."""
    programs = supervisor.programs()
    servers = programs & {server.name for server in mesh.servers}
    for name in (mesh.watchdog.name, "gateway"):
        supervisor.stop(*programs & {name})
    supervisor.stop(*programs - servers)
    supervisor.stop(*servers)
    supervisor.call("shutdown")


def end_leftovers(mesh: Mesh) -> bool:
    """End what a killed supervisor left behind; returns whether there was anything.

    The servers end last, so that the rooms can reach them while they finish.
    """
    servers = {server.name for server in mesh.servers}
    found = bool(mesh_processes(mesh.run_folder))
    end(mesh, lambda program: program not in servers)
    end(mesh, lambda program: program in servers)
    shutil.rmtree(mesh.metrics_folder, ignore_errors=True)   # the sockets of what was killed, which would be missed
    return found


def end(mesh: Mesh, wanted: Callable[[str], bool]) -> None:
    """Ask the processes of the wanted programs to end, and kill those that still run after GRACE_SECONDS."""

    def running() -> list[psutil.Process]:
        return [process for process, program in mesh_processes(mesh.run_folder) if wanted(program)]

    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in running():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        # psutil.wait_procs would wait for a process that has ended and that nobody reaps.
        deadline = time.monotonic() + GRACE_SECONDS
        while running() and time.monotonic() < deadline:
            time.sleep(0.1)


def mesh_processes(run_folder: Path) -> list[tuple[psutil.Process, str]]:
    """All processes that this run folder's supervisord started, itself included, each with the name of its program.

    The caller is none of them, though it may be the watchdog.
    """
    try:
        mark = (run_folder / "mark").read_text()
    except FileNotFoundError:
        return []
    # `environ` is None for a process that has ended or belongs to somebody else.
    environments = [(process, process.info["environ"] or {}) for process in psutil.process_iter(["environ"])]
    return [(process, environment.get("SUPERVISOR_GROUP_NAME", "supervisord"))
            for process, environment in environments
            if environment.get(MARK) == mark and process.pid != os.getpid()]


def running_supervisor(mesh: Mesh) -> Supervisor:
    """The supervisor of a running mesh. Raises OperatorError when the mesh is not running."""
    supervisor = Supervisor(mesh.run_folder)
    if supervisor.is_running():
        return supervisor
    if mesh_processes(mesh.run_folder):
        raise OperatorError("supervisord does not answer, though processes of Marquee run. Its watchdog starts it "
                            "again within half a minute, and ./start.sh does so at once.")
    raise OperatorError("Marquee is not running.")
