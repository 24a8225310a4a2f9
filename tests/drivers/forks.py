"""`nameko run` in a process forked from one that has imported what every room needs: it starts in a moment.

The import takes two seconds of a processor, and tests start rooms by the hundred, since each that is killed is started
again. A fork is a process like any other: its environment, settings, room and connections are its own.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

from testbed.mesh import ROOT, wait_until


class ForkServer:
    """The process that forks, tests/drivers/fork_server.py; it ends with the one that started it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._popen = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "tests.drivers.fork_server"], cwd=ROOT,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **request: Any) -> Any:
        """Its answer."""
        with self._lock:
            assert self._popen.stdin is not None
            assert self._popen.stdout is not None
            self._popen.stdin.write(json.dumps(request).encode() + b"\n")
            self._popen.stdin.flush()
            return json.loads(self._popen.stdout.readline())


server = cache(ForkServer)


class Fork:
    """A process that runs `nameko` with these arguments; to be asked as subprocess.Popen is."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self.pid: int = server().ask(arguments=arguments, environment=environment, log=str(log))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal, or None while the process runs."""
        if self.returncode is None:
            self.returncode = server().ask(pid=self.pid)
        return self.returncode

    def wait(self, timeout: float = 60) -> int:
        """The exit code once the process has ended. Raises AssertionError after `timeout` seconds."""
        wait_until(lambda: self.poll() is not None, timeout, f"the end of process {self.pid}")
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:   # until `poll` has seen it end, no other process has its number
            os.kill(self.pid, number)
