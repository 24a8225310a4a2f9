"""The project's own files, as text and as syntax."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schemas", "gateway", "services", "operations", "testbed", "bench", "proof", "tests")
SHIPPED = ("schemas", "gateway", "services", "operations")
# Tools leave hidden folders behind; these are ours.
KEPT = {".ci", ".github"}


@dataclass(frozen=True)
class Source:
    """A Python file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def package(self) -> str:
        return self.path.relative_to(ROOT).parts[0]

    @property
    def is_migration(self) -> bool:
        """Whether Alembic wrote most of it."""
        return "migrations" in self.path.parts

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of its syntax."""
        return list(ast.walk(self.tree))

    def functions(self) -> Iterator[tuple[str, int]]:
        """The name and the length, in lines, of every function."""
        for node in self.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{self}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


source_at = cache(Source)   # which is parsed once, however many rules look at it


@cache
def sources(*packages: str) -> list[Source]:
    """Every Python file of these packages, or of all; a package without files would make every rule about it hold."""
    found = {package: files(ROOT / package, ".py") for package in packages or PACKAGES}
    assert all(found.values()), f"no files in {[package for package, paths in found.items() if not paths]}"
    return [source_at(path) for paths in found.values() for path in paths]


def files(folder: Path, *endings: str) -> list[Path]:
    """Every file below a folder that has one of these endings; in a worktree of Git, `.git` is a file and no part."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders
                            if name != "__pycache__" and (not name.startswith(".") or name in KEPT))
        found += [Path(place, name) for name in sorted(names) if name.endswith(endings) and name != ".git"]
    return found
