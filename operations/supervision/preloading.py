"""What the template imports before it is forked, and whether that has changed on disk since.

This is what the files of rooms name at the top: libraries, contracts, foundation and seating. A room's own modules are
left to its process, so that it has its own metrics and tables only, and its code may fail or change alone.
"""

import importlib
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

IMPORT = re.compile(r"^(?:from|import) ([\w.]+)", re.MULTILINE)
OURS = ("schemas", "services", "gateway", "operations")
SHARED = ("schemas", "services.foundation", "services.seating")
RUNNERS = ["nameko.cli", "nameko.cli.run", "nameko.cli.utils.config"]    # what `nameko run` imports by itself
READ_AT_IMPORT = [Path("/etc/hosts"), Path("/etc/resolv.conf"), Path("/etc/localtime")]    # by eventlet and Python
States = dict[Path, tuple[int, int]]    # nanoseconds and bytes


def modules_of_rooms(root: Path) -> list[str]:
    """The modules that the files of rooms import, without those that belong to one room."""
    named = {name for file in _files_of_rooms(root) for name in IMPORT.findall(file.read_text(encoding="utf-8"))}
    return RUNNERS + sorted(name for name in named if name.partition(".")[0] not in OURS or _is_shared(name))


def _files_of_rooms(root: Path) -> Iterator[Path]:
    for folder in ("gateway", "services", "schemas"):
        for file in (root / folder).rglob("*.py"):
            if not file.name.endswith("_command.py") and not {"migrations", "alembic"}.intersection(file.parts):
                yield file


def _is_shared(name: str) -> bool:
    return any(f"{name}.".startswith(f"{package}.") for package in SHARED)


def import_all(names: Iterable[str]) -> list[str]:
    """Import what can be imported; returns a sentence for each module that can't be."""
    problems = []
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as problem:    # of any kind: it is a room's code, which must not hinder the others
            problems.append(f"{name} can't be imported: {type(problem).__name__}: {problem}")
    return problems


class Freshness:
    """Made before the imports: whether what they have read is still what is on disk.

    Of our own code, every file counts in the folders that were imported from, as modules read files beside them; of
    libraries, the folders that pip changes; and what they have read of the machine.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._ours = states(file for folder in OURS for file in (root / folder).rglob("*") if file.is_file())
        self._libraries = states([*map(Path, filter(None, sys.path)), *READ_AT_IMPORT])
        self._libraries.pop(root, None)    # where files come and go
        self._before: States = {}

    def settle(self) -> None:
        """Keep what the imports have read."""
        files = (Path(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None)))
        folders = {file.parent for file in files if file.is_relative_to(self._root)}
        imported = {path: state for path, state in self._ours.items() if path.parent in folders}
        self._before = self._libraries | imported

    def __bool__(self) -> bool:
        return states(self._before) == self._before


def states(paths: Iterable[Path]) -> States:
    """When each of these was changed last, and its size; without those that are missing."""
    found = {}
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            found[path] = status.st_mtime_ns, status.st_size
    return found
