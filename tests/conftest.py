"""What the tests of a process share: its size and seed, one set of servers, and one mesh on them."""

import gc
import json
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakSet

import hypothesis
import nameko
import pytest
from sqlalchemy import Connection, Engine, event

from operations.demo.sales import sell_demo_seats
from operations.mesh import Mesh as OperatedMesh
from operations.processes import start_steps
from services.foundation import migrate
from services.foundation.amqp import publishing
from services.foundation.database import make_engine
from testbed.mesh import ROOT, Mesh, private_environment
from tests.exclusive_lock import machine_lock
from tests.sizes import SIZES, Size

gc.disable()  # until the tests are collected: they are thousands of objects that stay, and no garbage


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--size", choices=sorted(SIZES), default="ci", help="how much the tests try; see tests/sizes.py")
    parser.addoption("--seed", type=int, default=None, help="repeat a run that chance has part in; else a new one")


def pytest_configure(config: pytest.Config) -> None:
    # On a busy machine any example may be slow.
    hypothesis.settings.register_profile("patient", deadline=None,
                                         suppress_health_check=[hypothesis.HealthCheck.too_slow])
    hypothesis.settings.load_profile("patient")
    given = getattr(config, "workerinput", {"seed": config.option.seed})["seed"]
    config.option.seed = secrets.randbits(32) if given is None else given


@pytest.hookimpl(optionalhook=True)   # of pytest-xdist
def pytest_configure_node(node: Any) -> None:
    """Tell a process of the run the seed of all: they must collect the same tests."""
    node.workerinput["seed"] = node.config.option.seed


def pytest_report_header(config: pytest.Config) -> str:
    return f"size: {config.option.size}; what chance has part in is repeated by --seed={config.option.seed}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what runs at full size only, and sort the rest."""
    if config.option.size != "full":
        left_out = [item for item in items if item.get_closest_marker("full_size")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    sort(items)


def sort(items: list[pytest.Item]) -> None:
    """Put the files with most to do first, so that two processes end at about the same time.

    The model comes first. Browsers keep a processor busy, integration tests mostly wait: their files are mixed evenly.
    Quick tests follow, and last those that no other test may disturb, when nobody is left to wait for them.
    """
    count = Counter(item.path for item in items)
    lonely = {item.path for item in items if item.get_closest_marker("alone")}
    place = {path: -1.0 if "model" in path.parts else 2.0 if path in lonely else 1.0 for path in count}
    for kind in ("browser", "integration"):
        slow = [path for path, _ in count.most_common() if kind in path.parts and place[path] == 1]
        place |= {path: number / len(slow) for number, path in enumerate(slow)}
    items.sort(key=lambda item: place[item.path])  # which leaves the tests of a file together


def pytest_collection_finish() -> None:
    """Collect garbage from now on, and never look through what was collected for the tests again."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    with machine_lock(ROOT / ".run" / "locks", alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.fixture(scope="session")
def size(request: pytest.FixtureRequest) -> Size:
    return SIZES[request.config.option.size]


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """What everything drawn by chance follows from."""
    return int(request.config.option.seed)


@pytest.fixture(scope="session")
def ground() -> Iterator[Mesh]:
    """RabbitMQ, Redis and MariaDB of this process, on ports and in folders of its own; nothing runs on them yet."""
    folder = ROOT / os.environ.get("MARQUEE_TEST_FOLDER", ".run/test")  # another one for a second run beside
    folder = folder.with_name(folder.name + os.environ.get("PYTEST_XDIST_WORKER", ""))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    settings = shutil.copy(ROOT / "config.yml", folder)  # of its own, for tests that change it
    ground = Mesh(folder, private_environment(folder, MARQUEE_DB_SUFFIX="_mesh", MARQUEE_SWEEP_SECONDS=1,
                                              MARQUEE_EVENT_PAUSES="[1, 2, 5, 30]", MARQUEE_CONFIG=settings,
                                              MARQUEE_ACCOUNT_PART_SECONDS=3,
                                              # Exactly those traces are recorded whose client asks for it.
                                              MARQUEE_TRACE_RATIO=0, MARQUEE_TRACES_PER_SECOND=100_000))
    try:
        ground.operate("start", "--servers-only")
        yield ground
    finally:
        ground.operate("stop", check=False)


@pytest.fixture(scope="session")
def mesh(ground: Mesh, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """Every room on the servers, as ./run.sh starts them; at the end of the session every invariant holds.

    The demo audience buys at full size as much as the programme says, else in two halls.
    """
    if SIZES[request.config.option.size].matrix:    # not by the fixture: some tests call the size of a window `size`
        ground.operate("start")
    else:
        start(ground, with_few_sales(tmp_path_factory.mktemp("programme") / "demo.yml"))
    yield ground
    ground.check_invariants(everything=True)


def with_few_sales(file: Path) -> Path:
    """The demo programme, but with two screenings sold: one in part, and one whole, which has couple seats."""
    halls, _, sold = (ROOT / "programme" / "demo.yml").read_text().partition("\nsold:\n")
    part, *_, whole = sold.splitlines()
    file.write_text(f"{halls}\nsold:\n{part}\n{whole}\n")
    return file


def start(ground: Mesh, programme: Path) -> None:
    """As `operations start`, with the sales that this programme asks for; tests/integration/operations starts it so."""
    operated = OperatedMesh(ground.settings)
    with nameko.config.patch(ground.settings, clear=True):
        start_steps.fill_databases(operated)
        start_steps.start_rooms(operated, ground.supervisor)
        sell_demo_seats(programme)


ENGINES: WeakSet[Engine] = WeakSet()    # all that this process has connected


@event.listens_for(Engine, "engine_connect")
def remember(connection: Connection) -> None:
    ENGINES.add(connection.engine)


@pytest.fixture(scope="module", autouse=True)
def servers_at_rest(request: pytest.FixtureRequest) -> None:
    """A file may have stopped a server that the next one shares: begin with new connections and a ready mesh."""
    for engine in list(ENGINES):
        engine.dispose()
    publishing.drop_idle_connections()
    tests = [item for item in request.session.items if item.path == request.path]
    if any("mesh" in getattr(test, "fixturenames", ()) for test in tests):
        request.getfixturevalue("mesh").wait_ready()


@pytest.fixture(scope="session")
def servers(ground: Mesh, tmp_path_factory: pytest.TempPathFactory) -> Mesh:
    """The servers without any room: a virtual host, schemas and a Redis database of which the mesh knows nothing."""
    own = {"MARQUEE_AMQP_VHOST": "rooms", "MARQUEE_REDIS_DB": "1", "MARQUEE_DB_SUFFIX": ""}
    servers = Mesh(ground.folder, ground.environment | own)
    user = ground.environment.get("MARQUEE_AMQP_USER", "marquee")
    definitions = tmp_path_factory.mktemp("rabbitmq") / "definitions.json"
    definitions.write_text(json.dumps({
        "vhosts": [{"name": "rooms"}],
        "permissions": [{"user": user, "vhost": "rooms", "configure": ".*", "write": ".*", "read": ".*"}]}))
    ground.operate("broker", "import_definitions", str(definitions))
    return servers


@pytest.fixture(scope="session")
def film_database(servers: Mesh) -> Iterator[Engine]:
    """The film room's schema, as its migrations make it, with nothing in it."""
    with nameko.config.patch(servers.settings):
        migrate.upgrade("film")
        engine = make_engine(servers.settings["DB_URIS"]["film:Base"])
    yield engine
    engine.dispose()
