"""What each room calls, publishes and listens to, as its code says: read from the source, for importing takes seconds.

What a room's code names of the contracts in `schemas` is what the room uses. The gateway also calls all methods that
are not internal.
"""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from schemas import catalogue
from schemas.base import Announcement, Event, Method

PRESENCE, SPANS = "@on_presence", "@on_batches"    # decorators of who takes these in, which are in no contract


@dataclass(frozen=True)
class Contract:
    """`calls`: methods as <room>.<method>. `publishes` and `hears`: types of events.

    `announces`: names; `follows`: announcements of other rooms, as (room, name).
    """

    room: str
    calls: frozenset[str]
    publishes: frozenset[str]
    hears: frozenset[str]
    announces: frozenset[str]
    follows: frozenset[tuple[str, str]]
    hears_presence: bool
    keeps_spans: bool


@cache
def contract_of(room: str, root: Path) -> Contract:
    """The contract of a room of the tree at `root`, or of the gateway."""
    folder = root / "gateway" if room == "gateway" else root / "services" / room
    sources = [file.read_text(encoding="utf-8") for file in folder.rglob("*.py") if "migrations" not in file.parts]
    used = [thing for source in sources if "schemas" in source for thing in _used(ast.parse(source))]
    called = {each for each in used if isinstance(each, Method) and each.room != room}
    if room == "gateway":
        called |= {each for each in catalogue.methods().values() if each.access != "internal"}
    return Contract(
        room, frozenset(f"{each.room}.{each.name}" for each in called),
        frozenset(each.type for each in catalogue.events().values() if each.room == room),
        frozenset(each.type for each in used if isinstance(each, Event)),
        frozenset(each.name for each in catalogue.announcements().values() if each.room == room),
        frozenset((each.room, each.name) for each in used if isinstance(each, Announcement)),
        *(any(decorator in source for source in sources) for decorator in (PRESENCE, SPANS)))


def _used(file: ast.Module) -> Iterator[Any]:
    """What a file names of the contracts in `schemas`."""
    known = dict(_imported(file))
    for node in ast.walk(file):
        if isinstance(node, ast.Name):
            yield known.get(node.id)
        elif isinstance(node, ast.Attribute):
            yield _meant(node, known)


def _imported(file: ast.Module) -> Iterator[tuple[str, Any]]:
    for node in file.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "schemas":
            module = importlib.import_module(str(node.module))
            for alias in node.names:
                yield alias.asname or alias.name, _attribute(module, alias.name)


def _attribute(module: ModuleType, name: str) -> Any:
    if hasattr(module, name):
        return getattr(module, name)
    return importlib.import_module(f"{module.__name__}.{name}")


def _meant(node: ast.expr, known: dict[str, Any]) -> Any:
    match node:
        case ast.Name(name):
            return known.get(name)
        case ast.Attribute(value, name):
            return getattr(_meant(value, known), name, None)
    return None
