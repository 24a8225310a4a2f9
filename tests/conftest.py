"""What the tests of a run share: one whole mesh, and servers without any room."""

import os
import secrets
import shutil
from collections.abc import Generator, Iterator

import nameko
import pytest
from sqlalchemy import Engine

from services.foundation import migrate
from services.foundation.database import make_engine
from testbed.mesh import ROOT, Mesh, private_environment, running_mesh
from tests.exclusive_lock import turn
from tests.sizes import SIZES, Size


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--size", choices=sorted(SIZES), default="ci", help="how much the tests try; see tests/sizes.py")
    parser.addoption("--seed", type=int, default=None, help="repeat a run that chance has part in; else a new one")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.seed is None:   # the processes of a run take their options from the first
        config.option.seed = secrets.randbits(32)


def pytest_report_header(config: pytest.Config) -> str:
    return f"size: {config.option.size}; what chance has part in is repeated by --seed={config.option.seed}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browsers keep a processor busy, integration tests mostly wait: their files are mixed evenly; others follow."""
    files = list(dict.fromkeys(item.path for item in items))
    slow = [[path for path in files if kind in path.parts] for kind in ("browser", "integration")]
    turns = {path: place / len(some) for some in slow for place, path in enumerate(some)}
    items.sort(key=lambda item: turns.get(item.path, 1))  # which leaves the tests of a file together


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    with turn(ROOT / ".run" / "turns", alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.fixture(scope="session")
def size(request: pytest.FixtureRequest) -> Size:
    return SIZES[request.config.option.size]


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """What everything drawn by chance follows from."""
    return int(request.config.option.seed)


@pytest.fixture(scope="session")
def mesh() -> Iterator[Mesh]:
    """Everything, on ports and in folders of its own."""
    folder = ROOT / os.environ.get("MARQUEE_TEST_FOLDER", ".run/test")  # another one for a second run beside
    folder = folder.with_name(folder.name + os.environ.get("PYTEST_XDIST_WORKER", ""))
    shutil.rmtree(folder, ignore_errors=True)
    with running_mesh(folder) as running:
        yield running


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """RabbitMQ, Redis and MariaDB, and no room."""
    folder = tmp_path_factory.mktemp("servers")
    mesh = Mesh(folder, private_environment(folder))
    try:
        mesh.operate("start", "--servers-only")
        yield mesh
    finally:
        mesh.operate("stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def film_database(servers: Mesh) -> Iterator[Engine]:
    """The film room's schema, as its migrations make it, with nothing in it."""
    with nameko.config.patch(servers.settings):
        migrate.upgrade("film")
        engine = make_engine(servers.settings["DB_URIS"]["film:Base"])
    yield engine
    engine.dispose()
