"""supervisord, our process manager: starting it, and controlling the one that runs."""

import os
import secrets
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from supervisor.states import RUNNING_STATES
from supervisor.xmlrpc import Faults

from operations.atomic_files import write_private
from operations.operator_error import OperatorError
from operations.supervision.connection import ANSWER_SECONDS, AWAY, connect, tolerated
from operations.supervision.programs import Program, render, render_program, without
from services.foundation.settings import ROOT

# In the environment of supervisord and all its descendants: ./stop.sh recognizes the processes of a mesh by it.
MARK = "MARQUEE_MESH"
START_SECONDS = 10
STATE_SECONDS = 10


class Supervisor:
    """The supervisord of a run folder, whether it runs or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def call(self, method: str, *arguments: Any) -> Any:
        """Raises one of AWAY, or xmlrpc.client.Fault."""
        with connect(self.folder, STATE_SECONDS if method == "getState" else ANSWER_SECONDS) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def is_running(self) -> bool:
        """Whether it runs and answers."""
        try:
            return bool(self.call("getState")["statename"] == "RUNNING")
        except (*AWAY, xmlrpc.client.Fault):
            return False

    def dropped_lines(self) -> int:
        """How many lines of all logs could not be written since it began. Raises one of AWAY."""
        with connect(self.folder, STATE_SECONDS) as proxy:
            return int(proxy.logs.countDropped())  # type: ignore[arg-type]

    def prepare_template(self) -> str:
        """Have what rooms are forked from ready soon; "ready", "importing", or "" without it. Raises one of AWAY."""
        with tolerated(Faults.UNKNOWN_METHOD), connect(self.folder, STATE_SECONDS) as proxy:
            return str(proxy.template.prepare())
        return ""    # a supervisord of an older version

    def wanted(self) -> set[str]:
        """The programs that run, or have to be started again after supervisord has died; none after a stop."""
        try:
            return set((self.folder / "wanted").read_text().split())
        except FileNotFoundError:
            return set()

    def want(self, *programs: str) -> None:
        """Have the watchdog start these programs, too, after supervisord has died."""
        write_private(self.folder / "wanted", "\n".join(sorted(self.wanted().union(programs))) + "\n")

    def want_none(self) -> None:
        """Nothing is to be started again: the mesh is stopped."""
        (self.folder / "wanted").unlink(missing_ok=True)

    def run_with(self, programs: list[Program]) -> None:
        """Start supervisord with these programs; one that runs already takes over the changes."""
        write_private(self.folder / "supervisord.conf", render(programs))
        if self.is_running():
            self.reload()
        else:
            self.launch()

    def launch(self) -> None:
        """Start supervisord in a session of its own, out of reach of a terminal's Ctrl-C.

        Raises OperatorError, or OSError when the disk is full.
        """
        write_private(self.folder / "mark", mark := secrets.token_hex(16))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SUPERVISOR_")}
        with (self.folder / "log" / "supervisord.out").open("w") as output:
            daemon = subprocess.Popen(
                [sys.executable, "-m", "operations.supervision.daemon", str(self.folder / "supervisord.conf")],
                cwd=ROOT, env={**inherited, MARK: mark}, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.is_running():
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise OperatorError(f"supervisord did not start: see {output.name}.")
            time.sleep(0.05)

    def reload(self) -> None:
        [[added, changed, removed]] = self.call("reloadConfig")
        for name in (*changed, *removed):
            self.call("stopProcessGroup", name)
            self.call("removeProcessGroup", name)
        for name in (*added, *changed):
            self.call("addProcessGroup", name)

    @contextmanager
    def added(self, program: Program) -> Iterator[None]:
        """Run one program more during the block; the others stay as they are.

        One of this name that a command which was killed has left behind ends first: it may be of an older version.
        """
        before = without((self.folder / "supervisord.conf").read_text(), program.name)
        self.become(before)
        try:
            self.become(before + render_program(program))
            self.start(program.name)
            yield
        finally:
            self.become(before)

    def become(self, configuration: str) -> None:
        """Have supervisord keep the programs of this settings file alive, and no others."""
        write_private(self.folder / "supervisord.conf", configuration)
        self.reload()

    def replace(self, process: dict[str, Any]) -> None:
        """Stop a process, which finishes its work, and start it, without waiting until it is up.

        One that has just died, or that supervisord has just started again, needs no more than the other half.
        """
        name = f"{process['group']}:{process['name']}"
        with tolerated(Faults.NOT_RUNNING):
            self.call("stopProcess", name)
        with tolerated(Faults.ALREADY_STARTED):
            self.call("startProcess", name, False)

    def processes(self, *programs: str) -> list[dict[str, Any]]:
        """What supervisord knows of each process (group, name, state, pid, ...) of these programs, or of all."""
        return [process for process in self.call("getAllProcessInfo") if not programs or process["group"] in programs]

    def programs(self) -> set[str]:
        """The programs of a running supervisord; none when it does not run."""
        return {str(process["group"]) for process in self.processes()} if self.is_running() else set()

    def start(self, *programs: str) -> None:
        """Start those of these programs that do not run, without waiting until they are up."""
        for process in self.processes():
            if process["group"] in programs and process["state"] not in RUNNING_STATES:
                with tolerated(Faults.ALREADY_STARTED):
                    self.call("startProcess", f"{process['group']}:{process['name']}", False)

    def signal(self, number: signal.Signals, *programs: str) -> None:
        """Send a signal to the processes of those of these programs that supervisord has."""
        for name in self.programs().intersection(programs):
            self.call("signalProcessGroup", name, number.name.removeprefix("SIG"))

    def restart(self, *programs: str) -> None:
        """Stop those of these programs that run, and start them, without waiting until they are up."""
        running = {each["group"] for each in self.processes(*programs) if each["state"] in RUNNING_STATES}
        self.stop(*running)
        self.start(*running)

    def stop(self, *programs: str) -> None:
        """Stop these programs, all at the same time, and wait until their processes have ended."""
        for name in programs:
            self.call("stopProcessGroup", name, False)
        while any(process["pid"] for process in self.processes() if process["group"] in programs):
            time.sleep(0.05)
