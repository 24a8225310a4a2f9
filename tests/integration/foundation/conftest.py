"""Rooms started, paused and killed as each test needs, on the real servers of the run."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import nameko
import pytest
import redis
from kombu.connection import Connection
from nameko.exceptions import MethodNotFound, RpcTimeout, UnknownService
from nameko.standalone.rpc import ClusterRpcClient
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from operations.event_commands import subscriptions_of
from testbed.mesh import Mesh, wait_until
from tests.drivers.processes import Process
from tests.drivers.relay import Relay
from tests.drivers.room_tables import migrated


@pytest.fixture(scope="session")
def amqp_uri(servers: Mesh) -> str:
    return str(servers.settings["AMQP_URI"])


@pytest.fixture(scope="session")
def redis_client(servers: Mesh) -> redis.Redis:
    return servers.redis


@pytest.fixture(scope="session")
def order_engine(servers: Mesh) -> Iterator[Engine]:
    """The order room's schema, as its migrations make it."""
    with migrated(servers, "order") as engine:
        yield engine


@pytest.fixture(autouse=True)
def settings(servers: Mesh) -> Iterator[dict[str, Any]]:
    """config.yml as a room of this mesh reads it, in nameko's own `config`."""
    with nameko.config.patch(servers.settings, clear=True):
        yield servers.settings


class Container:
    """As much of a nameko container as its AMQP extensions need."""

    service_name = "test_room"

    def __init__(self) -> None:
        self.shared_extensions: dict[Any, Any] = {}


@pytest.fixture
def container() -> Container:
    return Container()  # extensions refer to it weakly


@pytest.fixture
def note() -> str:
    """A new name, under which Redis has nothing yet."""
    return uuid.uuid4().hex


@pytest.fixture
def relay() -> Iterator[Callable[..., Relay]]:
    """`relay(port)`: a Relay in front of a server."""
    with ExitStack() as stack:
        def start(port: object, **options: Any) -> Relay:
            relay = Relay(int(str(port)), **options)
            stack.callback(relay.close)
            return relay

        yield start


class RunRoom(Protocol):
    def __call__(self, module: str, *options: str, **environment: object) -> Process: ...


@pytest.fixture(scope="module")
def room_runner(servers: Mesh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunRoom]:
    with rooms(servers, tmp_path_factory.mktemp("rooms")) as run:
        yield run


@pytest.fixture
def run_room(servers: Mesh, tmp_path: Path) -> Iterator[RunRoom]:
    """`run_room("echo_room")`: a process of that room for this test alone; options as `nameko run` has them."""
    with rooms(servers, tmp_path) as run:
        yield run


@pytest.fixture
def run_stock_room(run_room: RunRoom, amqp_uri: str, servers: Mesh) -> Iterator[Callable[[], Process]]:
    """`run_stock_room()`: the control. Its durable queue ends with the test, as does any message no room survives."""
    redis_uri = servers.settings["REDIS_URIS"]["marquee"]
    yield lambda: run_room("stock_room", "-d", f"AMQP_URI={amqp_uri}", "-d", f"REDIS_URI={redis_uri}")
    with Connection(amqp_uri) as connection:
        connection.default_channel.queue_delete("rpc-stock_echo")


@contextmanager
def rooms(servers: Mesh, folder: Path) -> Iterator[RunRoom]:
    running: list[Process] = []

    def run(module: str, *options: str, **environment: object) -> Process:
        process = Process(
            [*(() if module == "stock_room" else ("--config", "config.yml")), *options], module,
            {**servers.environment, **{name: str(value) for name, value in environment.items()}},
            folder / f"{module}-{len(running)}.log", forks=module != "stock_room",
        ).start()
        running.append(process)
        return process

    try:
        yield run
    finally:
        for process in running:
            process.kill()


@pytest.fixture(scope="session")
def news_database(servers: Mesh) -> Iterator[Engine]:
    url = make_url(servers.settings["DB_URIS"]["order:Base"])
    with create_engine(url.set(database="")).begin() as tx:
        tx.execute(text("CREATE DATABASE IF NOT EXISTS marquee_news"))
    engine = create_engine(url.set(database="marquee_news"), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture
def news(run_room: RunRoom, client: Any, news_database: Engine, redis_client: redis.Redis) -> Iterator[Any]:
    """The news room without events and without processes."""
    from tests.integration.foundation import news_room  # it reads the settings when it is imported
    from tests.integration.foundation.news import QUICK, News

    nameko.config["events"] = QUICK  # until `settings` ends
    news_room.Base.metadata.drop_all(news_database)
    news_room.Base.metadata.create_all(news_database)
    redis_client.delete("heard", "deaths", *redis_client.keys("tries:*"))
    [subscription] = subscriptions_of(news_room.News)
    news = News(run_room, client, news_database, subscription)
    news.clear()
    yield news
    news.let_go()


@pytest.fixture
def client(settings: dict[str, Any]) -> Iterator[Any]:
    """Calls rooms from outside, `client.echo.say(text="..")`, and waits ten seconds for the reply."""
    with ClusterRpcClient(timeout=10) as client:
        yield client


def wait_for_room(client: Any, room: str, process: Process) -> None:
    """Wait until the room answers, if only with an error about an unknown method."""
    def answers() -> bool:
        assert process.is_alive, process.log.read_text()[-3000:]
        try:
            client[room].is_there()
        except (UnknownService, RpcTimeout):
            return False
        except MethodNotFound:
            return True
        raise AssertionError

    wait_until(answers, 60, f"the room {room}")


def wait_until_it_hears(client: Any, redis_client: redis.Redis) -> None:
    """Wait until the echo room hears announcements, which it may a moment after it answers calls."""
    redis_client.delete("heard")

    def hears() -> bool:
        client.echo.announce(ids=["anybody?"])
        return "anybody?" in redis_client.lrange("heard", 0, -1)

    wait_until(hears, 30, "the room to hear")


@pytest.fixture
def echo(room_runner: RunRoom, client: Any, shared_rooms: dict[str, Process]) -> Process:
    """The echo room, shared by the tests of a file; one that died is replaced."""
    return _shared("echo", room_runner, client, shared_rooms)


@pytest.fixture
def front(room_runner: RunRoom, client: Any, shared_rooms: dict[str, Process]) -> Process:
    """The room that calls the echo room."""
    return _shared("front", room_runner, client, shared_rooms)


@pytest.fixture(scope="module")
def shared_rooms() -> dict[str, Process]:
    return {}


def _shared(room: str, run: RunRoom, client: Any, shared: dict[str, Process]) -> Process:
    if room not in shared or not shared[room].is_alive:
        shared[room] = run(f"{room}_room")
    wait_for_room(client, room, shared[room])
    return shared[room]
