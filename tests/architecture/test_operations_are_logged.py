"""Whatever staff and operators change leaves an operation for the log: the path of every such write leads to one."""

import ast
import importlib
import inspect
from collections.abc import Callable, Iterable
from functools import cache
from types import ModuleType
from typing import Any

import pytest

from operations.event_commands import subscriptions_of
from schemas import catalogue
from schemas.base import Event, Method
from tests.contracts.rooms import meant, modules, nodes_of, service_classes, syntax
from tests.contracts.staff_writes import COMMANDS, NO_OPERATIONS, WRITES, WRITING_COMMANDS

Functions = dict[str, list[ast.FunctionDef]]


def functions_of(trees: Iterable[ast.Module]) -> Functions:
    """Every function and method of these files, by its name."""
    found: Functions = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append(node)
    return found


@cache
def room_functions(room: str) -> Functions:
    return functions_of(syntax(module) for module in modules()[room])


@cache
def names_in(function: ast.FunctionDef) -> set[str]:
    """Every name that a function mentions, so whatever it may call, now or later."""
    return ({node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
            | {node.id for node in ast.walk(function) if isinstance(node, ast.Name)})


def leaves_an_operation(start: str, functions: Functions) -> bool:
    """Whether a function, or one that it mentions, calls `write_operation`."""
    waiting, seen = [start], set[str]()
    while waiting:
        for function in functions.get(waiting.pop(), []):
            names = names_in(function)
            if "write_operation" in names:
                return True
            waiting += names - seen
            seen |= names
    return False


@pytest.mark.parametrize("method", WRITES, ids=lambda method: f"{method.room}.{method.name}")
def test_a_write_of_staff_leaves_an_operation(method: Method) -> None:
    assert leaves_an_operation(method.name, room_functions(method.room))


def room_of(callback: Callable[..., Any]) -> str:
    """The room whose functions a command calls; those of operations may call several, and are looked at together."""
    return callback.__module__.split(".")[1] if callback.__module__.startswith("services.") else ""


def functions_behind(callback: Callable[..., Any]) -> Functions:
    if room := room_of(callback):
        return room_functions(room)
    own = syntax(importlib.import_module(callback.__module__))
    return functions_of([own, *(syntax(module) for room in ("film", "kitchen") for module in modules()[room])])


def test_the_commands_are_found() -> None:
    assert {"account grant", "load", "review decide", "verify-log", "start"} <= set(COMMANDS)


def test_every_command_without_an_operation_has_a_reason() -> None:
    assert set(NO_OPERATIONS) <= set(COMMANDS)


@pytest.mark.parametrize("name", sorted(WRITING_COMMANDS))
def test_a_command_that_changes_something_leaves_an_operation(name: str) -> None:
    callback = inspect.unwrap(COMMANDS[name].callback)  # type: ignore[arg-type]
    assert leaves_an_operation(callback.__name__, functions_behind(callback))


@pytest.mark.parametrize(("code", "found"), [
    ("def restock(self): return self.run(lambda tx: change(tx))\ndef change(tx): write_operation(tx)", True),
    ("def restock(self): return self.run(change)\ndef change(tx): return more(tx)\ndef more(tx): change(tx)", False),
    ("def restock(self): pass\ndef change(tx): write_operation(tx)", False),
])
def test_a_write_without_an_operation_is_noticed(code: str, found: bool) -> None:
    assert leaves_an_operation("restock", functions_of([ast.parse(code)])) is found


# --- and the log gets it ---


def written() -> dict[str, set[Any]]:
    """The event of every `write_operation(tx, table, EVENT, ...)`, by room."""
    found: dict[str, set[Any]] = {}
    for room, files in modules().items():
        for module in files:
            found.setdefault(room, set()).update(events_in(module))
    return {room: events for room, events in found.items() if events}


def events_in(module: ModuleType) -> set[Any]:
    return {meant(module, node.args[2]) for node in nodes_of(module)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "write_operation"}


@pytest.mark.parametrize("room", sorted(written()))
def test_a_room_tells_of_its_own_operations_and_has_a_relay(room: str) -> None:
    assert written()[room] == {catalogue.events()[f"{room}.operated"]}
    assert "relay" in vars(service_classes()[room])


def test_the_office_logs_the_operations_of_every_room() -> None:
    told: set[Event] = {event for event in catalogue.events().values() if event.type.endswith(".operated")}
    assert {event.room for event in told} == set(written())
    assert told <= {subscription.event for subscription in subscriptions_of(service_classes()["office"])}
