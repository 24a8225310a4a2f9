"""Announcing never fails its caller, and every announcement arrives while the broker is up."""

import time
from contextlib import ExitStack
from typing import Any

import eventlet
import nameko
import pytest
from kombu.connection import Connection
from nameko.events import get_event_exchange
from redis import Redis

from services.foundation.amqp import publishing
from services.foundation.amqp.announcements import Announcements
from testbed.mesh import free_ports, wait_until
from tests.drivers.processes import Process
from tests.integration.foundation.conftest import Container, wait_until_it_hears
from tests.integration.foundation.echo_room import HEARD


@pytest.fixture
def announcements(container: Container) -> Announcements:
    announcements: Announcements = Announcements().bind(container)
    announcements.setup()
    return announcements


def test_ids_announced_in_a_burst_travel_in_one_message(
    announcements: Announcements, monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[set[str]] = []
    monkeypatch.setattr("services.foundation.amqp.announcements.BATCH_SECONDS", 0.5)  # bursts may be slow
    monkeypatch.setattr(announcements, "announce_now", lambda announcement, *ids: told.append(set(ids)))
    announcer = eventlet.spawn(announcements._run)
    for number in range(20):
        announcements.announce(HEARD, f"s{number}", "again")
        eventlet.sleep(0)  # others have their turn
    with eventlet.Timeout(10):
        while not told:
            eventlet.sleep(0.05)
        first = told[:]
        announcements.announce(HEARD, "later")
        while told == first:
            eventlet.sleep(0.05)
    announcer.kill()

    assert told == [{*(f"s{number}" for number in range(20)), "again"}, {"later"}]


def test_every_id_announced_in_a_burst_arrives(echo: Process, client: Any, redis_client: Redis) -> None:
    wait_until_it_hears(client, redis_client)
    redis_client.delete("heard")
    for number in range(20):
        client.echo.announce(ids=[f"s{number}", "again"])
    wait_until(lambda: {f"s{number}" for number in range(20)} <= set(redis_client.lrange("heard", 0, -1)), 20,
               "all that was announced")


def test_announcing_without_a_broker_is_only_logged(
    announcements: Announcements, settings: dict[str, Any], caplog: pytest.LogCaptureFixture,
) -> None:
    started = time.monotonic()
    with nameko.config.patch({"AMQP_URI": f"amqp://nobody:there@127.0.0.1:{free_ports(1)[0]}/"}):
        announcements.announce_now(HEARD, "s1")
    assert "could not announce" in caplog.text
    assert time.monotonic() - started < 5


def test_announcing_to_a_broker_that_lost_its_exchanges_is_only_logged(
    announcements: Announcements, amqp_uri: str, caplog: pytest.LogCaptureFixture,
) -> None:
    with Connection(amqp_uri) as connection:
        get_event_exchange(Container.service_name)(connection).delete()
    announcements.announce_now(HEARD, "s1")
    assert "could not announce" in caplog.text

    announcements.setup()
    caplog.clear()
    announcements.announce_now(HEARD, "s2")
    assert not caplog.text


def test_announcing_while_every_connection_is_in_use_is_only_logged(
    announcements: Announcements, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(publishing, "ANSWER_SECONDS", 0.1)
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(publishing.producer())
        announcements.announce_now(HEARD, "s1")
    assert "could not announce" in caplog.text
