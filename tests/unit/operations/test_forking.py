"""What supervisord does with the answers of a template, and without any."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from operations.supervision import forking, running_template, template
from operations.supervision.forking import Template
from operations.supervision.running_template import RunningTemplate

PID = 4_000_000


class Log(list[str]):
    """What supervisord has logged."""

    def info(self, line: str) -> None:
        self.append(line)

    warn = info


class ScriptedTemplate(Template):
    """A template whose other end a test holds; `starts` counts the processes that it would have had."""

    starts = 0
    other: socket.socket

    def __init__(self) -> None:
        self.log = Log()
        super().__init__(SimpleNamespace(logger=self.log, pidhistory={}, serverurl=None))

    def _launch(self) -> None:
        self._next_start = forking.time.monotonic() + forking.PAUSE_SECONDS
        ours, self.other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._running = RunningTemplate(0, ours, self.log)
        self.starts += 1

    def become_ready(self, *problems: str) -> None:
        self.prepare()
        self.other.send(json.dumps(problems).encode())


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedTemplate:
    monkeypatch.setattr(running_template, "ANSWER_SECONDS", 0.05)
    return ScriptedTemplate()


@pytest.fixture
def process(tmp_path: Path) -> Any:
    """A Subprocess whose pipes are made, of supervisord."""
    config = SimpleNamespace(name="film", command="/usr/bin/env A=1 /x/nameko run film", directory=str(tmp_path),
                             environment={"SECRET": "s"}, serverurl=None, options=SimpleNamespace(serverurl="unix://x"))
    return SimpleNamespace(config=config, group=SimpleNamespace(config=SimpleNamespace(name="film")), pipes={
        "child_stdin": 0, "child_stdout": 1, "child_stderr": None})


def answer(other: socket.socket, text: bytes, then: Callable[[list[int]], Any] = lambda _: None) -> Thread:
    """Answer the next message in a thread."""
    def run() -> None:
        _, descriptors, _, _ = socket.recv_fds(other, 100, 4)
        other.send(text)
        then(descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
    thread = Thread(target=run)
    thread.start()
    return thread


def test_a_new_process_gets_its_command_and_environment_by_the_pipe(scripted: ScriptedTemplate, process: Any) -> None:
    scripted.become_ready()
    received = list[dict[str, Any]]()

    def read(descriptors: list[int]) -> None:
        with os.fdopen(os.dup(descriptors[0])) as pipe:
            received.append(json.load(pipe))

    thread = answer(scripted.other, str(PID).encode(), read)
    assert scripted.fork(process) == PID
    thread.join()
    [request] = received
    assert request["argv"] == ["/x/nameko", "run", "film"]
    assert request["folder"] == process.config.directory
    own = {"SUPERVISOR_ENABLED": "1", "SUPERVISOR_SERVER_URL": "unix://x", "SUPERVISOR_PROCESS_NAME": "film",
           "SUPERVISOR_GROUP_NAME": "film", "SECRET": "s", "A": "1"}
    assert request["environment"] == {**os.environ, **own}


def test_no_process_comes_from_a_template_that_imports_and_its_problems_are_logged(
    scripted: ScriptedTemplate, process: Any,
) -> None:
    assert scripted.prepare() == "importing"
    assert scripted.fork(process) is None
    assert scripted.log == ["film starts by its command: the template still imports"]
    scripted.become_ready("x can't be imported")
    thread = answer(scripted.other, template.ASK)
    assert scripted.prepare() == "ready"
    thread.join()
    assert "the template: x can't be imported" in scripted.log
    assert scripted.starts == 1


@pytest.mark.parametrize(("text", "reason"), [
    (template.FAILED, "could not fork"), (b"what?", "did not fork"),
    (template.STALE, "was started before the code has changed, and imports again"),
])
def test_a_refusal_has_a_reason_in_the_log(scripted: ScriptedTemplate, process: Any, text: bytes, reason: str) -> None:
    scripted.become_ready()
    thread = answer(scripted.other, text)
    assert scripted.fork(process) is None
    thread.join()
    assert scripted.log == [f"film starts by its command: the template {reason}"]
    assert scripted.starts == (2 if text == template.STALE else 1)


def test_a_late_answer_is_not_taken_for_the_next(scripted: ScriptedTemplate, process: Any) -> None:
    scripted.become_ready()
    assert scripted.fork(process) is None
    assert scripted.fork(process) is None
    assert scripted.log == ["film starts by its command: the template is slow"] * 2
    answer(scripted.other, b"1").join()
    thread = answer(scripted.other, str(PID).encode())
    assert scripted.fork(process) == PID
    thread.join()


def test_one_that_hangs_is_ended(
    scripted: ScriptedTemplate, process: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripted.become_ready()
    assert scripted.fork(process) is None
    monkeypatch.setattr(running_template, "HANGING_SECONDS", 0.0)
    assert scripted.fork(process) is None
    assert [line.rpartition("template ")[2] for line in scripted.log] == ["is slow", "hangs"]
    assert socket.recv_fds(scripted.other, 9, 4)[0] == template.FORK
    assert scripted.other.recv(9) == b""


def test_a_template_that_has_gone_is_started_again_after_a_pause(
    scripted: ScriptedTemplate, process: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripted.become_ready()
    scripted.other.close()
    assert scripted.fork(process) is None
    assert "the template has gone" in scripted.log[0]
    assert scripted.prepare() == ""
    assert scripted.starts == 1
    monkeypatch.setattr(scripted, "_next_start", 0.0)
    scripted.look_after()
    assert scripted.starts == 2


def test_one_that_does_not_end_importing_is_ended(scripted: ScriptedTemplate, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted.prepare()
    monkeypatch.setattr(running_template, "IMPORT_SECONDS", 0.0)
    scripted.look_after()
    assert scripted.other.recv(1) == b""


def test_a_kernel_that_can_not_show_another_command_line_is_not_asked_again(scripted: ScriptedTemplate) -> None:
    scripted.prepare()
    scripted.other.close()
    scripted.finish(0, template.UNSUPPORTED << 8)
    assert scripted.prepare() == ""
    scripted.look_after()
    assert scripted.starts == 1


def test_nothing_is_started_for_programs_that_need_no_template(scripted: ScriptedTemplate) -> None:
    scripted.look_after()
    assert scripted.starts == 0


def test_an_environment_that_does_not_fit_the_pipe_is_left_to_the_command(
    scripted: ScriptedTemplate, process: Any,
) -> None:
    process.config.environment["LONG"] = "x" * forking.PIPE_BYTES
    scripted.become_ready()
    assert scripted.fork(process) is None
    assert scripted.log == ["film starts by its command: the template can't be sent so large an environment"]
