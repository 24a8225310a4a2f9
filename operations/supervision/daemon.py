"""supervisord as a mesh runs it: `python -m operations.supervision.daemon FOLDER/supervisord.conf`.

Stock supervisord ends with an OSError when it can't write its own log, and after each failed start of a program it
waits a second longer before the next. This one goes on while a disk is full, and is back soon after. Programs with a
`template` in the settings are forked from it, if they can be, instead of started by their commands.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from supervisor import events, loggers, options, process, supervisord

from operations.supervision.forking import Template
from operations.supervision.log_file import LogFile

LONGEST_PAUSE = 5    # seconds before a program is started again


class Process(process.Subprocess):
    """A program's process; the pauses before it is started again stop growing, and the tries never end."""

    def spawn(self) -> Any:
        """Start it; returns the pid, or None if that failed. The fork in the midst of it learns whose it is."""
        self.config.options.spawning = self
        return super().spawn()

    def change_state(self, new_state: int, expected: bool = True) -> Any:
        """Enter a state. Entering BACKOFF makes the pause a second longer, and begins it."""
        self.backoff: int = min(self.backoff, LONGEST_PAUSE - 1)
        return super().change_state(new_state, expected)


class ProcessConfig(options.ProcessConfig):
    """The settings of a program; `template`: the kind of its template, or nothing."""

    optional_param_names = [*options.ProcessConfig.optional_param_names, "template"]  # noqa: RUF012 as there
    template: str | None

    def make_process(self, group: Any = None) -> Process:
        """A process of the program, which does not run yet."""
        made = Process(self)
        made.group = group
        return made


class Options(supervisord.ServerOptions):
    """supervisord's options and its way to the system: here, to templates, too."""

    spawning: Process

    def __init__(self) -> None:
        super().__init__()
        self.templates: dict[str, Template] = {}

    def processes_from_section(self, parser: Any, section: str, group_name: str, klass: Any = None) -> list[Any]:
        """The processes of a program in the settings file."""
        found: list[Any] = super().processes_from_section(parser, section, group_name, ProcessConfig)
        for each in found:
            each.template = parser.saneget(section, "template", None)
        return found

    def template(self, kind: str) -> Template:
        """The template of this kind."""
        return self.templates.setdefault(kind, Template(kind, self))

    def fork(self) -> int:
        """The pid of a new child, from the template of its program if possible; 0 in a child of supervisord's own."""
        kind = self.spawning.config.template
        pid: int = (kind and self.template(kind).fork(self.spawning)) or super().fork()
        return pid

    def cleanup(self) -> None:
        """Let go of everything at the end."""
        for each in self.templates.values():
            each.end()
        super().cleanup()


class LossyStream:
    """A text stream that drops what can't be written: what is said there is not worth an end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, text: str) -> int:
        """Write the text if that is possible."""
        with suppress(OSError):
            os.write(self._descriptor, text.encode(errors="replace"))
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""


class LogLines:
    """The namespace `logs` of supervisord's XML-RPC."""

    def countDropped(self) -> int:  # noqa: N802 as the methods of supervisord
        """How many lines of all logs were dropped since supervisord began."""
        return LogFile.all_dropped


def log_lines(supervisord: Any) -> LogLines:
    """What supervisord.conf names as `rpcinterface_factory`."""
    return LogLines()


class Templates:
    """The namespace `templates` of supervisord's XML-RPC."""

    def __init__(self, options: Options) -> None:
        self._options = options
        events.subscribe(events.Tick5Event, self._look_after)

    def prepare(self, kind: str) -> str:
        """Have a template ready soon, with the code as it is now; returns "ready", "importing", or "" without one."""
        return self._options.template(kind).prepare()

    def _look_after(self, event: Any) -> None:
        for each in self._options.templates.values():
            each.look_after()


def templates(supervisord: Any) -> Templates:
    """What supervisord.conf names as `rpcinterface_factory`."""
    return Templates(supervisord.options)


def main(configuration: Path) -> None:
    """Be supervisord with these settings, in their folder, until it is told to end."""
    os.chdir(configuration.parent)
    loggers.FileHandler = loggers.RotatingFileHandler = LogFile
    supervisord.ServerOptions = Options
    sys.stdout, sys.stderr = LossyStream(1), LossyStream(2)
    supervisord.main(["-c", configuration.name])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
