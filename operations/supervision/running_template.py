"""A template that runs, as supervisord talks with it.

supervisord has one thread, so no wait here is long.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any

from operations.supervision.programs import PYTHON
from operations.supervision.template import FAILED, LONGEST_MESSAGE, ROOT

ANSWER_SECONDS = 0.8
HANGING_SECONDS = 10.0    # without an answer that was late already
IMPORT_SECONDS = 60.0


class TemplateUnavailable(Exception):
    """There is nothing to be had from the template now; `str` says why."""


class TemplateImporting(TemplateUnavailable):
    """There will be something soon."""


class TemplateEnded(TemplateUnavailable):
    """It has ended, or was killed: it hangs."""


class RunningTemplate:
    """A child of supervisord; `pid` is 0 when it is none any more."""

    def __init__(self, pid: int, control: socket.socket, logger: Any) -> None:
        self.pid = pid
        self._control, self._logger = control, logger
        self._started = time.monotonic()
        self._is_ready = False
        self._late_since: float | None = None    # when it has not answered in time

    @classmethod
    def launch(cls, logger: Any) -> "RunningTemplate":
        """Start one. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = theirs.fileno()
            try:
                child = subprocess.Popen(
                    [sys.executable, "-m", "operations.supervision.template", str(number)],
                    cwd=ROOT, env={**os.environ, **PYTHON, "SUPERVISOR_GROUP_NAME": "template"},
                    stdin=subprocess.DEVNULL, pass_fds=[number], process_group=0,
                )
            except OSError:
                ours.close()
                raise
        child.returncode = 0    # supervisord waits for all its children: Popen must not
        return cls(child.pid, ours, logger)

    def ask(self, message: bytes, *descriptors: int) -> bytes:
        """Its answer. Raises TemplateUnavailable, and TemplateEnded when this object is of no more use."""
        self._be_ready()
        self._drop_late_answer()
        self._control.settimeout(ANSWER_SECONDS)
        try:
            socket.send_fds(self._control, [message], descriptors)
            answer = self._control.recv(LONGEST_MESSAGE)
        except TimeoutError:
            self._late_since = time.monotonic()
            raise TemplateUnavailable("is slow") from None
        except OSError as problem:
            self.kill()
            raise TemplateEnded(f"has gone: {problem}") from None
        if not answer:
            self.kill()
            raise TemplateEnded("has gone")
        if answer == FAILED:
            raise TemplateUnavailable("could not fork")
        return answer

    def is_overdue(self) -> bool:
        """Whether it should have imported long ago."""
        return not self._is_ready and time.monotonic() > self._started + IMPORT_SECONDS

    def end(self) -> None:
        """Have it end."""
        self._control.close()

    def kill(self) -> None:
        """End it, also when it hangs."""
        if self.pid:    # else the number may be another's
            os.kill(self.pid, signal.SIGKILL)
        self.end()

    def _be_ready(self) -> None:
        """Read its first message, which it sends when it has imported."""
        if self._is_ready:
            return
        self._control.setblocking(False)
        try:
            problems = json.loads(self._control.recv(LONGEST_MESSAGE))
        except BlockingIOError:
            raise TemplateImporting("still imports") from None
        except (OSError, ValueError):
            self.kill()
            raise TemplateEnded("did not start: see supervisord.out") from None
        for each in problems:
            self._logger.warn(f"the template: {each}")
        self._is_ready = True

    def _drop_late_answer(self) -> None:
        """Nobody waits for it any more, and the process that it may tell of has ended, as it got no request."""
        if self._late_since is None:
            return
        self._control.setblocking(False)
        try:
            self._control.recv(LONGEST_MESSAGE)
        except OSError:
            if time.monotonic() > self._late_since + HANGING_SECONDS:
                self.kill()
                raise TemplateEnded("hangs") from None
            raise TemplateUnavailable("is slow") from None
        self._late_since = None
