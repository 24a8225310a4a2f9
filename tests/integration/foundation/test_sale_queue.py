"""The queue of a stormed screening on a real Redis: who is let in, in which order, and when it opens and closes."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from services.seating.board import Board
from services.seating.sale_queue import PassCheck, PassRules, QueueOpen, SaleQueue, queue_keys

MINUTE, NONE = dt.timedelta(minutes=1), dt.timedelta()
AT_ONCE = 3
PASS_RULES = PassRules(per_second=100_000, at_once=AT_ONCE, passes=5 * MINUTE, absent=MINUTE)
RATE = 10.0


@pytest.fixture
def queue(redis_client: Redis, note: str) -> SaleQueue:
    """Of which `note`'s queue is open, and numbers are given by arrival."""
    queue = SaleQueue(redis_client)
    queue.open(note, None, NONE)
    return queue


@pytest.fixture
def buy(redis_client: Redis, note: str) -> Callable[..., None]:
    """Try to hold a seat, as an account or as staff (None), with a pass that ends then."""
    board = Board(redis_client)
    with board.locked(note) as token:
        board.rebuild(note, token, 1, soon(), {})

    def buy(account: str | None, ends: int = 0, seat: str = "F7", drawing: dt.timedelta = MINUTE) -> None:
        board.hold(note, account or "desk", soon(), [seat], account and PassCheck(account, ends, RATE, drawing))  # type: ignore[arg-type]

    return buy


def soon(**time: float) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(**time or {"minutes": 5})


def join(queue: SaleQueue, screening: str, *accounts: str, pass_rules: PassRules = PASS_RULES) -> list[str]:
    return [queue.ask(screening, account, pass_rules, join=True).status for account in accounts]


def where(queue: SaleQueue, screening: str, account: str) -> tuple[str, int, int]:
    found = queue.ask(screening, account, PASS_RULES, join=False)
    return found.status, found.number, found.before


def age(redis_client: Redis, screening: str, part: str, account: str, milliseconds: int) -> None:
    """What an account did last, or may do until, lies so much farther in the past."""
    key = f"queue:{{{screening}}}:{part}"
    if part == "seen":
        redis_client.hincrby(key, account, -milliseconds)
    else:
        redis_client.zincrby(key, -milliseconds, account)


# --- a place ---


def test_an_account_has_one_place_however_often_it_asks(queue: SaleQueue, note: str) -> None:
    assert join(queue, note, "ada", "ben", "eve", "joe", "sue", "joe", "ada", "sue") == [
        "admitted", "admitted", "admitted", "waiting", "waiting", "waiting", "admitted", "waiting"]
    assert [where(queue, note, account) for account in ("joe", "sue")] == [("waiting", 4, 0), ("waiting", 5, 1)]
    assert where(queue, note, "stranger")[0] == "absent"


def test_a_pass_that_was_used_or_has_ended_is_for_the_next(
        redis_client: Redis, queue: SaleQueue, buy: Callable[..., None], note: str) -> None:
    join(queue, note, "ada", "ben", "eve", "joe", "sue", "tom")
    ends = queue.ask(note, "ada", PASS_RULES, join=False).pass_ends_ms
    buy("ada", ends)
    assert [where(queue, note, account)[0] for account in ("joe", "sue", "ada")] == ["admitted", "waiting", "absent"]
    age(redis_client, note, "passes", "ben", 6 * 60_000)
    assert [where(queue, note, account)[0] for account in ("sue", "tom", "ben")] == ["admitted", "waiting", "absent"]
    assert join(queue, note, "ben") == ["waiting"]
    assert where(queue, note, "ben") == ("waiting", 7, 1)


def test_who_closed_the_page_is_passed_over_and_is_next_when_back(
        redis_client: Redis, queue: SaleQueue, note: str) -> None:
    join(queue, note, "ada", "ben", "eve", "joe", "sue", "tom")
    age(redis_client, note, "seen", "joe", 61_000)
    age(redis_client, note, "passes", "ada", 6 * 60_000)
    assert where(queue, note, "sue")[0] == "admitted"
    assert where(queue, note, "joe") == ("waiting", 4, 0)
    age(redis_client, note, "passes", "ben", 6 * 60_000)
    assert [where(queue, note, account)[0] for account in ("tom", "joe")] == ["waiting", "admitted"]


def test_people_are_let_in_no_faster_than_so_many_a_second(queue: SaleQueue, note: str) -> None:
    slow = PassRules(per_second=0.1, at_once=100, passes=MINUTE, absent=MINUTE)
    assert join(queue, note, "ada", "ben", "eve", pass_rules=slow) == ["admitted", "waiting", "waiting"]


# --- the draw ---


def test_who_came_before_the_draw_gets_a_number_by_lot_and_who_came_later_by_arrival(
        redis_client: Redis, note: str) -> None:
    queue, early = SaleQueue(redis_client), [f"early{number}" for number in range(40)]
    opened = queue.open(note, soon(minutes=1), NONE)
    assert (opened.before, opened.mode, opened.waiting) == ("off", "hand", 0)
    assert set(join(queue, note, *early, early[0])) == {"drawing"}
    redis_client.hset(queue_keys(note)[0], "drawn_at", 1)
    assert join(queue, note, "late1", "late2") == ["waiting", "waiting"]

    line = redis_client.zrange(queue_keys(note)[1], 0, -1)
    admitted = redis_client.zrange(queue_keys(note)[4], 0, -1)
    assert sorted([*admitted, *line[:-2]]) == sorted(early)
    assert line[:-2] != [account for account in early if account in line]   # by chance once in 37 factorial times
    assert line[-2:] == ["late1", "late2"]
    assert [where(queue, note, account)[1] for account in line[:2]] == [AT_ONCE + 1, AT_ONCE + 2]
    assert where(queue, note, "late2")[1] == 42


# --- the door ---


def test_a_storm_opens_the_queue_and_it_closes_when_nobody_is_left(
        redis_client: Redis, buy: Callable[..., None], note: str) -> None:
    queue = SaleQueue(redis_client)
    for number in range(int(5 * RATE)):
        buy(f"buyer{number}", seat=f"A{number + 1}")
    with pytest.raises(QueueOpen) as refusal:
        storm(buy)
    assert refusal.value.drawn_at is not None
    with pytest.raises(QueueOpen):      # and whoever comes with another pass than a good one
        buy("ada", 1)
    buy(None, seat="B1")                # the desk sells on

    assert join(queue, note, "ada") == ["drawing"]
    redis_client.hset(queue_keys(note)[0], mapping={"drawn_at": 1, "busy_until": 1})
    ends = queue.ask(note, "ada", PASS_RULES, join=False).pass_ends_ms
    with pytest.raises(QueueOpen):      # somebody has a pass
        buy("ben", seat="B2")
    buy("ada", ends, seat="B3")
    redis_client.hset(queue_keys(note)[0], "busy_until", 1)
    buy("ben", seat="B2")
    assert join(queue, note, "eve") == ["off"]


def storm(buy: Callable[..., None]) -> None:
    for number in range(100, 300):
        buy(f"buyer{number}", seat=f"A{number}")


def test_attempts_below_the_rate_open_nothing(redis_client: Redis, buy: Callable[..., None], note: str) -> None:
    for number in range(int(5 * RATE) - 1):
        buy(f"buyer{number}", seat=f"A{number + 1}")
    assert redis_client.hget(queue_keys(note)[0], "mode") is None
    assert 0 < redis_client.pttl(queue_keys(note)[0]) <= 60_000


def test_who_holds_the_seats_already_is_not_sent_to_the_queue(
        redis_client: Redis, buy: Callable[..., None], note: str) -> None:
    """A repeated request, or the second try of the same purchase."""
    buy("ada")
    SaleQueue(redis_client).open(note, None, NONE)
    buy("ada")
    with pytest.raises(QueueOpen):
        buy("ada", seat="F8")


def test_a_queue_closed_by_hand_stays_closed_in_a_storm(
        redis_client: Redis, queue: SaleQueue, buy: Callable[..., None], note: str) -> None:
    join(queue, note, "ada", "ben", "eve", "joe")
    closed = queue.close(note)
    assert (closed.before, closed.mode) == ("hand", "closed")
    assert where(queue, note, "joe")[0] == "off"
    for number in range(int(5 * RATE) + 10):
        buy(f"buyer{number}", seat=f"A{number + 1}")
    assert queue.open(note, None, NONE).mode == "hand"
    assert join(queue, note, "joe") == ["admitted"]


def test_without_redis_data_everybody_buys_and_begins_anew_in_the_next_queue(
        redis_client: Redis, queue: SaleQueue, buy: Callable[..., None], note: str) -> None:
    join(queue, note, "ada", "ben", "eve", "joe")
    redis_client.delete(*queue_keys(note))
    assert where(queue, note, "joe")[0] == "off"
    buy("joe")
    queue.open(note, None, NONE)
    assert where(queue, note, "ben")[0] == "absent"
    assert join(queue, note, "ben") == ["admitted"]


def test_every_key_of_a_queue_ends_by_itself(redis_client: Redis, queue: SaleQueue, note: str) -> None:
    join(queue, note, "ada", "ben", "eve", "joe", "sue", "tom")
    age(redis_client, note, "seen", "joe", 61_000)
    age(redis_client, note, "passes", "ada", 6 * 60_000)
    where(queue, note, "sue")
    lives: dict[str, Any] = {key: redis_client.pttl(key) for key in redis_client.keys(f"queue:{{{note}}}*")}
    assert set(lives) == {*queue_keys(note)}
    assert all(0 < left <= 24 * 3_600_000 for left in lives.values())
