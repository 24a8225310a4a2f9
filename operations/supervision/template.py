"""The template: a process that has imported what rooms need, and becomes one of them by fork, again and again.

supervisord starts it: `python -m operations.supervision.template DESCRIPTOR`. It asks through a socket, one
message at a time, and sends descriptors along with FORK: of a pipe, and what becomes stdin, stdout and stderr. The pipe
brings the command and the environment to the new process alone, and only when its pid is known: what is secret to it
is in no process that others are forked from. A supervisord of an older version may ask: what it sends stays understood.
"""

import gc
import json
import os
import socket
import sys
from contextlib import suppress
from os import read  # here, before eventlet replaces it by one that makes a hub
from pathlib import Path

from operations.supervision import preloading, process_view
from operations.supervision.forked_process import become

ROOT = Path(__file__).resolve().parents[2]
FORK, ASK, STALE, FAILED = b"fork", b"ask", b"stale", b"failed"
LONGEST_MESSAGE = 32_000    # bytes
UNSUPPORTED = 69            # the exit code on a kernel that can't show another command line


def main(descriptor: int) -> None:
    """Import, say so, and serve until supervisord ends; a process that was forked runs its command instead."""
    control = socket.socket(fileno=descriptor)    # before eventlet replaces the class
    show_itself()
    fresh = preloading.Freshness(ROOT)
    problems = prepare()
    fresh.settle()
    gc.collect()
    gc.freeze()    # so that no collection writes into the pages that all share
    with suppress(OSError):
        control.send(json.dumps(problems).encode()[:LONGEST_MESSAGE])
    if descriptors := serve(control, fresh):
        become(*descriptors)


def show_itself() -> None:
    """Have `ps` show what this is, and find out whether that is possible."""
    try:
        process_view.show([sys.executable, "-m", "operations.supervision.template"], dict(os.environ))
    except OSError as problem:
        print(f"Rooms can't be forked from a template here: {problem}.", file=sys.stderr)
        sys.exit(UNSUPPORTED)


def prepare() -> list[str]:
    """Import, as `nameko run` does, and leave nothing open. Returns a sentence for each module that fails."""
    import eventlet  # noqa: PLC0415 before all that it patches, and after what reads the command line, as there
    eventlet.monkey_patch()
    problems = preloading.import_all(preloading.modules_of_rooms(ROOT))
    eventlet.hubs.use_hub()    # without the hub that patching has made: each process makes its own
    return problems


def serve(control: socket.socket, fresh: preloading.Freshness) -> list[int] | None:
    """Answer until supervisord ends, and return None; in each new process, return the descriptors sent for it."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, len(FORK), 4)
        if not message:
            return None
        answer = message if fresh else STALE
        if answer == FORK and not (answer := fork()):
            control.close()
            return descriptors
        for descriptor in descriptors:
            os.close(descriptor)
        with suppress(OSError):
            control.send(answer)


def fork() -> bytes:
    """The pid of a new process, or FAILED; nothing in the new process.

    It is a grandchild, whose parent ends at once, so that supervisord becomes its parent.
    """
    reader, writer = os.pipe()
    try:
        parent = os.fork()
    except OSError:
        parent = -1
    if parent == 0:
        return fork_and_end(writer)
    os.close(writer)
    pid = read(reader, 32)
    os.close(reader)
    if parent > 0:
        os.waitid(os.P_PID, parent, os.WEXITED)    # eventlet has no version of this one
    return pid or FAILED


def fork_and_end(writer: int) -> bytes:
    """Fork, write the pid and end; nothing in the new process."""
    with suppress(OSError):
        pid = os.fork()
        if pid == 0:
            return b""
        with suppress(OSError):
            os.setpgid(pid, pid)    # it does the same: supervisord may signal its group as soon as it knows the pid
        os.write(writer, str(pid).encode())
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
