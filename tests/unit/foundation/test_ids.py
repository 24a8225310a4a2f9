"""Ids are opaque and unique, and sort by the time of their making."""

import datetime as dt
import time
import uuid

from services.foundation.ids import first_id, made_at, new_id


def test_an_id_is_a_uuid_of_version_7() -> None:
    made = uuid.UUID(new_id())
    assert made.version == 7
    assert made.variant == uuid.RFC_4122


def test_no_two_ids_are_the_same() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_a_later_id_sorts_after_an_earlier_one() -> None:
    made = []
    for _ in range(5):
        made.append(new_id())
        time.sleep(0.002)
    assert made == sorted(made)
    assert abs(int(made[-1][:12], 16) / 1000 - time.time()) < 1


def test_an_id_tells_when_it_was_made() -> None:
    before = dt.datetime.now(dt.UTC) - dt.timedelta(milliseconds=1)
    assert before <= made_at(new_id()) <= dt.datetime.now(dt.UTC)
    assert made_at("01a1fd94188c7315994265" + "0" * 10) == dt.datetime(2026, 11, 21, 10, 8, 23, 692000, dt.UTC)


def test_the_first_id_of_a_moment_parts_earlier_ids_from_later_ones() -> None:
    earlier = new_id()
    assert first_id(made_at(earlier)) <= earlier < first_id(made_at(earlier) + dt.timedelta(milliseconds=1))
