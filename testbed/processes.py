"""The processes of a mesh: starting, stopping, killing and pausing them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import requests
from kombu import Connection
from nameko.cli.utils.config import load_config
from nameko.rpc import RPC_QUEUE_TEMPLATE

from operations.supervision.supervisor import Supervisor
from testbed.waiting import wait_until

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class MeshProcesses:
    """A mesh in a folder and an environment of its own."""

    folder: Path
    environment: dict[str, str]

    def operate(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`python -m operations <command>`, in the environment of this mesh; fails when it fails, if `check`."""
        done = subprocess.run([sys.executable, "-W", "ignore", "-m", "operations", *command], cwd=ROOT,
                              env=self.environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}\n{done.stderr}"
        return done

    @cached_property
    def settings(self) -> dict[str, Any]:
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            with (ROOT / "config.yml").open() as file:
                return dict(load_config(file))
        finally:
            os.environ.clear()
            os.environ.update(before)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['MARQUEE_PORT']}"

    @cached_property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.folder)

    def pid(self, program: str) -> int:
        return int(next(p["pid"] for p in self.supervisor.processes(program) if p["pid"]))

    def kill(self, program: str, how: signal.Signals = signal.SIGKILL) -> None:
        os.kill(self.pid(program), how)

    def is_ready(self) -> bool:
        """As the gateway says, and each room listens: a room that was killed is missed there some seconds late only."""
        try:
            ready = requests.get(self.url + "/ready", timeout=5)
        except requests.RequestException:
            return False
        return ready.status_code == 200 and self._all_listen(ready.json()["rooms"])

    def _all_listen(self, rooms: Iterable[str]) -> bool:
        connection = Connection(self.settings["AMQP_URI"])
        try:
            with connection, connection.channel() as channel:
                return all(channel.queue_declare(RPC_QUEUE_TEMPLATE.format(room), passive=True).consumer_count
                           for room in rooms)
        except (*connection.connection_errors, *connection.channel_errors):
            return False

    def wait_ready(self) -> None:
        wait_until(self.is_ready, 120, "a ready mesh")

    @contextmanager
    def without(self, *programs: str) -> Iterator[None]:
        """Stop these programs inside the block; afterwards they run and the mesh is ready."""
        self.supervisor.stop(*programs)
        try:
            yield
        finally:
            self.supervisor.start(*programs)
            self.wait_ready()

    @contextmanager
    def paused(self, program: str) -> Iterator[None]:
        pid = self.pid(program)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)
            self.wait_ready()
            wait_until(lambda: "open" not in self.circuits(), 30, "circuits that let calls through")

    def circuits(self) -> set[str]:
        """The states of all circuits between rooms."""
        circuits = requests.get(self.url + "/services", timeout=10).json()["circuits"]
        return {state for states in circuits.values() for state in states.values()}

    def log(self, room: str) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted((self.folder / "log").glob(f"{room}*.log*")))
