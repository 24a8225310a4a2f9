"""What keeps the code readable: small files, small functions, plain names, one place for settings."""

import ast
import re
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from gateway.replies import STANDARD
from schemas import catalogue
from tests.architecture.sources import ROOT, SHIPPED, Source, files, sources

FILE_LINES, FUNCTION_LINES, MOST_FUNCTIONS_LINES = 260, 60, 30
# The tests of one thing may be longer than the thing.
TEST_FILE_LINES = 400
FOLDER_FILES = 13
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}
NO_LAYERS = {"handler", "handlers", "usecase", "usecases", "use_cases", "repository", "repositories", "base_service",
             "controllers", "interfaces", "impl"}


def test_imports_follow_the_floor_plan() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_are_small() -> None:
    long = {str(source): lines for source in sources()
            if (lines := len(source.text.splitlines())) > (TEST_FILE_LINES if source.package == "tests" else FILE_LINES)
            and not source.is_migration}
    assert long == {}


def test_functions_are_small() -> None:
    lengths = {name: lines for source in sources(*SHIPPED) if not source.is_migration
               for name, lines in source.functions()}
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}
    assert statistics.quantiles(lengths.values(), n=20)[-1] <= MOST_FUNCTIONS_LINES


@pytest.mark.parametrize("source", [source for source in sources() if source.package != "tests"], ids=str)
def test_a_module_says_what_it_is_for(source: Source) -> None:
    assert not source.text.strip() or ast.get_docstring(source.tree), "one sentence at the top"


def test_rooms_have_no_timers_but_ours() -> None:
    """Stock Nameko's follow the wall clock, which may be set."""
    assert [str(source) for source in sources(*SHIPPED) if "nameko.timer" in source.text] == [
        "services/foundation/timers.py"]


def test_files_are_named_after_things() -> None:
    names = {part for source in sources() for part in (*source.path.parent.relative_to(ROOT).parts, source.path.stem)}
    assert names & NO_NAMES == set()


def test_rooms_grow_no_layers() -> None:
    names = {part for source in sources("services", "gateway") for part in (source.path.parent.name, source.path.stem)}
    assert names & NO_LAYERS == set()


def test_no_folder_holds_more_than_a_reader_can_keep_in_mind() -> None:
    folders = Counter(source.path.parent for source in sources(*SHIPPED)
                      if source.path.stem != "__init__" and not source.is_migration)
    assert {str(folder.relative_to(ROOT)): files for folder, files in folders.items() if files > FOLDER_FILES} == {}


@pytest.mark.parametrize("source", sources("schemas", "services", "gateway"), ids=str)
def test_only_config_yml_reads_the_environment(source: Source) -> None:
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(ast.Name("os"), "environ" | "environb" | "getenv"):
                pytest.fail(f"{source}:{node.lineno}")
            case ast.ImportFrom("os", names):
                assert not {alias.name for alias in names} & {"environ", "environb", "getenv"}


@pytest.mark.parametrize("source", sources("services"), ids=str)
def test_only_services_ask_the_clock_not_rules(source: Source) -> None:
    """A rule gets `now` as an argument, so that a test can choose it."""
    if source.path.name == "rules.py":
        assert not re.search(r"\b(now|utcnow|utc_now|today|monotonic)\(|\btime\.time\(", source.text)


# --- what is shipped ---


@pytest.mark.parametrize("path", files(ROOT, "requirements.txt", "requirements-dev.txt"), ids=lambda path: path.name)
def test_requirements_are_pinned_hashed_and_name_no_index(path: Path) -> None:
    text = path.read_text()
    for requirement in re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).strip()):
        assert re.match(r"[A-Za-z0-9._\[\],-]+==\S+", requirement), requirement.split("\n")[0]
        assert "--hash=sha256:" in requirement, requirement.split("\n")[0]
    assert not re.search(r"https?://|--(extra-)?index|--find-links|--trusted-host|^-i\b", text, re.MULTILINE)


@pytest.mark.parametrize("path", files(ROOT, "requirements.in", "requirements-dev.in", "pyproject.toml", "Dockerfile"),
                         ids=lambda path: path.name)
def test_what_we_ask_for_names_no_index(path: Path) -> None:
    assert not re.search(r"--(extra-)?index|--find-links|--trusted-host|index-url", path.read_text())


@pytest.mark.parametrize("place", ["/" + "work/", "/" + "tmp/" + "w/"])
def test_no_file_knows_where_it_was_written(place: str) -> None:
    found = [str(path.relative_to(ROOT)) for path in files(ROOT, "") if place.encode() in path.read_bytes()]
    assert found == []


def test_no_secret_lies_in_the_tree() -> None:
    found = [str(path.relative_to(ROOT)) for path in files(ROOT, "")
             if path.suffix in (".pem", ".key", ".p12") or path.name in (".env", "id_rsa")]
    assert found == []


@pytest.mark.parametrize("source", sources("services", "gateway"), ids=str)
def test_what_a_refusal_is_about_does_not_hide_behind_the_members_of_every_problem(source: Source) -> None:
    """Over HTTP `status`, say, is the answer's own number, so nobody would see an order's."""
    refusals = {refusal.__name__ for refusal in catalogue.refusals().values()}
    facts = {keyword.arg for node in ast.walk(source.tree) if isinstance(node, ast.Call) for keyword in node.keywords
             if ast.unparse(node.func).rpartition(".")[2] in refusals}
    assert facts & set(STANDARD) == set()
