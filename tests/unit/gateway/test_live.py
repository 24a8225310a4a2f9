"""Seat maps as they change, as far as they need no network: what an event says, and who hears what."""

from collections.abc import Callable, Iterator

import eventlet
import orjson
import pytest
from eventlet.event import Event

from gateway.live import streams
from gateway.live.seat_map import SeatMap
from gateway.live.streams import OPENING, Watcher
from schemas.film import ScreeningOver, SeatsUnknown


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("LOOK_SECONDS", "REST_SECONDS"):
        monkeypatch.setattr(streams, name, 0.01)
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.1)
    with eventlet.Timeout(10):
        yield


class Hall:
    """What is told at each look: the seats as they are then, or a refusal."""

    def __init__(self) -> None:
        self.version, self.taken = 1, dict[str, str]()
        self.refuses: Exception | None = None
        self.answers: Event | None = None  # once this has happened
        self.looks = 0

    def look(self) -> SeatMap:
        self.looks += 1
        if self.answers:
            self.answers.wait()
        if self.refuses:
            raise self.refuses
        return SeatMap(self.version, dict(self.taken))

    def change(self, **taken: str) -> None:
        self.version += 1
        self.taken.update(taken)


@pytest.fixture
def hall() -> Hall:
    return Hall()


@pytest.fixture
def watcher(hall: Hall) -> Iterator[Watcher]:
    made = Watcher(hall.look(), hall.look)
    held_open = made.open(None)
    thread = eventlet.spawn(made.run)
    yield made
    held_open.close()
    made.end()
    thread.wait()


def until(condition: Callable[[], object]) -> None:
    while not condition():
        eventlet.sleep(0.005)


def seen(hall: Hall, watcher: Watcher) -> None:
    """Wait until the watcher has the hall as it is."""
    until(lambda: (watcher.seats.version, watcher.seats.taken) == (hall.version, hall.taken))


def told(event: bytes) -> tuple[str, str, dict[str, str]]:
    """The kind, the id and the states by seat."""
    fields = dict(line.split(": ", 1) for line in event.decode().strip().split("\n"))
    return fields["event"], fields["id"], {s["seat_id"]: s["state"] for s in orjson.loads(fields["data"])["seats"]}


def heard(events: Iterator[bytes]) -> tuple[str, str, dict[str, str]]:
    """The next event that is about seats."""
    return told(next(event for event in events if event != OPENING and told(event)[0] in ("seats", "change")))


def standing(events: Iterator[bytes]) -> str:
    """The next word on whether the map is up to date."""
    return told(next(event for event in events if event != OPENING and told(event)[0] in ("fresh", "stale")))[0]


# --- what an event says ---


def test_the_whole_map_names_the_seats_that_are_not_free() -> None:
    hall = b'{"version":7,"seats":[{"seat_id":"A1","state":"free"},{"seat_id":"A2","state":"sold"}],"chart":{}}'

    assert told(SeatMap.read(hall).whole())[::2] == ("seats", {"A2": "sold"})


def test_a_change_names_the_seats_that_became_something_else() -> None:
    before, after = SeatMap(1, {"A1": "held", "A2": "held", "A3": "sold"}), SeatMap(2, {"A2": "sold", "A3": "sold"})

    assert told(after.since(before))[::2] == ("change", {"A1": "free", "A2": "sold"})


def test_a_hold_that_ends_by_time_leaves_the_version_but_not_the_id() -> None:
    assert SeatMap(5, {"A1": "held"}).name != SeatMap(5, {}).name
    assert SeatMap(5, {"A1": "held", "A2": "sold"}).name == SeatMap(5, {"A2": "sold", "A1": "held"}).name
    assert SeatMap(5, {}).name.startswith("5-")


# --- who hears what ---


def test_a_newcomer_hears_the_whole_map_and_then_each_change(hall: Hall, watcher: Watcher) -> None:
    events = iter(watcher.open(None))

    assert heard(events)[::2] == ("seats", {})
    hall.change(F7="held")
    assert heard(events)[::2] == ("change", {"F7": "held"})
    hall.change(F7="sold")
    assert heard(events)[::2] == ("change", {"F7": "sold"})


def test_a_change_nobody_announced_is_heard_too(hall: Hall, watcher: Watcher) -> None:
    hall.taken["F7"] = "held"
    events = iter(watcher.open(None))
    seen(hall, watcher)
    assert heard(events)[::2] == ("seats", {"F7": "held"})

    del hall.taken["F7"]

    assert heard(events)[::2] == ("change", {"F7": "free"})


def test_who_comes_back_hears_what_has_changed_since(hall: Hall, watcher: Watcher) -> None:
    stream = watcher.open(None)
    _, last, _ = heard(iter(stream))
    stream.close()
    for seat in ("A1", "A2", "A3"):
        hall.change(**{seat: "held"})
        seen(hall, watcher)

    assert heard(iter(watcher.open(last)))[::2] == ("change", {"A1": "held", "A2": "held", "A3": "held"})


def test_who_comes_back_and_missed_nothing_hears_only_that_the_map_is_up_to_date(watcher: Watcher) -> None:
    events = iter(watcher.open(watcher.seats.name))

    assert next(events) == OPENING
    assert [told(next(events)) for _ in range(2)] == [("fresh", watcher.seats.name, {})] * 2


def test_who_comes_back_with_an_id_nobody_knows_hears_the_whole_map(hall: Hall, watcher: Watcher) -> None:
    hall.change(A1="sold")
    seen(hall, watcher)

    assert heard(iter(watcher.open("9-abc")))[::2] == ("seats", {"A1": "sold"})


def test_who_is_slow_hears_what_was_missed_in_one_piece(hall: Hall, watcher: Watcher) -> None:
    events = iter(watcher.open(None))
    heard(events)
    for seat in ("A1", "A2", "A3"):
        hall.change(**{seat: "held"})
        seen(hall, watcher)

    assert heard(events)[2] == {"A1": "held", "A2": "held", "A3": "held"}


def test_only_the_last_maps_are_remembered(hall: Hall, watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "REMEMBERED", 2)
    first = watcher.seats.name
    for seat in ("A1", "A2", "A3"):
        hall.change(**{seat: "held"})
        seen(hall, watcher)

    assert heard(iter(watcher.open(first)))[0] == "seats"


def test_a_room_that_is_away_for_a_moment_ends_no_stream(hall: Hall, watcher: Watcher) -> None:
    events = iter(watcher.open(None))
    heard(events)
    hall.refuses = SeatsUnknown()
    until(lambda: not watcher.fresh)
    hall.refuses = None
    hall.change(A1="held")

    assert heard(events)[2] == {"A1": "held"}


def test_a_map_that_can_not_be_looked_up_is_said_to_be_stale_and_then_fresh_again(hall: Hall, watcher: Watcher) -> None:
    events = iter(watcher.open(None))
    heard(events)
    for trouble in (SeatsUnknown(), ValueError("not foreseen")):
        hall.refuses = trouble
        assert standing(events) == "stale"
        hall.refuses = None
        assert standing(events) == "fresh"


def test_a_newcomer_to_a_stale_map_is_told_so_at_once(
        hall: Hall, watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    early = iter(watcher.open(None))
    heard(early)
    hall.refuses = SeatsUnknown()
    assert standing(early) == "stale"
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 60)
    events = iter(watcher.open(None))

    assert heard(events)[0] == "seats"
    assert standing(events) == "stale"


def test_one_look_that_failed_is_no_news(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is a second later, and most likely tells."""
    looks = iter([SeatsUnknown(), None, SeatsUnknown(), None])

    def look() -> SeatMap:
        hall.refuses = next(looks, None)
        return hall.look()

    watcher = Watcher(hall.look(), look)
    events = iter(watcher.open(None))
    heard(events)
    thread = eventlet.spawn(watcher.run)
    assert [standing(events), standing(events)] == ["fresh", "fresh"]
    watcher.end()
    thread.wait()


def test_a_look_without_an_answer_makes_the_map_stale_by_time_alone(
        hall: Hall, watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may hang for as long as a call may take, after it has waited for the looks of others."""
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 60)
    events = iter(watcher.open(None))
    heard(events)
    hall.answers = Event()
    monkeypatch.setattr(streams, "FRESH_SECONDS", 0.1)
    try:
        assert standing(events) == "stale"
    finally:
        hall.answers.send()
    assert standing(events) == "fresh"


def test_when_the_screening_is_over_its_streams_end(hall: Hall, watcher: Watcher) -> None:
    events = iter(watcher.open(None))
    heard(events)
    hall.refuses = ScreeningOver()

    assert list(events) == []


def test_nobody_looks_when_nobody_looks_on(hall: Hall) -> None:
    watcher = Watcher(hall.look(), hall.look)
    stream = watcher.open(None)
    thread = eventlet.spawn(watcher.run)
    until(lambda: hall.looks > 3)
    stream.close()

    thread.wait()
    looks = hall.looks
    eventlet.sleep(10 * streams.LOOK_SECONDS)
    assert hall.looks == looks
    assert not watcher.streams
