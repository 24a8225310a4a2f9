"""Events are delivered at least once and have their effect once, whichever process dies."""

import datetime as dt
import json
import signal
from collections.abc import Callable
from itertools import islice

import pytest
from nameko.standalone.rpc import ClusterRpcClient
from redis import Redis
from sqlalchemy.exc import IntegrityError

from operations.event_commands import line, revive
from services.foundation.amqp import publishing
from services.foundation.database import utc_now
from services.foundation.events import inbox, outbox, topology
from testbed.mesh import Mesh, wait_until
from tests.drivers.processes import Process
from tests.drivers.relay import Relay
from tests.integration.foundation.news import News
from tests.sizes import Size

at_full_size = pytest.mark.full_size(
    "integration/foundation/test_events.py", "integration/campaign/test_faults_while_selling.py")

THOUSAND = [f"e{number}" for number in range(1000)]


def test_an_event_reaches_its_consumer_with_the_request_id_of_its_cause(news: News) -> None:
    news.run()
    with ClusterRpcClient(timeout=10, context_data={"request_id": "r1"}) as caller:
        caller.news.happen(about=["a", "b", "c"])
    news.wait_for("a", "b", "c")
    assert {row.request_id for row in news.rows("SELECT request_id FROM effect")} == {"r1"}
    wait_until(lambda: not news.waiting, 60, "the marks")


@at_full_size
def test_two_relays_publish_an_event_once_when_nothing_goes_wrong(news: News, size: Size) -> None:
    rooms, at_once = [news.run(), news.run()], size.messages // 10
    for start in range(0, size.messages, at_once):
        news.happen(*THOUSAND[start:start + at_once])
    news.wait_for(*THOUSAND[:size.messages])
    assert news.published == size.messages
    news.rest(*rooms)


def test_two_relays_at_the_same_moment_take_different_events(news: News) -> None:
    from tests.integration.foundation.news_room import OUTBOX

    news.write(*THOUSAND[:6])
    database = news.database.execution_options(isolation_level="READ COMMITTED")
    with database.connect() as one, database.connect() as other:
        taken = [row.about for tx, most in ((one, 4), (other, 10)) for row in outbox.lock_unpublished(tx, OUTBOX, most)]
    assert sorted(taken) == THOUSAND[:6]


def repeat_randomly(news: News) -> None:
    """As a relay does that dies before its mark: half of what it has published goes out again."""
    news.rows("UPDATE outbox SET published_at = NULL WHERE published_at IS NOT NULL AND RAND() < 0.5")


def happen_often_with_deaths(news: News, count: int) -> int:
    """So many events, each delivered one to three times, to consumers that die after the effect and before the ack."""
    rooms, about = news.keep(2, dies_every=count * 3 // 5), THOUSAND[:count]
    for part in range(0, count, 100):
        news.write(*about[part:part + 100])
    for _ in range(2):
        wait_until(lambda: not news.waiting, 60, "the relay")
        repeat_randomly(news)
    published = wait_until(lambda: not news.waiting and news.published, 60, "the relay")
    wait_until(lambda: len(set(news.effects)) == count, 60, "the effects")
    news.rest(*rooms)
    return int(published)


def test_each_event_has_one_effect_though_consumers_die(news: News, redis_client: Redis, size: Size) -> None:
    published = happen_often_with_deaths(news, size.messages)
    assert published > size.messages * 1.5
    assert int(redis_client.get("deaths") or 0) >= 2
    assert news.effects == sorted(THOUSAND[:size.messages])


def test_without_the_inbox_key_the_same_events_have_doubles(news: News, size: Size) -> None:
    """The negative control."""
    news.rows("ALTER TABLE inbox DROP PRIMARY KEY")
    happen_often_with_deaths(news, size.messages)
    assert len(news.effects) > size.messages


def test_a_relay_that_dies_before_its_mark_publishes_again_and_the_effect_is_one(news: News) -> None:
    dying = news.run(dies_before_mark=True)
    news.client.news.happen.call_async(about=["a", "b"])
    assert dying.exit_code() == -signal.SIGKILL
    assert news.published == 2
    assert news.waiting == 2
    room = news.run()
    news.wait_for("a", "b")
    news.rest(room)
    assert news.published == 4
    assert news.effects == ["a", "b"]


@at_full_size
def test_a_broker_that_dies_under_load_loses_nothing(news: News, servers: Mesh, size: Size) -> None:
    at_once = min(size.messages // 20, 20)   # several times a second, while the broker starts again
    room, names = news.run(), iter(f"e{number}" for number in range(100_000))
    written: list[str] = []

    def go_on() -> None:
        written.extend(islice(names, at_once))
        news.write(*written[-at_once:])

    def go_on_until(name: str) -> bool:
        go_on()
        return name in news.effects

    go_on()
    wait_until(lambda: go_on_until(written[0]), 60, "the first effects")
    servers.kill("rabbitmq")
    first_without = len(written)
    go_on()
    wait_until(lambda: go_on_until(written[first_without]), 120, "the broker to be back")
    news.wait_for(*written, seconds=150)
    assert room.is_alive


@at_full_size
def test_without_a_broker_events_are_written_and_wait_and_that_is_logged_once(
    news: News, servers: Mesh, relay: Callable[..., Relay],
) -> None:
    wire = relay(servers.environment["MARQUEE_AMQP_PORT"])
    room = news.run(environment={"MARQUEE_AMQP_PORT": wire.port})
    wire.refuse()
    news.write("a")
    wait_until(lambda: "publishing is paused" in room.log.read_text(), 60, "a line in the log")
    news.write("b")
    wire.heal()
    news.wait_for("a", "b", seconds=60)
    assert room.log.read_text().count("publishing is paused") == 1
    assert "events are published again" in room.log.read_text()
    assert room.is_alive


@at_full_size
def test_while_the_broker_hangs_events_can_still_be_written(
    news: News, servers: Mesh, relay: Callable[..., Relay],
) -> None:
    wire = relay(servers.environment["MARQUEE_AMQP_PORT"])
    room = news.run(environment={"MARQUEE_AMQP_PORT": wire.port})
    wire.freeze()
    news.write("a")
    unlocked = "SELECT 1 FROM outbox WHERE published_at IS NULL FOR UPDATE SKIP LOCKED"
    wait_until(lambda: not news.rows(unlocked), 60, "the relay to have it in hand")
    for number in range(50):
        news.write(f"b{number}")  # a lock that stood in the way would be an error after 3 s
    wire.heal()
    news.wait_for("a", *(f"b{number}" for number in range(50)), seconds=60)
    assert room.is_alive


@at_full_size
@pytest.mark.parametrize("closed", [False, True])
def test_connections_that_fall_silent_delay_events_for_a_while_only(
    news: News, servers: Mesh, relay: Callable[..., Relay], closed: bool,
) -> None:
    wire = relay(servers.environment["MARQUEE_AMQP_PORT"])
    room = news.run(heartbeat=2, environment={"MARQUEE_AMQP_PORT": wire.port})
    news.write(*THOUSAND[:50])  # so many that it has several connections
    news.wait_for(*THOUSAND[:50])
    wire.fall_silent(closed)
    news.write("a")
    if closed:
        wait_until(lambda: "publishing is paused" in room.log.read_text(), 60, "the relay to notice")
        wire.heal()
    news.wait_for("a", *THOUSAND[:50], seconds=60)
    assert room.is_alive


# --- consumers that fail ---


def test_a_consumer_that_fails_at_first_is_called_again(news: News, redis_client: Redis) -> None:
    news.run(failures=3)
    news.happen("a")
    news.wait_for("a")
    assert redis_client.get("tries:a") == "4"


@at_full_size
def test_a_consumer_that_hangs_has_failed(news: News, redis_client: Redis) -> None:
    news.run({"handler_seconds": 2}, hangs=1)
    news.happen("a")
    news.wait_for("a")
    assert redis_client.get("tries:a") == "2"


@at_full_size
def test_an_event_that_fails_for_ever_is_a_dead_letter_and_can_be_replayed(news: News, redis_client: Redis) -> None:
    room = news.run(failures=99)
    news.happen("a")
    [dead] = wait_until(news.dead, 60, "the event to be given up")
    assert redis_client.get("tries:a") == "5"
    assert line(news.subscription, dead).startswith("news.happened:news.hear  ")
    assert line(news.subscription, dead).endswith("ZeroDivisionError: as wished")
    room.stop()

    news.run()
    assert revive(news.subscription) == 1
    news.wait_for("a")
    assert news.dead() == []
    assert revive(news.subscription) == 0


@at_full_size
def test_an_event_that_kills_every_consumer_becomes_a_dead_letter_and_others_get_through(
    news: News, redis_client: Redis,
) -> None:
    [room] = news.keep(poison="bad")
    news.write("a", "bad", "b")
    [dead] = wait_until(news.dead, 120, "the event to be given up")
    assert dead.headers["error"] == "the process died while it handled the event"
    news.wait_for("a", "b")
    assert redis_client.get("tries:bad") == "5"
    assert tries_when_delayed(room) == [2, 4]  # after two deaths each, and the fifth try is the last


def tries_when_delayed(room: Process) -> list[int]:
    """How many attempts had failed when an event was sent to a retry queue, for each time."""
    lines = [json.loads(line) for line in room.log.read_text().splitlines() if line.startswith("{")]
    return [line["tries"] for line in lines if line["message"] == "news.happened:news.hear waits for another try"]


NONSENSE = [
    b"", b"{", b"[]", b"null", b'{"event_id": "x"}', b"\xff\xfe",
    b'{"event_id": "x", "type": "news.happened", "version": 2, "about": "a", "sequence": 1, '
    b'"occurred_at": "2026-11-21T12:00:00Z", "body": {"text": "from the future"}}',
    b'{"event_id": "x", "type": "news.happened", "version": 1, "about": "a", "sequence": 1, '
    b'"occurred_at": "2026-11-21T12:00:00Z", "body": {}}',
    b'{"event_id": "x", "type": "news.happened", "version": 1, "about": "a", "sequence": 1, '
    b'"occurred_at": "2026-11-21T12:00:00Z", "body": {"text": "well"}, "trace": {"call_id_stack": 7}}',
]


def test_a_malformed_event_becomes_a_dead_letter_at_once_and_unchanged(news: News) -> None:
    room = news.run()
    for kind in ("application/json", "application/x-python-serialize", "text/plain"):
        for content in NONSENSE:
            publishing.send(content, exchange=topology.EXCHANGE, routing_key="news.happened", mandatory=True,
                      content_type=kind, content_encoding="binary")
    dead = wait_until(lambda: len(found := news.dead()) == 3 * len(NONSENSE) and found, 60, "all to be laid aside")
    assert sorted(bytes(message.body or b"") for message in dead) == sorted(3 * NONSENSE)
    assert all(message.headers["error"].startswith("malformed") for message in dead)
    news.happen("a")
    news.wait_for("a")
    assert room.is_alive


# --- what is kept, and how long ---


@at_full_size
def test_old_events_are_purged_but_never_unpublished_ones(news: News) -> None:
    from tests.integration.foundation.news_room import INBOX, OUTBOX

    room = news.run()
    news.happen("a", "b", "c")
    news.wait_for("a", "b", "c")
    news.rest(room)
    news.rows("UPDATE outbox SET published_at = NULL WHERE about = 'c'")
    long_after = utc_now() + dt.timedelta(days=1)
    with news.database.connect() as tx:
        assert outbox.purge_published(tx, OUTBOX, utc_now() - dt.timedelta(days=1)) == 0
        assert outbox.purge_published(tx, OUTBOX, long_after) == 2
        assert inbox.purge(tx, INBOX, utc_now() - dt.timedelta(days=1)) == 0
        assert inbox.purge(tx, INBOX, long_after) == 3
    assert [row.about for row in news.rows("SELECT about FROM outbox")] == ["c"]


def test_a_change_has_one_event(news: News) -> None:
    news.write("a")
    with pytest.raises(IntegrityError):
        news.write("a")
    assert news.waiting == 1
