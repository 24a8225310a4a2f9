"""What callers can read: the shared packages have docstrings, and whatever one of them names is there."""

import ast
import pkgutil
import re
from collections.abc import Iterator

import pytest

from tests.architecture.sources import ROOT, SHIPPED, sources

FOLDERS = ("schemas", "services/foundation", "services/seating")
MOST_MISSING = 0.05   # of the public names of a folder
# What one file says of another: a part of the contract, or a file of the pages or the tests.
CONTRACT, FILE = re.compile(r"\bschemas(?:\.\w+)+"), re.compile(r"\b(?:web|tests)/[\w/.-]+\.(?:js|json|py)\b")
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | Definition


def public(node: ast.AST, name: str) -> Iterator[tuple[str, Documented]]:
    """The public things in a module or class, each with its name; nobody calls what is inside a function."""
    if isinstance(node, Documented):
        yield name, node
    if isinstance(node, ast.Module | ast.ClassDef):
        for inner in node.body:
            if isinstance(inner, Definition) and not inner.name.startswith("_") and inner.name != "Meta":
                yield from public(inner, f"{name}:{inner.name}")


def names(folder: str) -> dict[str, str | None]:
    """The docstring of each public thing in a folder, or None."""
    found: dict[str, str | None] = {}
    for source in sources(folder):
        if source.text.strip():  # a package's empty __init__.py has nothing to say
            found.update({name: ast.get_docstring(node) for name, node in public(source.tree, str(source))})
    return found


def words(text: str) -> set[str]:
    """The words of a name or sentence, without endings that make no difference."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z]", " ", text).lower()
    return {word.removesuffix("s") for word in spaced.split()} - {"a", "an", "the", "of", "this", "it"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_public_names_have_docstrings(folder: str) -> None:
    found = names(folder)
    missing = [name for name, docstring in found.items() if not docstring]

    assert len(missing) <= MOST_MISSING * len(found), "\n".join(missing)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_docstring_says_more_than_its_name(folder: str) -> None:
    repeating = [name for name, docstring in names(folder).items()
                 if docstring and words(docstring) <= words(name.rpartition(":")[2])]

    assert not repeating


def test_a_class_without_a_docstring_is_found() -> None:
    tree = ast.parse('"""A file."""\nclass Ticket:\n  def print(self): ...\n  def _draw(self): ...\ndef _fold(): ...')

    assert [(name, bool(ast.get_docstring(node))) for name, node in public(tree, "tickets.py")] == [
        ("tickets.py", True), ("tickets.py:Ticket", False), ("tickets.py:Ticket:print", False)]


# --- what they name ---


def missing_names(text: str) -> list[str]:
    """The parts of the contract, and the files, that a text names and that are not there."""
    return [name for name in CONTRACT.findall(text) if not exists(name)] + [
        name for name in FILE.findall(text) if not (ROOT / name).exists()]


def exists(name: str) -> bool:
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_what_a_file_names_is_there() -> None:
    assert {str(source): missing for source in sources(*SHIPPED) if (missing := missing_names(source.text))} == {}


@pytest.mark.parametrize(("text", "missing"), [
    ("a schemas.order.Order", []), ("a schemas.order.Nothing.", ["schemas.order.Nothing"]),
    ("as web/hall/geometry.js has it", []), ("as web/hall/none.js has it", ["web/hall/none.js"]),
])
def test_a_name_of_something_that_is_gone_is_noticed(text: str, missing: list[str]) -> None:
    assert missing_names(text) == missing
