"""The commands and the code of the README run here as they stand there."""

import os
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
    [first, second, *imports, call] = (code("python mesh") + code("python user")).replace(">>> ", "").splitlines()
    script = "\n".join([f"print({first})", f"print({second})", *imports, f"print('of a user:', {call})", ""])

    done = subprocess.run([nameko, "shell", "--config", "config.yml"], input=script, cwd=ROOT, env=mesh.environment,
                          capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert "'films': [{" in done.stdout
    assert "'title': 'Arrival'" in done.stdout
    assert "of a user: {'orders': []" in done.stdout


@pytest.fixture(scope="module")
def tree_with_a_new_room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with the README's new room in it, and nothing else changed."""
    tree = tmp_path_factory.mktemp("new_room") / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv", ".run", "__pycache__", ".*_cache"))
    (tree / "services/hours").mkdir()
    (tree / "services/hours/__init__.py").touch()
    for file in ("schemas/hours.py", "services/hours/service.py"):
        (tree / file).write_text(code(f"python {file}"))
    return tree


@pytest.fixture
def gateway_beside_a_new_room(mesh: Mesh, tree_with_a_new_room: Path) -> Iterator[str]:
    """The new room and a gateway of the copied tree, on the servers of the mesh; yields the gateway's URL."""
    port = free_ports(1)[0]
    environment = {**mesh.environment, "MARQUEE_PORT": str(port), "PYTHONPATH": str(tree_with_a_new_room)}
    nameko = str(Path(sys.executable).with_name("nameko"))
    rooms = [subprocess.Popen([nameko, "run", "--config", "config.yml", module], cwd=tree_with_a_new_room,
                              env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
             for module in ("gateway.service", "services.hours.service")]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        for room in rooms:
            room.terminate()
        for room in rooms:
            room.wait(60)


def test_a_new_room_is_found_without_a_registry(gateway_beside_a_new_room: str) -> None:
    def ask() -> requests.Response | None:
        try:
            reply = requests.get(f"{gateway_beside_a_new_room}/hours/GetHours", {"cinema_id": "x"}, timeout=10)
        except requests.RequestException:
            return None
        return reply if reply.status_code == 200 else None

    assert wait_until(ask, 90, "the new room").json() == {"opens": "10:00", "closes": "24:00"}
    assert "hours" in requests.get(f"{gateway_beside_a_new_room}/openapi.json", timeout=10).text
    methods = wait_until(lambda: methods_of(gateway_beside_a_new_room, "hours"), 60, "the presence of the new room")
    assert methods == ["get_hours"]


def methods_of(url: str, room: str) -> list[str]:
    """The methods that the room announces on the bus."""
    services = requests.get(f"{url}/services", timeout=10).json()["services"]
    return next((found["methods"] for found in services if found["room"] == room), [])


def pytest_in(tree: Path, *arguments: str) -> str:
    """What pytest prints about tests of that tree, all of which pass."""
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments], cwd=tree,
                          env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, text=True, timeout=600,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.full_size("architecture/test_imports.py", "contracts/test_rooms.py")
def test_a_new_room_passes_every_architecture_test(tree_with_a_new_room: Path) -> None:
    """Without the controls, which break the tree on purpose."""
    report = pytest_in(tree_with_a_new_room, "-rA", "-k", "not breach and not circle", "tests/architecture")
    assert "services/hours/service.py" in report


@pytest.mark.full_size("contracts/test_compose.py")
def test_docker_compose_starts_a_new_room_by_the_lines_of_the_readme(tree_with_a_new_room: Path) -> None:
    compose = tree_with_a_new_room / "docker-compose.yml"
    compose.write_text(compose.read_text().replace("\nservices:\n", "\nservices:\n" + code("yaml docker-compose.yml")))

    pytest_in(tree_with_a_new_room, "tests/contracts/test_compose.py")
