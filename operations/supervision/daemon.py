"""supervisord as a mesh runs it: `python -m operations.supervision.daemon FOLDER/supervisord.conf`.

Stock supervisord ends with an OSError when it can't write its own log, and after each failed start of a program it
waits a second longer before the next. This one goes on while a disk is full, and is back soon after. Programs
whose settings say `template = yes` are forked from a process that has imported what they need, if that is possible.
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
    """The settings of a program; `template`: whether it is forked from the template."""

    optional_param_names = [*options.ProcessConfig.optional_param_names, "template"]  # noqa: RUF012 as there
    template: bool

    def make_process(self, group: Any = None) -> Process:
        """A process of the program, which does not run yet."""
        made = Process(self)
        made.group = group
        return made


class Options(supervisord.ServerOptions):
    """supervisord's options and its way to the system: here, to the template, too."""

    spawning: Process

    def __init__(self) -> None:
        super().__init__()
        self.template = Template(self)

    def processes_from_section(self, parser: Any, section: str, group_name: str, klass: Any = None) -> list[Any]:
        """The processes of a program in the settings file."""
        found: list[Any] = super().processes_from_section(parser, section, group_name, ProcessConfig)
        for each in found:
            each.template = parser.saneget(section, "template", "no") == "yes"
        return found

    def fork(self) -> int:
        """The pid of a new child, from the template if its program has it and it can; 0 in one of supervisord's own."""
        pid = self.template.fork(self.spawning) if self.spawning.config.template else None
        return pid or int(super().fork())

    def cleanup(self) -> None:
        """Let go of everything at the end."""
        self.template.end()
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


class TemplateControl:
    """The namespace `template` of supervisord's XML-RPC."""

    def __init__(self, template: Template) -> None:
        self._template = template
        events.subscribe(events.Tick5Event, lambda _: template.look_after())

    def prepare(self) -> str:
        """Have the template ready soon, with the code as it is now; returns "ready", "importing", or "" without one."""
        return self._template.prepare()


def template_control(supervisord: Any) -> TemplateControl:
    """What supervisord.conf names as `rpcinterface_factory`."""
    return TemplateControl(supervisord.options.template)


def main(configuration: Path) -> None:
    """Be supervisord with these settings, in their folder, until it is told to end."""
    os.chdir(configuration.parent)
    loggers.FileHandler = loggers.RotatingFileHandler = LogFile
    supervisord.ServerOptions = Options
    sys.stdout, sys.stderr = LossyStream(1), LossyStream(2)
    supervisord.main(["-c", configuration.name])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
