"""Odd requests to every method, drawn from the API's own description: no fault of ours, and nothing ends."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.mesh import Mesh
from tests.sizes import Size

Tell = Callable[[str, object], None]


@pytest.mark.parametrize("role", ["", "manager"])
def test_odd_requests_meet_no_fault(mesh: Mesh, size: Size, seed: int, role: str, tmp_path: Path,
                                    record_property: Tell) -> None:
    """Schemathesis draws them: valid and invalid ones, a number for each method."""
    [token] = mesh.buyers(1, json.dumps([role] if role else []))
    before = {program: mesh.pid(program) for program in mesh.supervisor.programs()}

    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", mesh.url + "/openapi.json", "--phases=fuzzing",
         "--checks=not_a_server_error", f"--max-examples={size.fuzz_cases}", f"--seed={seed}", "--no-shrink",
         "--continue-on-failure", "--warnings=off", "--suppress-health-check=all", "--request-timeout=30",
         f"--header=Authorization: Bearer {token}"],
        cwd=tmp_path, capture_output=True, text=True, timeout=3600, check=False)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    found = re.search(r"([\d,]+) generated", done.stdout)
    assert found, done.stdout[-2000:]
    record_property("tried", f"{found[1]} odd requests of a {role or 'member'}")
    assert {program: mesh.pid(program) for program in mesh.supervisor.programs()} == before, "a process died"
    mesh.check_invariants()
