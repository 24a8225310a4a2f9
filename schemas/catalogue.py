"""Everything the contract names, gathered from the files of this folder."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType

import schemas
from schemas.base import Announcement, Event, Method
from schemas.errors import Refusal


@cache
def _files() -> tuple[ModuleType, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(schemas.__path__))
    return tuple(importlib.import_module(f"schemas.{name}") for name in names if name != "catalogue")


@cache
def methods() -> dict[tuple[str, str], Method]:
    """Every method of every room, by (room, name)."""
    found = [thing for file in _files() for thing in vars(file).values() if isinstance(thing, Method)]
    return {(method.room, method.name): method for method in found}


@cache
def events() -> dict[str, Event]:
    """Every event of every room, by its type."""
    found = [thing for file in _files() for thing in vars(file).values() if isinstance(thing, Event)]
    return {event.type: event for event in found}


@cache
def announcements() -> dict[tuple[str, str], Announcement]:
    """Every announcement, by (room, name)."""
    found = [thing for file in _files() for thing in vars(file).values() if isinstance(thing, Announcement)]
    return {(announcement.room, announcement.name): announcement for announcement in found}


def rooms() -> list[str]:
    """The rooms that have a contract."""
    return sorted({room for room, _ in methods()})


@cache
def refusals() -> dict[str, type[Refusal]]:
    """Every refusal there is, by its code."""
    _files()

    def below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    return {refusal.code: refusal for refusal in sorted(below(Refusal), key=lambda r: r.code)}
