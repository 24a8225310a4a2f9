"""Rooms as processes of their own, to be stopped, killed and paused."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from testbed.mesh import ROOT, wait_until
from tests.drivers.forks import Fork

NAMEKO = str(Path(sys.executable).with_name("nameko"))


@dataclass
class Process:
    """`nameko run` of one of foundation's rooms for tests, such as echo_room, or of any module by its whole name."""

    options: list[str]
    module: str
    environment: dict[str, str]
    log: Path
    forks: bool = True   # whether it begins with Marquee's foundation imported
    popen: "subprocess.Popen[bytes] | Fork" = field(init=False)

    def start(self) -> "Process":
        arguments = ["run", *self.options,
                     self.module if "." in self.module else f"tests.integration.foundation.{self.module}"]
        if self.forks:
            self.popen = Fork(arguments, self.environment, self.log)
            return self
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen([sys.executable, "-W", "ignore", NAMEKO, *arguments], cwd=ROOT,
                                          env=self.environment, stdout=log, stderr=log)
        return self

    @property
    def is_alive(self) -> bool:
        return self.popen.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def pause(self) -> None:
        """Pause the process (SIGSTOP); messages for it wait in its sockets."""
        self.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.signal(signal.SIGCONT)

    def exit_code(self, seconds: float = 20) -> int:
        """Wait until the process has ended."""
        wait_until(lambda: not self.is_alive, seconds, f"the end of {self.module}")
        return self.popen.wait()

    def stop(self) -> None:
        """Ask the process to stop, and wait until it has."""
        self.signal(signal.SIGTERM)
        self.exit_code()

    def kill(self) -> None:
        """End the process, also when it is paused."""
        self.signal(signal.SIGKILL)
        self.popen.wait()


@contextmanager
def kept_running(*processes: Process) -> Iterator[Callable[[], None]]:
    """Start the processes, and each again when it dies, as the supervisor does; what is yielded stops them all."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(0.05):
            for process in processes:
                if not process.is_alive:
                    process.start()

    def stop() -> None:
        over.set()
        keeper.join()
        for process in processes:
            process.stop()

    for process in processes:
        process.start()
    keeper = threading.Thread(target=keep)
    keeper.start()
    try:
        yield stop
    finally:
        over.set()
        keeper.join()
        for process in processes:
            process.kill()
