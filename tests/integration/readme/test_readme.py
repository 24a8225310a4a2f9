"""What the README says is done here, word for word."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from testbed.mesh import ROOT, Mesh, free_ports, wait_until

README = (ROOT / "README.md").read_text()
COPIED = ("schemas", "gateway", "web", "services", "config.yml")


def code(label: str) -> str:
    """The code block of the README that carries this label."""
    [block] = re.findall(rf"^```{re.escape(label)}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return str(block)


def test_the_tour_goes_from_register_to_refund(mesh: Mesh) -> None:
    script = code("bash tour").replace("http://127.0.0.1:8000", mesh.url)

    done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, timeout=120,
                          check=False)

    assert done.returncode == 0, done.stderr
    assert '"request_id"' not in done.stdout, done.stdout  # only refusals carry one
    assert '"status":"paid"' in done.stdout
    assert '"status":"part_refunded"' in done.stdout
    assert "\nrefunded\n" in done.stdout


def test_nameko_shell_reaches_the_mesh(mesh: Mesh) -> None:
    nameko = str(Path(sys.executable).with_name("nameko"))
    lines = code("python").replace(">>> ", "")
    asked = "".join(f"print({line})\n" for line in lines.splitlines())

    done = subprocess.run([nameko, "shell", "--config", "config.yml"], input=asked, cwd=ROOT, env=mesh.environment,
                          capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert "'films': [{" in done.stdout
    assert "'title': 'Arrival'" in done.stdout


@pytest.fixture
def house_with_a_new_room(mesh: Mesh, tmp_path: Path) -> Iterator[str]:
    """A copy of the tree with the README's new room in it, and a gateway of that copy; yields its URL."""
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    (tmp_path / "services/hours").mkdir()
    (tmp_path / "services/hours/__init__.py").touch()
    for file in ("schemas/hours.py", "services/hours/service.py"):
        (tmp_path / file).write_text(code(f"python {file}"))
    port = free_ports(1)[0]
    environment = {**mesh.environment, "MARQUEE_PORT": str(port), "PYTHONPATH": str(tmp_path)}
    nameko = str(Path(sys.executable).with_name("nameko"))
    rooms = [subprocess.Popen([nameko, "run", "--config", "config.yml", module], cwd=tmp_path, env=environment,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
             for module in ("gateway.service", "services.hours.service")]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        for room in rooms:
            room.terminate()
        for room in rooms:
            room.wait(30)


def test_a_new_room_is_found_without_a_registry(house_with_a_new_room: str) -> None:
    def ask() -> requests.Response | None:
        try:
            reply = requests.get(f"{house_with_a_new_room}/hours/GetHours", {"cinema_id": "x"}, timeout=10)
        except requests.ConnectionError:
            return None
        return reply if reply.status_code == 200 else None

    assert wait_until(ask, 30, "the new room").json() == {"opens": "10:00", "closes": "24:00"}
    assert "hours" in requests.get(f"{house_with_a_new_room}/openapi.json", timeout=10).text
    assert wait_until(lambda: methods_of(house_with_a_new_room, "hours"), 20, "the room's words") == ["get_hours"]


def methods_of(url: str, room: str) -> list[str]:
    """What the room says on the bus that it serves."""
    services = requests.get(f"{url}/services", timeout=10).json()["services"]
    return next((found["methods"] for found in services if found["room"] == room), [])
