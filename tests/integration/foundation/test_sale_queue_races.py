"""2,000 people in one queue, each asking from two devices at once: everybody is let in once, and in order."""

import datetime as dt
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from services.foundation.redis_client import OPTIONS
from services.seating.sale_queue import PassRules, SaleQueue, queue_keys
from testbed.mesh import Mesh

PEOPLE, EARLY, DEVICES, AT_ONCE = 2_000, 1_000, 20, 50
ACCOUNTS = [f"account{number}" for number in range(PEOPLE)]
HOUR = dt.timedelta(hours=1)
PASS_RULES = PassRules(per_second=100_000, at_once=AT_ONCE, passes=HOUR, absent=HOUR)


@pytest.fixture
def client(servers: Mesh) -> Redis:
    return Redis.from_url(servers.settings["REDIS_URIS"]["marquee"], decode_responses=True, **OPTIONS)


def storm(ask: Callable[[str], object], accounts: list[str], seed: int) -> None:
    """Everybody twice, in any order, twenty at a time."""
    asked = accounts * 2
    random.Random(seed).shuffle(asked)
    with ThreadPoolExecutor(DEVICES) as devices:
        list(devices.map(ask, asked))


def let_everybody_in(queue: SaleQueue, client: Redis, screening: str) -> list[list[str]]:
    """Who was let in together, time after time, when all who were in have used their passes. Nobody new asks."""
    line, passes = queue_keys(screening)[1], queue_keys(screening)[4]
    groups = [client.zrange(passes, 0, -1)]
    while last := client.zrange(line, -1, -1):
        client.delete(passes)
        queue.ask(screening, last[0], PASS_RULES, join=False)
        groups.append(client.zrange(passes, 0, -1))
        assert len(groups) <= PEOPLE // AT_ONCE, "somebody waits for ever"
    return groups


def test_2000_people_are_let_in_once_each_and_in_order(client: Redis, note: str, seed: int) -> None:
    queue, state, line = SaleQueue(client), *queue_keys(note)[:2]
    queue.open(note, dt.datetime.now(dt.UTC) + HOUR, HOUR)
    storm(lambda account: queue.ask(note, account, PASS_RULES, join=True), ACCOUNTS[:EARLY], seed)
    drawn = client.zrange(line, 0, -1)
    client.hset(state, "drawn_at", 1)
    storm(lambda account: queue.ask(note, account, PASS_RULES, join=True), ACCOUNTS[EARLY:], seed)

    first = client.zrange(queue_keys(note)[4], 0, -1)
    order = [*first, *client.zrange(line, 0, -1)]
    assert sorted(first) == sorted(drawn[:AT_ONCE])
    assert order[AT_ONCE:EARLY] == drawn[AT_ONCE:]
    assert client.zrange(line, 0, -1, withscores=True)[-1][1] == client.hlen(queue_keys(note)[3]) + AT_ONCE == PEOPLE

    groups = let_everybody_in(queue, client, note)
    assert [sorted(group) for group in groups] == [
        sorted(order[at:at + AT_ONCE]) for at in range(0, PEOPLE, AT_ONCE)]


def test_looking_first_and_then_taking_a_number_gives_an_account_two(client: Redis, note: str, seed: int) -> None:
    """The control: the same question as steps of their own."""
    _, line, *_ = queue_keys(note)
    all_have_looked = threading.Barrier(2)

    def ask(account: str) -> None:
        has_number = client.zscore(line, account)
        all_have_looked.wait(10)
        if not has_number:
            client.zadd(line, {account: client.incr(f"{line}:last")})

    with ThreadPoolExecutor(2) as devices:
        list(devices.map(ask, ["ada", "ada"]))
    assert int(client.get(f"{line}:last")) == 2


def test_without_its_count_of_passes_the_queue_lets_in_too_many(client: Redis, note: str) -> None:
    """The control: the guard taken out of the script."""
    queue = SaleQueue(client)
    script = queue._scripts["ask"]
    unguarded = script.script.replace("while room > 0 and", "while")
    assert unguarded != script.script
    queue._scripts["ask"] = client.register_script(unguarded)
    queue.open(note, None, dt.timedelta())
    for account in ACCOUNTS[:AT_ONCE + 5]:
        queue.ask(note, account, PASS_RULES, join=True)
    assert client.zcard(queue_keys(note)[4]) > AT_ONCE
