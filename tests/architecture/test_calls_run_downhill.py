"""Rooms call each other downhill only, so that no two can wait for each other."""

import ast

import pytest

from schemas.base import Method
from tests.contracts.rooms import meant, modules, syntax

# A new room takes its place here. Each calls only rooms further down; the rest it learns by events.
LEVELS = (("gateway",), ("notification", "order"), ("film", "kitchen", "payment", "user"))
NO_ROOMS = {"foundation", "seating"}
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}


def calls() -> list[tuple[str, str, Method | None]]:
    """Every `...remote.call(METHOD, ...)`: the room, where it stands, and the method as far as it can be read."""
    return [(room, f"{module.__name__}:{node.lineno}", as_method(meant(module, node.args[0])))
            for room, files in modules().items() if room not in NO_ROOMS
            for module in files for node in ast.walk(syntax(module))
            if isinstance(node, ast.Call) and is_remote_call(node)]


def is_remote_call(node: ast.Call) -> bool:
    match node.func:
        case ast.Attribute(ast.Name("remote") | ast.Attribute(_, "remote"), "call"):
            return bool(node.args)
    return False


def as_method(thing: object) -> Method | None:
    return thing if isinstance(thing, Method) else None


def test_every_room_has_its_level() -> None:
    assert set(modules()) - NO_ROOMS == set(LEVEL)


def test_calls_are_found() -> None:
    assert ("order", "film") in {(room, method.room) for room, _, method in calls() if method}


@pytest.mark.parametrize("room", sorted(LEVEL.keys() - {"gateway"}))
def test_a_room_calls_only_rooms_further_down(room: str) -> None:
    for caller, where, method in calls():
        if caller == room:
            assert method is not None, f"{where}: name the method, so that everyone sees who is called"
            assert LEVEL[room] < LEVEL[method.room], f"{where} calls uphill: {room} -> {method.room}"


def test_nobody_goes_around_it() -> None:
    """Nameko's own clients wait for ever, and hide who calls whom."""
    around = ("ServiceRpc", "ClusterRpc", "RpcProxy", "ClusterRpcProxy", "ServiceRpcClient", "ClusterRpcClient")
    found = [f"{module.__name__}: {name}" for files in modules().values() for module in files
             for name in around if name in vars(module)]
    assert found == []
