"""The lock by which a test has the machine to itself."""

import threading
import time
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from tests.exclusive_lock import machine_lock


def a_test_waits_to_be_alone(folder: Path) -> bool:
    with (folder / "turnstile").open("w") as turnstile:
        try:
            flock(turnstile, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_a_test_that_is_alone_runs_when_no_other_does(tmp_path: Path) -> None:
    events: list[str] = []

    def begin(name: str, alone: bool) -> threading.Thread:
        def run() -> None:
            with machine_lock(tmp_path, alone):
                events.append(name)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    with machine_lock(tmp_path, alone=False):
        begin("together", alone=False).join(30)
        assert events == ["together"]
        waiting = [begin("alone", alone=True)]
        while not a_test_waits_to_be_alone(tmp_path):
            time.sleep(0.01)
        waiting.append(begin("afterwards", alone=False))
        waiting[1].join(0.2)
        assert events == ["together"]
    for thread in waiting:
        thread.join(30)
    assert events == ["together", "alone", "afterwards"]

    with machine_lock(tmp_path, alone=True):
        other = begin("after all", alone=False)
        other.join(0.2)
        assert other.is_alive()
    other.join(30)
    assert not other.is_alive()
