"""Who may import whom: the contracts of pyproject.toml, and what import-linter can't say."""

import graphlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

from tests.architecture.sources import ROOT, SHIPPED

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
# For each contract an import that breaks it: the module, and the line that is added at its end.
BREACHES = {
    "packages": ("services/film/service.py", "import operations.mesh"),
    "gateway": ("gateway/replies.py", "import services.order.models"),
    "rooms": ("services/film/store.py", "import services.kitchen.rules"),
    "libraries": ("services/foundation/ids.py", "import services.seating.chart"),
    "inside-rooms": ("services/kitchen/models.py", "import services.kitchen.store"),
    "service": ("services/user/store.py", "import services.user.service"),
    "operations": ("operations/mesh.py", "import operations.processes.health"),
    "acyclic": ("operations/servers/redis.py", "import operations.mesh"),
    "drivers": ("services/user/service.py", "import sqlalchemy"),
    "light": ("schemas/base.py", "import nameko"),
}


def lint(folder: Path) -> str:
    """What import-linter says of the tree in a folder; its last lines count the contracts."""
    tool = Path(sys.executable).with_name("lint-imports")
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"}
    done = subprocess.run([tool, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True,
                          timeout=120, check=False)
    return done.stdout + done.stderr


def test_every_contract_is_kept() -> None:
    said = lint(ROOT)
    assert f"Contracts: {len(SETTINGS['contracts'])} kept, 0 broken." in said, said


def test_the_contracts_cover_every_shipped_package() -> None:
    assert set(SETTINGS["root_packages"]) == set(SHIPPED)


@pytest.fixture(scope="module")
def report_on_breaches(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy of the tree in which every contract is broken once."""
    folder = tmp_path_factory.mktemp("breaches")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in SHIPPED:
        shutil.copytree(ROOT / package, folder / package)
    for file, line in BREACHES.values():
        with (folder / file).open("a") as module:
            module.write(f"\n{line}\n")
    return lint(folder)


@pytest.mark.parametrize("contract", SETTINGS["contracts"], ids=lambda contract: contract["id"])
def test_a_breach_of_a_contract_is_reported(report_on_breaches: str, contract: dict[str, str]) -> None:
    assert contract["id"] in BREACHES
    assert re.search(rf"^{re.escape(contract['name'])} BROKEN", report_on_breaches, re.MULTILINE), report_on_breaches


def test_no_two_modules_import_each_other() -> None:
    graph = grimp.build_graph(*SHIPPED, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    graphlib.TopologicalSorter(imports).prepare()  # raises CycleError with the modules of a circle
