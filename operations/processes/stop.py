"""Taking the mesh down, so that no process of it is left behind."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import click

from operations.mesh import Mesh
from operations.supervision.supervisor import MARK, Supervisor

GRACE_SECONDS = 15
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop(mesh: Mesh) -> None:
    """Stop all that was started from this run folder; fine when nothing runs."""
    if not mesh.run_folder.exists():
        click.echo("Marquee is not running.")
        return
    with mesh.lock():
        click.echo("Marquee has stopped." if bring_down(mesh) else "Marquee is not running.")


def bring_down(mesh: Mesh) -> bool:
    """Stop the gateway, then the rooms, then the servers, then whatever is left; say whether anything ran."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # an impatient second Ctrl-C must not leave half of it behind
    supervisor = Supervisor(mesh.run_folder)
    if running := supervisor.is_running():
        programs = supervisor.programs()
        servers = programs & {server.name for server in mesh.servers}
        supervisor.stop(*programs & {"gateway"})
        supervisor.stop(*programs - servers - {"gateway"})
        supervisor.stop(*servers)
        supervisor.call("shutdown")
    return sweep(mesh) or running


def sweep(mesh: Mesh) -> bool:
    """End what a supervisor left, one that was killed for instance; say whether there was anything."""
    found = descendants(mesh.run_folder)
    servers = {server.name for server in mesh.servers}
    end(mesh, set(found.values()) - servers)  # first, while they can still reach what they need to finish
    end(mesh, servers)
    return bool(found)


def end(mesh: Mesh, programs: set[str]) -> None:
    """End what is left of these programs, at first politely."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids(mesh, programs):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + GRACE_SECONDS
        while pids(mesh, programs) and time.monotonic() < deadline:
            time.sleep(0.05)


def pids(mesh: Mesh, programs: set[str]) -> list[int]:
    return [pid for pid, program in descendants(mesh.run_folder).items() if program in programs]


def descendants(run_folder: Path) -> dict[int, str]:
    """The processes that this run folder's supervisord began with, itself included, and each one's program."""
    try:
        mark = (run_folder / "mark").read_text()
    except FileNotFoundError:
        return {}
    environments = {int(entry.name): environment(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    return {pid: found.get("SUPERVISOR_GROUP_NAME", "supervisord")
            for pid, found in environments.items() if found.get(MARK) == mark}


def environment(process: Path) -> dict[str, str]:
    """What a process was started with; nothing when it is gone or not ours to look into."""
    try:
        variables = (process / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return {}
    return dict(variable.split("=", 1) for variable in variables if "=" in variable)
