"""Several files are tested at once; a test marked `alone` has the machine to itself, so its crowd meets no other."""

from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_SH, flock
from pathlib import Path


@contextmanager
def machine_lock(folder: Path, alone: bool) -> Iterator[None]:
    """Hold the machine, shared with other tests or `alone`; `folder` is shared by the processes of a run.

    A test that waits to be alone lets no other test begin: it holds the turnstile, through which every test passes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "machine").open("w") as machine:  # closing it gives the lock back
        with (folder / "turnstile").open("w") as turnstile:
            flock(turnstile, LOCK_EX)
            flock(machine, LOCK_EX if alone else LOCK_SH)
        yield
