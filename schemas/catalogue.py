"""All methods, events, announcements and refusals of the contract, gathered from the files of this folder."""

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
    """The methods of all rooms, by (room, name)."""
    found = [thing for file in _files() for thing in vars(file).values() if isinstance(thing, Method)]
    return {(method.room, method.name): method for method in found}


@cache
def events() -> dict[str, Event]:
    """The events of all rooms, by their type, such as `order.paid`."""
    found = [thing for file in _files() for thing in vars(file).values() if isinstance(thing, Event)]
    return {event.type: event for event in found}


@cache
def announcements() -> dict[tuple[str, str], Announcement]:
    """The announcements of all rooms, by (room, name)."""
    found = [thing for file in _files() for thing in vars(file).values() if isinstance(thing, Announcement)]
    return {(announcement.room, announcement.name): announcement for announcement in found}


def rooms() -> list[str]:
    """The names of the rooms that have methods, sorted."""
    return sorted({room for room, _ in methods()})


@cache
def refusals() -> dict[str, type[Refusal]]:
    """All refusals, by their code, such as `seats_taken`."""
    _files()

    def below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    return {refusal.code: refusal for refusal in sorted(below(Refusal), key=lambda r: r.code)}
