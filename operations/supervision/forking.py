"""supervisord's side of the template: it gets a process from there, or learns soon why not.

supervisord has one thread, so no wait here is long. Whatever fails, it starts the process by its command instead.
"""

import ctypes
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from supervisor.options import decode_wait_status

from operations.supervision.programs import PYTHON, split_command
from operations.supervision.template import ASK, FAILED, FORK, LONGEST_MESSAGE, ROOT, STALE, UNSUPPORTED

ANSWER_SECONDS = 0.8
IMPORT_SECONDS = 60.0
PAUSE_SECONDS = 10.0    # from one start of a template to the next, unless the code has changed
PIPE_BYTES = 65_536     # what a pipe takes while nobody reads it
PR_SET_CHILD_SUBREAPER = 36


class Unavailable(Exception):
    """There is nothing to be had from the template now; `str` says why."""


class StillImporting(Unavailable):
    """There will be something soon."""


class Template:
    """The template: started when it is needed first, and again when it has ended or the code has changed."""

    def __init__(self, options: Any) -> None:
        """`options`: those of supervisord, with its log and the children that it waits for."""
        self._options = options
        self._pid = 0
        self._control: socket.socket | None = None
        self._is_ready, self._is_wanted = False, False
        self._late_since: float | None = None    # when it has not answered in time
        self._next_start = float("-inf")

    def prepare(self) -> str:
        """Have it ready soon, with the code as it is now; returns "ready", "importing", or "" when it can't run."""
        try:
            self._ask(ASK)
        except StillImporting:
            return "importing"
        except Unavailable:
            return ""
        return "ready"

    def look_after(self) -> None:
        """Start it if it does not run, and end it if it imports for ever."""
        if not self._is_wanted:
            return
        now = time.monotonic()
        if self._control is None and now >= self._next_start:
            self._launch()
        elif self._control is not None and not self._is_ready and now >= self._next_start + IMPORT_SECONDS:
            self._kill()

    def fork(self, process: Any) -> int | None:
        """The pid of a new child of supervisord for this Subprocess, whose pipes are made; None if there is none."""
        try:
            return self._fork(json.dumps(request_of(process)).encode(), process.pipes)
        except Unavailable as reason:
            self._options.logger.info(f"{process.config.name} starts by its command: the template {reason}")
            return None

    def finish(self, pid: int, status: int) -> None:
        """supervisord has found that it has ended."""
        code, words = decode_wait_status(status)
        if pid == self._pid:    # and not one that was ended here
            self._options.logger.warn(f"the template has ended: {words}")
            self.end()
        if code == UNSUPPORTED:
            self._next_start = float("inf")

    def end(self) -> None:
        """Have it end, if it runs."""
        if self._control is not None:
            self._control.close()
        self._control, self._is_ready, self._late_since, self._pid = None, False, None, 0

    def _fork(self, request: bytes, pipes: dict[str, int]) -> int:
        """Raises Unavailable. The new process waits for the request, so it can't end before its pid is known."""
        if len(request) > PIPE_BYTES:
            raise Unavailable("can't be sent so large an environment")
        reader, writer = os.pipe()
        try:
            stderr = pipes["child_stderr"] or pipes["child_stdout"]
            with adopting():
                pid = int(self._ask(FORK, reader, pipes["child_stdin"], pipes["child_stdout"], stderr))
            os.set_blocking(writer, False)
            with suppress(BrokenPipeError):    # it was killed already, as supervisord will find
                if os.write(writer, request) < len(request):
                    raise BlockingIOError
            return pid
        except (BlockingIOError, ValueError):    # or a template of another version has answered
            raise Unavailable("did not fork") from None
        finally:
            os.close(reader)
            os.close(writer)

    def _ask(self, message: bytes, *descriptors: int) -> bytes:
        """The answer. Raises Unavailable."""
        control = self._ready_control()
        control.settimeout(ANSWER_SECONDS)
        try:
            socket.send_fds(control, [message], descriptors)
            answer = control.recv(LONGEST_MESSAGE)
        except TimeoutError:
            self._late_since = time.monotonic()
            raise Unavailable("is slow") from None
        except OSError as problem:
            self._kill()
            raise Unavailable(f"has gone: {problem}") from None
        if answer == STALE:
            self.end()
            self._launch()
            raise StillImporting("was started before the code has changed, and imports again")
        if answer in (b"", FAILED):
            raise Unavailable("could not fork")
        return answer

    def _ready_control(self) -> socket.socket:
        """The connection to it, on which nothing waits. Raises Unavailable when it does not serve, or not yet."""
        self._is_wanted = True
        self.look_after()
        if self._control is None:
            raise Unavailable("does not run")
        if not self._is_ready:
            self._read_problems(self._control)
        if self._late_since is not None:
            self._read_late(self._control, self._late_since)
        return self._control

    def _read_problems(self, control: socket.socket) -> None:
        """Read its first message, which it sends when it has imported."""
        control.setblocking(False)
        try:
            problems = json.loads(control.recv(LONGEST_MESSAGE))
        except BlockingIOError:
            raise StillImporting("still imports") from None
        except (OSError, ValueError):    # it has ended
            self._kill()
            raise Unavailable("did not start: see supervisord.out") from None
        for each in problems:
            self._options.logger.warn(f"the template: {each}")
        self._is_ready = True

    def _read_late(self, control: socket.socket, since: float) -> None:
        """Read an answer that nobody waits for any more: the process that it tells of has ended, without a request."""
        control.setblocking(False)
        try:
            control.recv(LONGEST_MESSAGE)
        except OSError:
            if time.monotonic() > since + PAUSE_SECONDS:
                self._kill()
            raise Unavailable("is slow") from None
        self._late_since = None

    def _kill(self) -> None:
        if self._pid:    # else it is reaped, and the number may be another's
            os.kill(self._pid, signal.SIGKILL)
        self.end()

    def _launch(self) -> None:
        self._next_start = time.monotonic() + PAUSE_SECONDS
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number = theirs.fileno()
        try:
            child = subprocess.Popen(
                [sys.executable, "-m", "operations.supervision.template", str(number)],
                cwd=ROOT, env={**os.environ, **PYTHON, "SUPERVISOR_GROUP_NAME": "template"},
                stdin=subprocess.DEVNULL, pass_fds=[number], process_group=0,
            )
        except OSError as problem:
            self._options.logger.warn(f"the template can't be started: {problem}")
            ours.close()
            return
        finally:
            theirs.close()
        child.returncode = 0    # supervisord waits for its children itself, and calls `finish`
        self._control, self._pid = ours, child.pid
        self._options.pidhistory[child.pid] = self


@contextmanager
def adopting() -> Iterator[None]:
    """Become the parent of the descendants whose own parents end meanwhile. Raises Unavailable.

    Not for longer, as RabbitMQ leaves many a process to init.
    """
    libc = ctypes.CDLL(None)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1):
        raise Unavailable("forks no children of supervisord on this kernel")
    try:
        yield
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0)


def request_of(process: Any) -> dict[str, Any]:
    """What supervisord's child would run: supervisor.process.Subprocess._spawn_as_child, and `env` at its end."""
    config = process.config
    variables, argv = split_command(shlex.split(config.command))
    url = config.serverurl or config.options.serverurl
    named = {"SUPERVISOR_ENABLED": "1", **({"SUPERVISOR_SERVER_URL": url} if url else {}),
             "SUPERVISOR_PROCESS_NAME": config.name, "SUPERVISOR_GROUP_NAME": process.group.config.name}
    return {"argv": argv, "folder": config.directory,
            "environment": {**os.environ, **named, **(config.environment or {}), **variables}}
