"""deploy/systemd: systemd accepts the unit, which runs commands that there are."""

import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

from operations.__main__ import operations
from operations.mesh import ROOT

UNIT = ROOT / "deploy" / "systemd" / "marquee.service"


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/marquee", str(ROOT)))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if UNIT.name in line]) == (0, [])


def test_the_unit_runs_the_mesh_and_starts_it_again_for_ever() -> None:
    unit = RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(UNIT.read_text())
    service = unit["Service"]
    python = f"{service['WorkingDirectory']}/.venv/bin/python -m operations"
    assert (service["ExecStart"], service["ExecReload"]) == (f"{python} run", f"{python} reload")
    assert {"run", "reload"} <= operations.commands.keys()
    assert (service["Restart"], service["KillMode"]) == ("on-failure", "mixed")
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert unit["Install"]["WantedBy"] == "multi-user.target"
