"""Taking over a changed config.yml while a room runs, on SIGHUP.

A process takes over its own section and the log levels; what else has changed needs a restart. Any extension of a room
may take part: it has `settings_read_again(path)`, whether it takes over a setting, and `reload()`, which does it. The
room's Presence publishes what came of it.
"""

import logging
import logging.config
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import eventlet
from eventlet.semaphore import Semaphore
from nameko import config

from services.foundation import settings

log = logging.getLogger("marquee.settings")
PAUSE_SECONDS = 0.5    # after a reload, before the next: reading the file keeps a process from all else


@dataclass
class Reload:
    """What came of a process's last look at config.yml.

    `read_at`: when that was, in seconds since 1970. `changed` and `taken`: settings such as order.hold_minutes that
    differed then, and those of them that are in force. `problem`: why the file was not read; then nothing has changed.
    """

    read_at: float = field(default_factory=time.time)
    changed: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    problem: str | None = None


def flatten(found: Mapping[str, Any]) -> dict[str, Any]:
    """The settings by name: those of a section as section.name."""
    return {path: value for name, section in found.items() for path, value in _entries(name, section)}


def _entries(name: str, section: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(section, dict) and name != "LOGGING":
        yield from ((f"{name}.{key}", value) for key, value in section.items())
    else:
        yield name, section


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The names of the settings that differ."""
    old, new = flatten(before), flatten(after)
    return sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))


class Reloader:
    """The reloads of a process; its room is in `container`, and `others` take part like the room's extensions."""

    def __init__(self, container: Any, *others: Any) -> None:
        self._container, self._others = container, others
        self._is_asked, self._turn = False, Semaphore()
        self.state = Reload()

    def listen(self) -> None:
        """Reload on SIGHUP from now on. Before, it ends the process, which starts with the new file."""
        # A signal's handler runs in the hub, where nothing may wait.
        signal.signal(signal.SIGHUP, lambda *_: self.ask())

    def ask(self) -> None:
        """Reload soon, after the reload under way; asked a hundred times at once, the room still does its work."""
        if not self._is_asked:
            self._is_asked = True
            eventlet.spawn_n(self._reload_in_turn)

    def _reload_in_turn(self) -> None:
        with self._turn:
            self._is_asked = False    # a signal from now on asks for the file as it will be then
            self.reload()
            eventlet.sleep(PAUSE_SECONDS)

    def reload(self) -> None:
        """Take over what can be taken over of config.yml. A file with mistakes changes nothing."""
        try:
            found = settings.read(settings.config_file())
            settings.check(found)
            changed = differences(config, found)
            self._take(found, taken := [path for path in changed if self._takes(path)])
            self.state = Reload(changed=changed, taken=taken)
            log.warning("config.yml was read again", extra={"changed": changed, "taken": taken})
        except Exception as problem:
            self.state = Reload(problem=f"{type(problem).__name__}: {problem}")
            log.exception("config.yml could not be read again")
        for extension in self._container.extensions:
            if hasattr(extension, "publish_presence"):
                extension.publish_presence()

    def _takes(self, path: str) -> bool:
        return path == "LOGGING" or any(part.settings_read_again(path) for part in self._parts())

    def _parts(self) -> list[Any]:
        return [each for each in [*self._container.extensions, *self._others] if hasattr(each, "settings_read_again")]

    def _take(self, found: dict[str, Any], paths: list[str]) -> None:
        before = dict(config)
        sections = {path.partition(".")[0] for path in paths}
        config.update({name: merged(before.get(name), found.get(name), name, paths) for name in sections})
        try:
            for part in self._parts():
                part.reload()
            if "LOGGING" in paths:
                logging.config.dictConfig(config["LOGGING"])
        except BaseException:
            config.update(before)
            for part in self._parts():
                part.reload()
            if "LOGGING" in paths:   # what fails has removed the handlers first, and the process would log nothing more
                logging.config.dictConfig(config["LOGGING"])
            raise


def merged(before: Any, after: Any, name: str, paths: list[str]) -> Any:
    """A section with those settings as they are after, and all others as they were before."""
    if name in paths or not (isinstance(before, dict) and isinstance(after, dict)):
        return after
    taken = {key for key in before.keys() | after.keys() if f"{name}.{key}" in paths}
    kept = {key: value for key, value in before.items() if key not in taken}
    return kept | {key: after[key] for key in taken if key in after}
