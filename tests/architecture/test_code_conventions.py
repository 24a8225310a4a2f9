"""What keeps the code readable and safe to ship: plain names, one place for settings, pinned packages, no secret."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from gateway.replies import STANDARD
from schemas import catalogue
from tests.architecture.sources import ROOT, SHIPPED, files, sources

NO_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}
NO_LAYERS = {"handler", "handlers", "usecase", "usecases", "use_cases", "repository", "repositories", "base_service",
             "controllers", "interfaces", "impl"}


def test_a_module_says_at_its_top_what_it_is_for() -> None:
    assert [str(source) for source in sources() if source.package != "tests"
            if source.text.strip() and not ast.get_docstring(source.tree)] == []


def test_only_foundation_uses_namekos_timer() -> None:
    """It follows the wall clock, which may be set."""
    assert [str(source) for source in sources(*SHIPPED) if "nameko.timer" in source.text] == [
        "services/foundation/timers.py"]


def test_no_file_has_a_name_that_says_nothing() -> None:
    names = {part for source in sources() for part in (*source.path.parent.relative_to(ROOT).parts, source.path.stem)}
    assert names & NO_NAMES == set()


def test_rooms_grow_no_layers() -> None:
    names = {part for source in sources("services", "gateway") for part in (source.path.parent.name, source.path.stem)}
    assert names & NO_LAYERS == set()


def reads_environment(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(ast.Name("os"), "environ" | "environb" | "getenv"):
            return True
        case ast.ImportFrom("os", names):
            return bool({alias.name for alias in names} & {"environ", "environb", "getenv"})
    return False


def test_only_config_yml_reads_the_environment() -> None:
    assert [str(source) for source in sources("schemas", "services", "gateway")
            if any(map(reads_environment, source.nodes))] == []


@pytest.mark.parametrize("code", ["import os\nos.environ['X']", "import os\nos.getenv('X')", "from os import getenv"])
def test_a_module_that_reads_the_environment_is_found(code: str) -> None:
    """The negative control."""
    assert any(map(reads_environment, ast.walk(ast.parse(code))))


# --- packages, paths, secrets ---


@pytest.mark.parametrize("path", files(ROOT, "requirements.txt", "requirements-dev.txt"), ids=lambda path: path.name)
def test_requirements_are_pinned_hashed_and_name_no_index(path: Path) -> None:
    text = path.read_text()
    for requirement in re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).strip()):
        assert re.match(r"[A-Za-z0-9._\[\],-]+==\S+", requirement), requirement.split("\n")[0]
        assert "--hash=sha256:" in requirement, requirement.split("\n")[0]
    assert not re.search(r"https?://|--(extra-)?index|--find-links|--trusted-host|^-i\b", text, re.MULTILINE)


@pytest.mark.parametrize("path", files(ROOT, "requirements.in", "requirements-dev.in", "pyproject.toml", "Dockerfile"),
                         ids=lambda path: path.name)
def test_a_list_of_packages_names_no_index(path: Path) -> None:
    assert not re.search(r"--(extra-)?index|--find-links|--trusted-host|index-url", path.read_text())


@pytest.mark.parametrize("place", ["/" + "work/", "/" + "tmp/" + "w/"])
def test_no_file_names_the_folder_it_was_written_in(place: str) -> None:
    found = [str(path.relative_to(ROOT)) for path in files(ROOT, "") if place.encode() in path.read_bytes()]
    assert found == []


def test_the_tree_holds_no_secret() -> None:
    found = [str(path.relative_to(ROOT)) for path in files(ROOT, "")
             if path.suffix in (".pem", ".key", ".p12") or path.name in (".env", "id_rsa")]
    assert found == []


def name_of(function: ast.expr) -> str:
    return getattr(function, "attr", "") or getattr(function, "id", "")


def facts(nodes: Iterable[ast.AST]) -> list[str | None]:
    """The names of what refusals are made with."""
    refusals = {refusal.__name__ for refusal in catalogue.refusals().values()}
    return [keyword.arg for node in nodes if isinstance(node, ast.Call) and name_of(node.func) in refusals
            for keyword in node.keywords]


def test_a_fact_of_a_refusal_has_no_name_that_every_problem_has() -> None:
    """Over HTTP, `status` is the number of the answer, so it would hide the status of an order."""
    told = {(str(source), fact) for source in sources("services", "gateway") for fact in facts(source.nodes)}
    assert told
    assert {(file, fact) for file, fact in told if fact in STANDARD} == set()


def test_a_fact_of_a_refusal_that_hides_a_member_of_the_problem_is_found() -> None:
    """The negative control."""
    nodes = ast.walk(ast.parse('raise errors.Busy(retry_after=1, status="paid")\nprint(title="not a fact")'))
    assert [fact for fact in facts(nodes) if fact in STANDARD] == ["status"]
