"""Clients of Redis by their addresses, without a Redis."""

import time
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from services.foundation.redis_client import connect
from services.foundation.redis_client.cluster import REST_SECONDS, ClusterClient
from services.foundation.settings import hosts
from services.seating.board import SCRIPTS

NOBODY = "redis+cluster://:secret@127.0.0.1:1,127.0.0.1:2/0"


@pytest.mark.parametrize(("uri", "expected"), [
    ("redis://:secret@one:7000/0", [("one", 7000)]),
    ("redis+cluster://ada:se%3Acret@one:7000,two:7001/0", [("one", 7000), ("two", 7001)]),
    ("redis+cluster://one,two,three:6379", [("one", 6379), ("two", 6379), ("three", 6379)]),
    ("redis+cluster://[::1]:7000,[::2]:7001", [("::1", 7000), ("::2", 7001)]),
    ("mysql+pymysql://ada:secret@one/marquee_order", [("one", None)]),
])
def test_a_uri_names_one_server_or_several(uri: str, expected: list[tuple[str, int | None]]) -> None:
    assert hosts(uri) == expected


def test_a_cluster_s_client_connects_when_it_is_needed_and_then_refuses_as_a_plain_one_does() -> None:
    client = connect(NOBODY)
    script = client.register_script("return 1")
    for command in (client.ping, lambda: client.get("a"), lambda: script(["a"]), client.run_ids, client.dbsize,
                    lambda: client.pipeline(transaction=False), lambda: client.delete("a", "b")):
        with pytest.raises(RedisError):
            command()
    assert client.connections() == (0, 0)


def test_a_cluster_that_was_not_found_is_not_looked_for_by_every_call() -> None:
    client, tries = connect(NOBODY), list[float]()
    client._connect = lambda: tries.append(time.monotonic()) or 1 / 0
    with pytest.raises(ZeroDivisionError):
        client.ping()
    for _ in range(20):
        with pytest.raises(RedisError):
            client.ping()
    assert len(tries) == 1
    time.sleep(REST_SECONDS)
    with pytest.raises(ZeroDivisionError):
        client.ping()


def test_passwords_are_decoded() -> None:
    client = ClusterClient("redis+cluster://ada:se%3Acret@one/0")
    assert (client._options["username"], client._options["password"]) == ("ada", "se:cret")


def test_a_cluster_by_tls() -> None:
    assert ClusterClient("rediss+cluster://one/0")._options["ssl"]
    assert not ClusterClient(NOBODY)._options["ssl"]


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.lua")), ids=lambda path: path.stem)
def test_a_script_makes_no_keys_of_its_own(script: Path) -> None:
    """A cluster runs a script where the keys are that it was given: all others may be elsewhere."""
    _, *calls = script.read_text().split("redis.call(")
    assert all(call.startswith("'TIME'") or call.split(",")[1].strip().startswith("KEYS[") for call in calls)
