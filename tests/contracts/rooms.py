"""The rooms as their code has them."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR, Entrypoint

import gateway
import services
from schemas.base import Method

ROOT = Path(__file__).resolve().parents[2]


@cache
def service_classes() -> dict[str, type]:
    """The service class of the gateway and of every folder that has a service.py, by its RPC name."""
    files = [*ROOT.glob("services/*/service.py"), *ROOT.glob("gateway/service.py")]
    modules = [importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts)) for file in files]
    found = [(thing.name, thing) for module in modules for thing in vars(module).values()
             if inspect.isclass(thing) and thing.__module__ == module.__name__ and hasattr(thing, "name")]
    assert len(found) == len(dict(found)), "two service classes have one name"
    return dict(found)


def entrypoints(service: type) -> Iterator[tuple[Any, Entrypoint]]:
    """Every function of a service class that the bus or the web can reach, with how."""
    for _, function in inspect.getmembers(service, inspect.isfunction):
        for entrypoint in getattr(function, ENTRYPOINT_EXTENSIONS_ATTR, ()):
            yield function, entrypoint


@cache
def modules() -> dict[str, list[ModuleType]]:
    """Every module of the gateway and the rooms, by room."""
    found: dict[str, list[ModuleType]] = {}
    for package in (gateway, services):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if "migrations" in module.name or "alembic" in module.name:
                continue
            room = module.name.split(".")[1] if package is services else "gateway"
            found.setdefault(room, []).append(importlib.import_module(module.name))
    return found


@cache
def syntax(module: ModuleType) -> ast.Module:
    return ast.parse(Path(str(module.__file__)).read_text())


@cache
def nodes_of(module: ModuleType) -> list[ast.AST]:
    """Every node of a module's syntax."""
    return list(ast.walk(syntax(module)))


def meant(module: ModuleType, expression: ast.expr | None) -> Any:
    """What a name or a dotted name in a module's code refers to, or None."""
    match expression:
        case ast.Name(name):
            return getattr(module, name, None)
        case ast.Attribute(value, name):
            return getattr(meant(module, value), name, None)
        case ast.Call(function):
            return meant(module, function)
    return None


@cache
def calls() -> list[tuple[str, str, Method | None]]:
    """Every `...remote.call(METHOD, ...)`: the room, where it stands, and the method as far as it can be read."""
    return [(room, f"{module.__name__}:{node.lineno}", as_method(meant(module, node.args[0])))
            for room in sorted(service_classes()) for module in modules()[room] for node in nodes_of(module)
            if isinstance(node, ast.Call) and is_remote_call(node)]


def is_remote_call(node: ast.Call) -> bool:
    match node.func:
        case ast.Attribute(ast.Name("remote") | ast.Attribute(_, "remote"), "call"):
            return bool(node.args)
    return False


def as_method(thing: object) -> Method | None:
    return thing if isinstance(thing, Method) else None
