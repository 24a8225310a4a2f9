"""Twenty buyers at once want overlapping groups of seats; nobody may end with half a group."""

import datetime as dt
import random
import threading
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import pytest
from redis import Redis

from services.foundation.redis_client import connect
from services.seating.board import Board
from services.seating.board_state import SeatsHeld
from testbed.mesh import Mesh

BUYERS, ROUNDS = 20, 10
HALL = [f"{row}{number}" for row in "ABCDE" for number in range(1, 13)]


class Holds(Protocol):
    def hold(self, screening_id: str, owner: str, until: dt.datetime, seats: Iterable[str]) -> None: ...


class NaiveBoard:
    """The control: look whether the seats are free, then take them one by one."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._all_have_looked = threading.Barrier(BUYERS)

    def hold(self, screening_id: str, owner: str, until: dt.datetime, seats: Iterable[str]) -> None:
        wanted, key = list(seats), f"seats:{{{screening_id}}}"
        found = self._client.hmget(key, wanted)
        self._all_have_looked.wait(10)
        if losers := [seat for seat, value in zip(wanted, found, strict=True) if value]:
            raise SeatsHeld(losers)
        for seat in wanted:
            if not self._client.hsetnx(key, seat, f"H|{owner}|{int(until.timestamp() * 1000)}|0"):
                raise SeatsHeld([seat])


@pytest.fixture
def client(servers: Mesh) -> Redis:
    return connect(servers.settings["REDIS_URIS"]["marquee"])


def race(board: Holds, screening: str) -> set[str]:
    """200 groups of four seats, twenty at a time; who was told that the group is theirs."""
    dice = random.Random(20)
    groups = {f"buyer{number}": dice.sample(HALL, 4) for number in range(BUYERS * ROUNDS)}
    until = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)

    def wants(owner: str) -> str | None:
        try:
            board.hold(screening, owner, until, groups[owner])
        except SeatsHeld:
            return None
        return owner

    with ThreadPoolExecutor(BUYERS) as buyers:
        return {owner for owner in buyers.map(wants, groups) if owner}


def owners(client: Redis, screening: str) -> Counter[str]:
    """How many seats each buyer has on the board."""
    values: Any = client.hgetall(f"seats:{{{screening}}}")
    return Counter(value.split("|")[1] for seat, value in values.items() if not seat.startswith("_"))


def test_of_200_overlapping_groups_each_is_held_whole_or_not_at_all(client: Redis, note: str) -> None:
    board = Board(client)
    with board.locked(note) as token:
        board.rebuild(note, token, 1, dt.datetime.now(dt.UTC), {})

    winners = race(board, note)
    assert len(winners) > 3
    assert owners(client, note) == dict.fromkeys(winners, 4)


def test_reading_first_and_holding_seat_by_seat_leaves_half_a_group(client: Redis, note: str) -> None:
    winners = race(NaiveBoard(client), note)
    assert any(owner not in winners or seats < 4 for owner, seats in owners(client, note).items())
