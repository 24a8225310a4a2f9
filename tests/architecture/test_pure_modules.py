"""A pure module decides: it has no I/O and no clock, so a test can try every case.

Pure are every rules.py, the geometry of seating, and all that these import.
"""

import ast
import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch

import pytest

from schemas.errors import Refusal
from tests.architecture.sources import ROOT, Source, source_at, sources

GEOMETRY = ("services/seating/chart.py", "services/seating/best_seats.py")
# Modules of the standard library through which a decision would depend on more than its arguments.
IMPURE = {"asyncio", "io", "logging", "os", "pathlib", "random", "shutil", "socket", "subprocess", "tempfile",
          "threading", "time", "urllib.request"}
CLOCK = re.compile(r"\b(now|utcnow|utc_now|today|monotonic)\(|\btime\.time\(")


def imports(source: Source) -> Iterator[tuple[str, str]]:
    """Every import of a module, wherever it stands: the module, and the name that is taken from it (or "")."""
    for node in source.nodes:
        match node:
            case ast.Import(names):
                yield from ((alias.name, "") for alias in names)
            case ast.ImportFrom(module, names):
                yield from ((module or ".", alias.name) for alias in names)


def imported_siblings(source: Source) -> Iterator[Source]:
    """The modules of our services that a module imports."""
    for module, name in imports(source):
        for dotted in (module, f"{module}.{name}"):
            path = ROOT / (dotted.replace(".", "/") + ".py")
            if dotted.startswith("services.") and path.exists():
                yield source_at(path)


def pure_modules() -> list[Source]:
    """Every module that has to be pure, because of its name or because a pure one imports it."""
    waiting = [source for source in sources("services") if source.path.name == "rules.py" or str(source) in GEOMETRY]
    found: dict[str, Source] = {}
    while waiting:
        source = waiting.pop()
        if str(source) not in found:
            found[str(source)] = source
            waiting += imported_siblings(source)
    return sorted(found.values(), key=str)


def is_allowed(module: str, name: str) -> bool:
    """Whether a pure module may import this: the standard library without I/O, a refusal, or another pure module."""
    package = module.partition(".")[0]
    if package == "schemas":
        thing = getattr(importlib.import_module(module), name, None)
        return isinstance(thing, type) and issubclass(thing, Refusal)
    if package == "services":
        return "foundation" not in module.split(".")
    return package in sys.stdlib_module_names and module not in IMPURE and f"{module}.{name}" not in IMPURE


def test_pure_modules_are_found() -> None:
    assert {"services/order/rules.py", "services/film/rules.py", *GEOMETRY} <= set(map(str, pure_modules()))


@pytest.mark.parametrize("source", pure_modules(), ids=str)
def test_a_pure_module_imports_the_standard_library_and_refusals_only(source: Source) -> None:
    assert [each for each in imports(source) if not is_allowed(*each)] == []


@pytest.mark.parametrize("source", pure_modules(), ids=str)
def test_a_pure_module_asks_no_clock(source: Source) -> None:
    """It gets `now` as an argument, so that a test can choose it."""
    assert not CLOCK.search(source.text)


def test_mutation_testing_writes_faults_into_every_pure_module() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]["only_mutate"]
    assert [str(source) for source in pure_modules()
            if not any(fnmatch(str(source), pattern) for pattern in patterns)] == []


@pytest.mark.parametrize(("module", "name"), [
    ("sqlalchemy", "select"), ("services.foundation", "database"), ("services.foundation.ids", "new_id"),
    ("schemas", "order"), ("schemas.fields", "Id"), ("time", ""), ("os", "environ"), ("urllib", "request"),
])
def test_an_impure_import_is_noticed(module: str, name: str) -> None:
    assert not is_allowed(module, name)
