"""Processes forked from the template of a real supervisord, in a small tree of their own."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from operations.supervision import supervisor as supervision
from operations.supervision.connection import AWAY
from operations.supervision.programs import PYTHON, Program
from operations.supervision.supervisor import Supervisor
from testbed.processes import ROOT
from testbed.waiting import wait_until

at_full_size = pytest.mark.full_size("integration/operations/test_template.py", "unit/operations/test_preloading.py")

REPORT = """\
#!{python}
import json, os, resource, signal, sys
if sys.argv[1] == "pause":
    signal.pause()
is_forked = "nameko.cli" in sys.modules
import eventlet
eventlet.monkey_patch()
eventlet.sleep(0)
from services.film.service import TITLE
from services.foundation.greeting import WORDS
import random

def remembers(text):
    # It is given with each letter replaced by the next: a process that looks for a text has it in its memory.
    following = bytes((each + 1) % 256 for each in range(256))
    maps = [line.split()[0].split("-") for line in open("/proc/self/maps") if " rw" in line]
    with open("/proc/self/mem", "rb", 0) as memory:
        parts = (os.pread(memory.fileno(), int(end, 16) - int(begin, 16), int(begin, 16)) for begin, end in maps)
        return any(text.encode() in part.translate(following) for part in parts)

print(json.dumps({{
    "is_forked": is_forked, "pid": os.getpid(), "random": random.random(), "words": [TITLE, WORDS],
    "remembers": [remembers(each) for each in sys.argv[2:]],
    "as before": {{
        "name": __name__, "argv": sys.argv, "path": sys.path, "environment": dict(os.environ), "folder": os.getcwd(),
        "shown": [open(f"/proc/self/{{each}}").read() for each in ("cmdline", "comm")],
        "shown environment": sorted(open("/proc/self/environ").read().split("\\0")),
        "descriptors": sorted(os.listdir("/proc/self/fd")), "mask": os.umask(0o77), "parent": os.getppid(),
        "leads its group": os.getpgrp() == os.getpid(), "session": os.getsid(0),
        "signals": [str(signal.getsignal(number)) for number in signal.valid_signals()],
        "files": resource.getrlimit(resource.RLIMIT_NOFILE), "threads": len(os.listdir("/proc/self/task")),
    }}}}), flush=True)
print("to stderr", file=sys.stderr)
if sys.argv[1] == "exit":
    sys.exit(7)
eventlet.sleep(600)
"""
SECRET = "a_secret-1"
SOUGHT = "b`tfdsfu.2"    # as programs are given it that look for it


@dataclass(frozen=True)
class SmallTree:
    """A supervisord that runs programs of a small tree, whose template is quick."""

    tree: Path
    supervisor: Supervisor

    def program(self, name: str, *arguments: str, **more: Any) -> Program:
        command = [str(self.tree / "report"), *(arguments or ["wait"])]
        return Program(name, command, self.tree, PYTHON | {"A": "b c"}, **{"template": True, **more})

    def run(self, *programs: Program) -> None:
        self.supervisor.run_with(list(programs))
        self.supervisor.start(*(program.name for program in programs))

    def pids(self, name: str) -> list[int]:
        return [each["pid"] for each in self.supervisor.processes(name) if each["pid"]]

    def report(self, name: str, pid: int = 0) -> dict[str, Any]:
        """What the process of this name, or the one of this pid, has written."""
        wanted = pid or wait_until(lambda: self.pids(name), what=name)[0]
        log = self.supervisor.folder / "log" / f"{name}.log"

        def found() -> list[dict[str, Any]]:
            lines = log.read_text().splitlines() if log.exists() else []
            return [each for each in map(json.loads, filter(lambda line: line[:1] == "{", lines))
                    if each["pid"] == wanted]

        return wait_until(found, 30, f"a report of {name}")[0]

    def report_of_next(self, name: str) -> dict[str, Any]:
        """What the process that replaces the present one has written."""
        self.supervisor.replace(self.supervisor.processes(name)[0])
        return self.report(name)

    @property
    def daemon(self) -> psutil.Process:
        return psutil.Process(self.supervisor.call("getPID"))

    def wait_for_template(self) -> psutil.Process:
        """The template, when it serves."""
        wait_until(lambda: self.supervisor.prepare_template() == "ready", 30, "the template")
        [template] = [each for each in self.daemon.children() if "operations.supervision.template" in each.cmdline()]
        return template

    @property
    def log(self) -> str:
        return (self.supervisor.folder / "log" / "supervisord.log").read_text()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallTree]:
    folder = tmp_path_factory.mktemp("templates")
    tree, run_folder = folder / "tree", folder / "run"
    for name in ("operations", "operations/supervision"):
        (tree / name).mkdir(parents=True)
        for file in (ROOT / name).glob("*.py"):
            shutil.copy(file, tree / name)
    for name, pause in (("forking", "PAUSE_SECONDS"), ("running_template", "HANGING_SECONDS")):
        file = tree / f"operations/supervision/{name}.py"
        file.write_text(file.read_text().replace(f"{pause} = 10.0", f"{pause} = 0.1"))
    write_modules(tree, TITLE="old", WORDS="old")
    for package in ("services", "services/film", "services/foundation"):
        (tree / package / "__init__.py").touch()
    (tree / "report").write_text(REPORT.format(python=sys.executable))
    (tree / "report").chmod(0o755)
    (run_folder / "log").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervision, "ROOT", tree)
        small = SmallTree(tree, Supervisor(run_folder))
        small.run()
        small.wait_for_template()
        daemon, children = small.daemon, small.daemon.children()
        yield small
        children += daemon.children()
        with suppress(*AWAY):
            small.supervisor.call("shutdown")
        gone, alive = psutil.wait_procs([daemon, *children], timeout=20)
        assert not alive


def write_modules(tree: Path, **values: str) -> None:
    """A module of a room, which no template imports, and one of foundation."""
    for name, file in (("TITLE", "services/film/service.py"), ("WORDS", "services/foundation/greeting.py")):
        (tree / file).parent.mkdir(parents=True, exist_ok=True)
        if name in values:
            more = "from services.foundation.greeting import WORDS\n" if name == "TITLE" else ""
            (tree / file).write_text(f"{more}{name} = {values[name]!r}\n")


def test_a_forked_process_is_as_one_that_its_command_has_started(small: SmallTree) -> None:
    forked = small.program("by-template", "wait", "two words", secrets={"NAME": "x-1_"})
    small.run(forked, replace(forked, name="by-command", template=False))
    found, expected = small.report("by-template"), small.report("by-command")
    assert (found["is_forked"], expected["is_forked"]) == (True, False)
    named = json.loads(json.dumps(expected["as before"]).replace("by-command", "by-template"))
    assert found["as before"] == named
    assert found["random"] != expected["random"]
    log = small.supervisor.folder / "log" / "by-template.log"
    wait_until(lambda: "to stderr" in log.read_text(), what="what was written to stderr")


def test_the_secrets_of_a_process_are_in_no_other(small: SmallTree) -> None:
    first = small.program("first", "wait", SOUGHT, secrets={"SECRET": SECRET})
    small.run(first)
    assert small.report("first")["remembers"] == [True]
    small.run(first, small.program("second", "wait", SOUGHT))
    second = small.report("second")
    assert (second["is_forked"], second["remembers"]) == (True, [False])


def test_supervisord_learns_how_a_process_ends_and_starts_it_again(small: SmallTree) -> None:
    small.run(small.program("ends", "exit"), small.program("stays"))
    ended = small.report("ends")
    wait_until(lambda: "exited: ends (exit status 7; not expected)" in small.log, what="the end of a process")
    assert ended["is_forked"]
    wait_until(lambda: small.log.count("spawned: 'ends'") > 1, what="another process")

    [before] = small.pids("stays")
    os.kill(before, signal.SIGKILL)
    [after] = wait_until(lambda: [each for each in small.pids("stays") if each != before], 30, "another process")
    assert "exited: stays (terminated by SIGKILL; not expected)" in small.log
    assert small.report("stays", after)["is_forked"]
    small.supervisor.stop("stays")
    assert "stopped: stays (terminated by SIGTERM)" in small.log


@at_full_size
def test_fifty_processes_start_at_once_and_leave_nothing_behind(small: SmallTree) -> None:
    small.run(small.program("many", "pause", instances=50))
    pids = small.pids("many")
    assert len(set(pids)) == 50
    assert {each.pid for each in small.daemon.children()} == {*pids, small.wait_for_template().pid}
    assert not small.wait_for_template().children()
    for pid in pids[:25]:
        os.kill(pid, signal.SIGKILL)
    small.supervisor.stop("many")
    assert [each.pid for each in small.daemon.children()] == [small.wait_for_template().pid]
    assert "starts by its command" not in small.log.partition("spawned: 'many-1'")[2]


@at_full_size
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=str)
def test_a_process_starts_by_its_command_while_the_template_is_dead_or_hangs(
    small: SmallTree, number: signal.Signals,
) -> None:
    small.run(small.program("urgent"))
    small.report("urgent")
    template = small.wait_for_template()
    template.send_signal(number)
    found = small.report_of_next("urgent")
    assert not found["is_forked"]
    assert "urgent starts by its command: the template " in small.log
    assert small.wait_for_template() != template
    assert small.report_of_next("urgent")["is_forked"]
    assert not template.is_running()


def test_a_process_has_the_code_as_it_is_when_it_starts(small: SmallTree) -> None:
    small.run(small.program("film"))
    assert small.report("film")["words"] == ["old", "old"]
    write_modules(small.tree, TITLE="new")
    of_room = small.report_of_next("film")
    assert (of_room["words"], of_room["is_forked"]) == (["new", "old"], True)

    template = small.wait_for_template()
    write_modules(small.tree, WORDS="new")
    of_foundation = small.report_of_next("film")
    assert (of_foundation["words"], of_foundation["is_forked"]) == (["new", "new"], False)
    assert small.wait_for_template() != template
    again = small.report_of_next("film")
    assert (again["words"], again["is_forked"]) == (["new", "new"], True)


def test_the_template_ends_with_supervisord(small: SmallTree) -> None:
    small.run()
    template = small.wait_for_template()
    small.daemon.kill()
    gone, _ = psutil.wait_procs([template], timeout=20)
    assert gone == [template]
