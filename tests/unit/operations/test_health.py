"""What `operations status --json` says of whatever answers at the port of the mesh."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from operations.processes import health

READY = json.dumps({"ready": False, "rooms": {"order": "missing"}})


@pytest.mark.parametrize(("answer", "ready"), [
    ((200, "<h1>Another program</h1>"), None), ((404, ""), None), ((0, "Connection refused"), None),
    ((503, READY), json.loads(READY)),
])
def test_readiness_is_told_where_the_mesh_answers_and_null_where_anything_else_does(
    answer: tuple[int, str], ready: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "get_ready", lambda mesh: answer)
    mesh: Any = SimpleNamespace(run_folder=tmp_path, url="http://127.0.0.1:8000")
    assert health.get_status(mesh) == {"running": False, "url": mesh.url, "processes": [], "ready": ready}
