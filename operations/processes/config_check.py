"""Whether config.yml can be used, with each mistake by its line."""

import importlib
import logging
import re
from collections.abc import Callable, Iterator
from functools import partial
from inspect import getmembers, isclass
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from operations import settings as operations_settings
from operations.mesh import find_rooms, module_of
from services.foundation import marked_yaml, settings
from services.foundation.events.settings import check_events
from services.foundation.metrics.settings import metrics_settings
from services.foundation.readiness.storage import reserve_bytes
from services.foundation.rpc.identity import identity_settings
from services.foundation.settings import Place, RoomSettings, SettingsError
from services.foundation.timers import RoomTimer
from services.foundation.tracing.settings import tracing_settings

VARIABLE = re.compile(r"MARQUEE_[A-Z_]+")


def check_config(path: Path, root: Path) -> dict[str, Any]:
    """What the file says; `root`: the tree with the rooms. Raises marked_yaml.InvalidFile."""
    try:
        file = marked_yaml.read(path)
        found = settings.read(path)
    except OSError as problem:
        raise marked_yaml.InvalidFile(path, [marked_yaml.Mistake(1, f"it can't be read: {problem.strerror}")]) from None
    except SettingsError as unusable:
        note(file, unusable)
        file.raise_mistakes()
    except yaml.YAMLError as problem:  # in what a variable of the environment says
        file.add_mistake((), f"this is not YAML with the values of the environment: {problem}")
        file.raise_mistakes()
    for refusal in mistakes(found, root):
        note(file, refusal)
    file.raise_mistakes()
    return found


def mistakes(found: dict[str, Any], root: Path) -> Iterator[SettingsError]:
    """What each part of the mesh refuses."""
    rooms = find_rooms(root)
    checks: list[Callable[[Any], object]] = [
        settings.check, partial(operations_settings.instances, rooms=rooms), operations_settings.audit_seconds,
        operations_settings.web_address, reserve_bytes, check_events, metrics_settings, tracing_settings,
        identity_settings, check_logging]
    checks += [partial(reader.load, room=room) for room in rooms for reader in readers(room)]
    for check in checks:
        try:
            check(found)
        except SettingsError as refusal:
            yield refusal
        except (KeyError, TypeError, AttributeError) as missing:
            yield SettingsError(f"something is missing or has another form: {missing}")


def readers(room: str) -> Iterator[RoomSettings | RoomTimer]:
    """The parts of the room's service that read its section."""
    module = importlib.import_module(module_of(room))
    services = [each for _, each in getmembers(module, isclass) if each.__module__ == module.__name__]
    for _, member in chain.from_iterable(map(getmembers, services)):
        parts = [member, *getattr(member, "nameko_entrypoints", ())]
        yield from (part for part in parts if isinstance(part, RoomSettings | RoomTimer))


def check_logging(found: dict[str, Any]) -> None:
    """Check the loggers, which a person changes while the mesh runs. Raises SettingsError."""
    loggers: dict[Place, dict[str, Any]] = {("LOGGING", "root"): found["LOGGING"]["root"]}
    loggers |= {("LOGGING", "loggers", name): one for name, one in found["LOGGING"]["loggers"].items()}
    wrong: list[tuple[Place, str]] = [
        ((*place, "level"), f"{one['level']!r} is no level.") for place, one in loggers.items()
        if one.get("level", "INFO") not in logging.getLevelNamesMapping()]
    wrong += [((*place, "handlers"), f"{name!r} is no handler.") for place, one in loggers.items()
              for name in one.get("handlers", []) if name not in found["LOGGING"]["handlers"]]
    if wrong:
        raise SettingsError("; ".join(sentence for _, sentence in wrong), wrong)


def note(file: marked_yaml.YamlFile, refusal: SettingsError) -> None:
    """Note the mistakes at their lines; one about a variable at the line that reads it."""
    for place, sentence in refusal.mistakes:
        file.add_mistake(place, f"{'.'.join(map(str, place))}: {sentence}")
    if not refusal.mistakes:
        variable = VARIABLE.search(str(refusal))
        lines = file.path.read_text().splitlines()
        line = next((number for number, text in enumerate(lines, 1) if variable and f"${{{variable[0]}:" in text), 1)
        file.mistakes.append(marked_yaml.Mistake(line, str(refusal)))
