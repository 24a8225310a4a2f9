"""What has happened is told at least once and done once, whoever dies and however often it fails."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from nameko import config
from nameko.standalone.rpc import ClusterRpcClient
from redis import Redis
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from operations import events as operating
from rehearsal.mesh import Mesh, wait_until
from services.foundation import amqp, topology
from services.foundation.topology import Subscription
from tests.integration.foundation.conftest import RunRoom, wait_for_room
from tests.integration.foundation.processes import Process

QUICK = {"pauses": [0.1, 0.3], "tries": 5, "handler_seconds": 20, "poll_seconds": 1, "kept_days": 30,
         "audit_length": 10000}
News = Callable[..., Process]


@pytest.fixture(scope="module")
def database(servers: Mesh) -> Iterator[Engine]:
    url = make_url(servers.settings["DB_URIS"]["order:Base"])
    with create_engine(url.set(database="")).begin() as tx:
        tx.execute(text("CREATE DATABASE IF NOT EXISTS marquee_news"))
    engine = create_engine(url.set(database="marquee_news"), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture
def contract(settings: dict[str, Any]) -> Any:
    """The room's module, which reads its settings when it is imported."""
    from tests.integration.foundation import news_room

    return news_room


@pytest.fixture
def subscription(contract: Any) -> Subscription:
    [found] = operating.subscriptions_of(contract.News)
    return found


@pytest.fixture
def news(run_room: RunRoom, client: Any, contract: Any, database: Engine, subscription: Subscription,
         redis_client: Redis, settings: dict[str, Any]) -> Iterator[News]:
    """`news(failures=2)`: a process of the news room that does so."""
    contract.Base.metadata.drop_all(database)
    contract.Base.metadata.create_all(database)
    redis_client.delete("heard", *(redis_client.keys("tries:*") or ["none"]))
    config["events"] = QUICK  # until the fixture `settings` ends
    topology.declare([subscription])

    def run(**wishes: Any) -> Process:
        process = run_room("news_room", "--define", f"events={json.dumps(QUICK)}",
                           "--define", f"news={json.dumps(wishes)}")
        wait_for_room(client, "news", process)
        return process

    yield run
    with amqp.producer() as producer:
        for queue in (subscription.queue, subscription.dead_queue):
            queue(producer.channel).delete()


def effects(database: Engine) -> list[str]:
    with database.connect() as connection:
        return sorted(connection.execute(text("SELECT about FROM effect")).scalars())


def test_what_happens_is_heard_by_its_consumer(news: News, client: Any, database: Engine) -> None:
    news()
    with ClusterRpcClient(timeout=10, context_data={"request_id": "r1"}) as caller:
        caller.news.happen(about=["a", "b", "c"])
    wait_until(lambda: effects(database) == ["a", "b", "c"], 10, "the effects")
    with database.connect() as connection:
        assert set(connection.execute(text("SELECT request_id FROM effect")).scalars()) == {"r1"}
        wait_until(lambda: not connection.execute(
            text("SELECT 1 FROM outbox WHERE published_at IS NULL")).first(), 5, "the marks")


def test_a_consumer_that_fails_at_first_is_asked_again(news: News, client: Any, database: Engine,
                                                       redis_client: Redis) -> None:
    news(failures=3)
    client.news.happen(about=["a"])
    wait_until(lambda: effects(database) == ["a"], 10, "the effect")
    assert redis_client.get("tries:a") == "4"


def test_an_event_that_fails_for_ever_is_laid_aside_and_can_be_sent_again(
    news: News, client: Any, database: Engine, subscription: Subscription, servers: Mesh,
) -> None:
    room = news(failures=99)
    client.news.happen(about=["a"])
    [dead] = wait_until(lambda: operating.dead_messages(subscription, 9), 10, "the event to be given up")
    assert (dead.headers["tries"], dead.headers["error"]) == (5, "ZeroDivisionError: as wished")
    assert operating.line(subscription, dead).startswith("news.happened:news.hear  ")
    room.stop()

    news()
    assert operating.revive(subscription) == 1
    wait_until(lambda: effects(database) == ["a"], 10, "the effect")
    assert operating.dead_messages(subscription, 9) == []
