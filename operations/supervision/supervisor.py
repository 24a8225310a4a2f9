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
from supervisor.xmlrpc import Faults, SupervisorTransport

from operations.operator_error import OperatorError
from operations.supervision.programs import Program, render, render_program, without

# In the environment of supervisord and all its descendants: ./stop.sh recognizes the processes of a mesh by it.
MARK = "MARQUEE_MESH"
START_SECONDS = 10


class Supervisor:
    """The supervisord of a run folder, whether it runs or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def call(self, method: str, *arguments: Any) -> Any:
        with connect(self.folder) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def is_running(self) -> bool:
        try:
            return bool(self.call("getState")["statename"] == "RUNNING")
        except (OSError, xmlrpc.client.Error):
            return False

    def run_with(self, programs: list[Program]) -> None:
        """Start supervisord with these programs; one that runs already takes over the changes."""
        (self.folder / "supervisord.conf").write_text(render(programs))
        if self.is_running():
            self.reload()
        else:
            self.launch()

    def launch(self) -> None:
        """Start supervisord in a session of its own, out of reach of a terminal's Ctrl-C."""
        (self.folder / "mark").write_text(mark := secrets.token_hex(16))
        executable = str(Path(sys.executable).with_name("supervisord"))
        with (self.folder / "log" / "supervisord.out").open("w") as output:
            daemon = subprocess.Popen(
                [executable, "-c", "supervisord.conf"], cwd=self.folder, env={**os.environ, MARK: mark},
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
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
        (self.folder / "supervisord.conf").write_text(configuration)
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


@contextmanager
def tolerated(code: int) -> Iterator[None]:
    """Go on when supervisord answers the call inside with this fault."""
    try:
        yield
    except xmlrpc.client.Fault as fault:
        if fault.faultCode != code:
            raise


@contextmanager
def connect(folder: Path) -> Iterator[xmlrpc.client.ServerProxy]:
    """Connect to the socket in the folder, through a descriptor: the path may be too long for a socket."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    transport = SupervisorTransport(serverurl=f"unix:///proc/self/fd/{descriptor}/supervisor.sock")
    try:
        yield xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
    finally:
        transport.close()
        os.close(descriptor)

