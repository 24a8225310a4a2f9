"""Tests stand by themselves: steps and samples that several tests share are in modules of their own."""

import ast
from functools import cache

import pytest

from tests.architecture.sources import ROOT, Source, source_at, sources

RUNS_SCRIPTS = "unit/web/test_modules.py"   # those of tests/web/, which can be named themselves


def imported_modules(source: Source) -> set[str]:
    """The dotted names of all modules that a file imports, and `module.name` of what it imports from them."""
    nodes = list(source.nodes)
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {f"{node.module}.{alias.name}" for node in nodes if isinstance(node, ast.ImportFrom)
                    for alias in node.names}


def imported_tests(names: set[str]) -> set[str]:
    return {name for name in names if name.startswith("tests.")
            and any(part.startswith("test_") for part in name.split("."))}


def test_no_module_imports_a_test_module() -> None:
    assert {str(source): found for source in sources("tests")
            if (found := imported_tests(imported_modules(source)))} == {}


def test_an_import_of_a_test_module_is_found() -> None:
    """The negative control."""
    assert imported_tests({"tests.integration.order.test_orders.buy", "tests.drivers.orders.buy"}) == {
        "tests.integration.order.test_orders.buy"}


def test_a_rule_about_a_package_without_files_fails() -> None:
    with pytest.raises(AssertionError, match="no files in .'no_such_package'."):
        sources("tests", "no_such_package")


# --- what runs at full size only ---


def is_mark(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "full_size" and ast.unparse(node) == "pytest.mark.full_size"


def unmarked_tests(tree: ast.Module) -> list[str]:
    """The tests of a module that `full_size` marks neither by itself, nor under another name, nor by `pytestmark`."""
    named = {ast.unparse(target) for node in tree.body if isinstance(node, ast.Assign)
             if any(map(is_mark, ast.walk(node.value))) for target in node.targets}

    def is_left_out(decorator: ast.expr) -> bool:
        mark = decorator.func if isinstance(decorator, ast.Call) else decorator
        return is_mark(mark) or ast.unparse(mark) in named

    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
            if "pytestmark" not in named and not any(map(is_left_out, node.decorator_list))]


@cache
def runs_at_every_change(path: str) -> bool:
    """Whether this file below tests/ has a test that does."""
    file = ROOT / "tests" / path
    if path.startswith("web/"):
        return path.endswith("_test.js") and file.is_file()
    is_test = path.endswith(".py") and file.name.startswith("test_") and path != RUNS_SCRIPTS
    return is_test and file.is_file() and bool(unmarked_tests(source_at(file).tree))


def uncovered(nodes: list[ast.AST]) -> list[int]:
    """The lines in which a `full_size` marker names no test file, or one of which nothing runs at every change."""
    def covers(argument: ast.expr) -> bool:
        match argument:
            case ast.Constant(value=str(path)):
                return runs_at_every_change(path)
        return False

    marks = [node for node in nodes if is_mark(node)]
    called = {id(node.func): node.args for node in nodes if isinstance(node, ast.Call)}
    return [mark.lineno for mark in marks
            if not (arguments := called.get(id(mark), [])) or not all(map(covers, arguments))]


def test_a_test_that_runs_at_full_size_only_says_which_others_cover_it_at_every_change() -> None:
    assert {str(source): lines for source in sources("tests") if (lines := uncovered(source.nodes))} == {}


@pytest.mark.parametrize("argument", ["", "()", "('no/such_test.py')", "('conftest.py', 'a reason')", "(name)",
                                      f"('{RUNS_SCRIPTS}')", "('web/browser.js')",
                                      "('integration/storms/test_clusters.py')"])
def test_a_full_size_test_that_names_no_other_is_found(argument: str) -> None:
    """The negative control."""
    assert uncovered(list(ast.walk(ast.parse(f"@pytest.mark.full_size{argument}\ndef test(): ...")))) == [1]


@pytest.mark.parametrize(("head", "tests"), [
    ("@pytest.mark.full_size('a')", ["test_b"]),
    ("at_full_size = pytest.mark.full_size('a')\n@at_full_size", ["test_b"]),
    ("pytestmark = [pytest.mark.alone, pytest.mark.full_size('a')]\n", []),
    ("@pytest.mark.parametrize('seats', [3, pytest.param(8, marks=pytest.mark.full_size('a'))])", ["test_a", "test_b"]),
])
def test_what_runs_at_every_change_is_what_no_marker_leaves_out(head: str, tests: list[str]) -> None:
    assert unmarked_tests(ast.parse(f"{head}\ndef test_a(): ...\ndef test_b(): ...")) == tests
