"""Tests stand by themselves: steps and samples that several tests share are in modules of their own."""

import ast

import pytest

from tests.architecture.sources import ROOT, Source, sources


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


def uncovered(tree: ast.Module) -> list[int]:
    """The lines in which a `full_size` marker names no test file that runs at every change."""
    def stands_in(argument: ast.expr) -> bool:
        match argument:
            case ast.Constant(value=str(path)):
                return (ROOT / "tests" / path).is_file()
        return False

    marks = [node for node in ast.walk(tree)
             if isinstance(node, ast.Attribute) and ast.unparse(node) == "pytest.mark.full_size"]
    called = {id(node.func): node.args for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return [mark.lineno for mark in marks
            if not (arguments := called.get(id(mark), [])) or not all(map(stands_in, arguments))]


def test_a_test_that_runs_at_full_size_only_says_which_others_cover_it_at_every_change() -> None:
    assert {str(source): lines for source in sources("tests") if (lines := uncovered(source.tree))} == {}


@pytest.mark.parametrize("argument", ["", "()", "('no/such_test.py')", "('conftest.py', 'a reason')", "(name)"])
def test_a_full_size_test_that_names_no_other_is_found(argument: str) -> None:
    """The negative control."""
    assert uncovered(ast.parse(f"@pytest.mark.full_size{argument}\ndef test(): ...")) == [1]
