"""What templates import, and how they notice that it has changed."""

import sys
from pathlib import Path

import pytest

from operations.supervision import preloading
from operations.supervision.preloading import RUNNERS, Freshness, import_all, modules_of_rooms


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree with a room and a library beside it, from which Python imports."""
    for name, text in {
        "services/__init__.py": "", "services/foundation/__init__.py": "", "services/foundation/words.lua": "",
        "services/foundation/events/topology.py": "import json\n    import lazily\n",
        "services/film/service.py": "import sqlalchemy.orm\nfrom services.foundation.events import topology\n"
                                    "from services.film import store\nfrom schemas.film import FILM\n",
        "services/film/load_command.py": "import of_a_command\n",
        "services/film/migrations/0001.py": "import of_a_migration\n",
        "libraries/library.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "libraries")])
    return tmp_path


def test_libraries_contracts_and_foundation_are_imported_and_nothing_of_one_room(tree: Path) -> None:
    assert modules_of_rooms(tree) == [*RUNNERS, "json", "schemas.film", "services.foundation.events", "sqlalchemy.orm"]


def test_a_module_that_fails_hinders_no_other(tree: Path) -> None:
    (tree / "libraries" / "broken_library.py").write_text("raise RuntimeError('a mistake')\n")
    problems = import_all(["broken_library", "library", "missing_library"])
    assert problems == ["broken_library can't be imported: RuntimeError: a mistake",
                        "missing_library can't be imported: ModuleNotFoundError: No module named 'missing_library'"]
    assert sys.modules.pop("library")


@pytest.mark.parametrize(("path", "is_fresh"), [
    ("services/foundation/words.lua", False), ("services/foundation/__init__.py", False),
    ("services/film/service.py", True), ("libraries/another.py", False), ("README.md", True),
])
def test_a_change_of_what_was_imported_is_noticed(
    tree: Path, monkeypatch: pytest.MonkeyPatch, path: str, is_fresh: bool,
) -> None:
    fresh = Freshness(tree)
    monkeypatch.setattr(preloading.sys, "modules", {"foundation": FakeModule(tree / "services/foundation/__init__.py")})
    fresh.settle()
    assert fresh
    (tree / path).write_text("changed\n")
    assert bool(fresh) == is_fresh


def test_a_change_during_the_imports_is_noticed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = Freshness(tree)
    (tree / "services/foundation/words.lua").unlink()
    monkeypatch.setattr(preloading.sys, "modules", {"foundation": FakeModule(tree / "services/foundation/__init__.py")})
    fresh.settle()
    assert not fresh


class FakeModule:
    def __init__(self, file: Path) -> None:
        self.__file__ = str(file)
