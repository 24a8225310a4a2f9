"""The programs that supervisord keeps alive, and the settings file that tells it to."""

import os
import re
import resource
import shlex
from dataclasses import dataclass, field
from pathlib import Path

# supervisord runs in the run folder. A socket's path has at most 108 bytes, which the folder's own may exceed.
DAEMON = """\
[supervisord]
nodaemon = true
silent = true
logfile = log/supervisord.log
pidfile = supervisord.pid
childlogdir = log
umask = 077
minfds = {files}
{user}
[unix_http_server]
file = /proc/self/cwd/supervisor.sock
chmod = 0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[rpcinterface:logs]
supervisor.rpcinterface_factory = operations.supervision.daemon:log_lines

[rpcinterface:template]
supervisor.rpcinterface_factory = operations.supervision.daemon:template_control
"""

# Each failed start makes the pause before the next one second longer, up to five; the tries never end (see daemon.py).
PROGRAM = """
[program:{name}]
command = {command}
directory = {folder}
process_name = {process_name}
numprocs = {instances}
numprocs_start = 1
autostart = false
autorestart = true
startsecs = 10
startretries = 1000000
stopsignal = TERM
stopwaitsecs = 15
killasgroup = true
redirect_stderr = true
stdout_logfile = log/{process_name}.log
stdout_logfile_maxbytes = 20MB
stdout_logfile_backups = 3
"""

ENV = "/usr/bin/env"
PYTHON = {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore"}    # for the interpreters of all programs of ours


@dataclass(frozen=True)
class Program:
    """A process for the supervisor to keep alive.

    `secrets`: variables that no list of processes may show, of letters, digits, - and _. `template`: whether
    it runs `nameko`, and is forked from the template where that is possible.
    """

    name: str
    command: list[str]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    instances: int = 1
    secrets: dict[str, str] = field(default_factory=dict)
    template: bool = False


def render(programs: list[Program]) -> str:
    """The settings file of a supervisord that keeps these programs alive."""
    files = min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    user = "user = root\n" if os.geteuid() == 0 else ""
    return DAEMON.format(files=files, user=user) + "".join(map(render_program, programs))


def render_program(program: Program) -> str:
    variables = [f"{name}={value}" for name, value in program.environment.items()]
    command = [ENV, *variables, *program.command] if variables else program.command
    secrets = ",".join(f'{name}="{value}"' for name, value in program.secrets.items())
    more = {"environment": secrets, "template": "yes" if program.template else ""}
    process_name = "%(program_name)s" + ("-%(process_num)s" if program.instances > 1 else "")
    return PROGRAM.format(
        name=program.name, command=escape(shlex.join(command)), folder=escape(str(program.folder.resolve())),
        process_name=process_name, instances=program.instances,
    ) + "".join(f"{option} = {value}\n" for option, value in more.items() if value)


def split_command(argv: list[str]) -> tuple[dict[str, str], list[str]]:
    """The variables and the command of a program, as `env` reads them."""
    if argv[0] != ENV:
        return {}, argv
    count = next(number for number, each in enumerate(argv[1:]) if "=" not in each)
    return dict(each.split("=", 1) for each in argv[1:count + 1]), argv[count + 1:]


def without(configuration: str, name: str) -> str:
    """A settings file without the program of this name."""
    return re.sub(rf"\n\[program:{re.escape(name)}\]\n.*?(?=\n\[|\Z)", "", configuration, flags=re.DOTALL)


def escape(text: str) -> str:
    """supervisord expands `%(...)s` in its settings."""
    return text.replace("%", "%%")
