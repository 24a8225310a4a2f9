"""How supervisord gets processes from the template. Whatever fails, it starts them by their commands instead."""

import ctypes
import json
import os
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from supervisor.options import decode_wait_status

from operations.supervision.programs import split_command
from operations.supervision.running_template import (
    RunningTemplate,
    TemplateEnded,
    TemplateImporting,
    TemplateUnavailable,
)
from operations.supervision.template import ASK, FORK, STALE, UNSUPPORTED

PAUSE_SECONDS = 10.0    # from one start of the template to the next, unless the code has changed
PIPE_BYTES = 65_536     # what a pipe takes while nobody reads it
PR_SET_CHILD_SUBREAPER = 36


class Template:
    """The template: started when it is needed first, and again when it has ended or the code has changed."""

    def __init__(self, options: Any) -> None:
        """`options`: those of supervisord, with its log and the children that it waits for."""
        self._options = options
        self._running: RunningTemplate | None = None
        self._is_wanted = False
        self._next_start = float("-inf")

    def prepare(self) -> str:
        """Have it ready soon, with the code as it is now; returns "ready", "importing", or "" when it can't run."""
        try:
            self._ask(ASK)
        except TemplateImporting:
            return "importing"
        except TemplateUnavailable:
            return ""
        return "ready"

    def look_after(self) -> None:
        """Start it if it does not run, and end it if it imports for ever."""
        if self._running is not None and self._running.is_overdue():
            self._running.kill()
            self._running = None
        if self._running is None and self._is_wanted and time.monotonic() >= self._next_start:
            self._launch()

    def fork(self, process: Any) -> int | None:
        """The pid of a new child of supervisord for this Subprocess, whose pipes are made; None if there is none."""
        try:
            return self._fork(json.dumps(request_of(process)).encode(), process.pipes)
        except TemplateUnavailable as reason:
            self._options.logger.info(f"{process.config.name} starts by its command: the template {reason}")
            return None

    def finish(self, pid: int, status: int) -> None:
        """supervisord has found that it, or the one before, has ended."""
        code, words = decode_wait_status(status)
        if self._running is not None and self._running.pid == pid:
            self._options.logger.warn(f"the template has ended: {words}")
            self._running.pid = 0
            self.end()
        if code == UNSUPPORTED:
            self._next_start = float("inf")

    def end(self) -> None:
        """Have it end, if it runs."""
        if self._running is not None:
            self._running.end()
        self._running = None

    def _fork(self, request: bytes, pipes: dict[str, int]) -> int:
        """Raises TemplateUnavailable. The new process waits for the request, so its pid is known before it can end."""
        if len(request) > PIPE_BYTES:
            raise TemplateUnavailable("can't be sent so large an environment")
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
            raise TemplateUnavailable("did not fork") from None
        finally:
            os.close(reader)
            os.close(writer)

    def _ask(self, message: bytes, *descriptors: int) -> bytes:
        """Its answer. Raises TemplateUnavailable."""
        self._is_wanted = True
        self.look_after()
        if self._running is None:
            raise TemplateUnavailable("does not run")
        try:
            answer = self._running.ask(message, *descriptors)
        except TemplateEnded:
            self._running = None
            raise
        if answer == STALE:
            self.end()
            self._launch()
            raise TemplateImporting("was started before the code has changed, and imports again")
        return answer

    def _launch(self) -> None:
        self._next_start = time.monotonic() + PAUSE_SECONDS
        try:
            self._running = RunningTemplate.launch(self._options.logger)
        except OSError as problem:
            self._options.logger.warn(f"the template can't be started: {problem}")
        else:
            self._options.pidhistory[self._running.pid] = self    # which has `finish` called


@contextmanager
def adopting() -> Iterator[None]:
    """Become the parent of the descendants whose own parents end meanwhile. Raises TemplateUnavailable.

    Not for longer, as RabbitMQ leaves many a process to init.
    """
    libc = ctypes.CDLL(None)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1):
        raise TemplateUnavailable("forks no children of supervisord on this kernel")
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
