"""What a process forked from a template does to be as one that was started by its command."""

import json
import os
import runpy
import sys
from os import read  # here, before eventlet replaces it by one that makes a hub
from pathlib import Path
from typing import Any

from operations.supervision import process_view


def become(pipe: int, stdin: int, stdout: int, stderr: int) -> None:
    """Wait for what the pipe brings, and run that. Ends silently when it brings nothing: supervisord has given up."""
    os.setpgid(0, 0)
    request = receive(pipe)
    for descriptor, wanted in ((stdin, 0), (stdout, 1), (stderr, 2)):
        os.dup2(descriptor, wanted)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()    # before others are shown in the place of the old ones
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    argv = request["argv"]
    process_view.show(argv if argv[0] == sys.executable else [sys.executable, *argv], request["environment"],
                      name=Path(argv[0]).name)
    run(argv)


def receive(pipe: int) -> dict[str, Any]:
    """The request, which is written at once and then ends."""
    parts = []
    while part := read(pipe, 65_536):
        parts.append(part)
    try:
        found: dict[str, Any] = json.loads(b"".join(parts))
    except ValueError:
        os._exit(0)
    return found


def run(argv: list[str]) -> None:
    """Run `PYTHON -m MODULE ARGUMENT ...` or `SCRIPT ARGUMENT ...` as the interpreter does."""
    sys.orig_argv = argv
    if argv[:2] == [sys.executable, "-m"]:
        sys.path[0] = str(Path.cwd())
        sys.argv = ["-m", *argv[3:]]
        runpy.run_module(argv[2], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(argv[0]).parent)
        sys.argv = argv
        runpy.run_path(argv[0], run_name="__main__")
