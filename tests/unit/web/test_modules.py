"""The scripts of the pages: who imports whom, and their own tests, which need no browser."""

import os
import posixpath
import re
import subprocess
from collections import Counter
from graphlib import CycleError, TopologicalSorter

from gateway.routes.static_files import FOLDER
from tests.architecture.sources import ROOT

IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+)["']""")
MOST_FILES_IN_A_FOLDER = 12
MOST_LINES_IN_A_FILE = 260
DENO = ROOT / ".venv" / "bin" / "deno"


def imports(texts: dict[str, str]) -> dict[str, set[str]]:
    """What each script imports, at its start or later."""
    return {name: {posixpath.normpath(posixpath.join(posixpath.dirname(name), other)) for other in IMPORT.findall(text)}
            for name, text in texts.items()}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Scripts that import each other in a circle, or none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


SCRIPTS = {path.relative_to(FOLDER).as_posix(): path.read_text() for path in sorted(FOLDER.rglob("*.js"))}


def test_no_script_imports_itself_over_others() -> None:
    graph = imports(SCRIPTS)
    assert len(graph["app.js"]) > 3
    assert circle(graph) == []


def test_a_circle_over_a_page_that_is_imported_later_is_found() -> None:
    scripts = {"navigation.js": 'const load = () => import("./pages/film.js");',
               "pages/film.js": 'import { go } from "../navigation.js";'}
    assert set(circle(imports(scripts))) == set(scripts)


def test_navigation_imports_no_page() -> None:
    assert [name for name in imports(SCRIPTS)["navigation.js"] if name.startswith("pages/")] == []


def test_no_folder_holds_more_scripts_than_a_reader_can_keep_in_mind() -> None:
    folders = Counter(posixpath.dirname(name) for name in SCRIPTS)
    assert {folder: count for folder, count in folders.items() if count > MOST_FILES_IN_A_FOLDER} == {}


def test_scripts_are_small() -> None:
    lengths = {name: len(text.splitlines()) for name, text in SCRIPTS.items()}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_IN_A_FILE} == {}


def test_the_scripts_own_tests_pass() -> None:
    environment = {**os.environ, "DENO_DIR": str(ROOT / ".run" / "deno"), "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}
    done = subprocess.run([DENO, "test", "--no-remote", "--allow-read", "tests/web/"], cwd=ROOT, env=environment,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"ok \| [1-9]\d* passed", done.stdout)
