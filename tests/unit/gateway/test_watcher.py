"""The events of seat maps as they change, without a network: what they contain, and which client gets which."""

from collections.abc import Callable, Iterator

import eventlet
import orjson
import pytest
from eventlet.event import Event

from gateway.live import watcher as watching
from gateway.live.seat_map import SeatMap
from gateway.live.watcher import RETRY, Watcher
from schemas.film import ScreeningOver, SeatsUnknown


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("READ_SECONDS", "PAUSE_SECONDS"):
        monkeypatch.setattr(watching, name, 0.01)
    monkeypatch.setattr(watching, "HEARTBEAT_SECONDS", 0.1)
    with eventlet.Timeout(10):
        yield


class Hall:
    """The seats that each read finds, or the refusal it raises."""

    def __init__(self) -> None:
        self.version, self.taken = 1, dict[str, str]()
        self.refuses: Exception | None = None
        self.gate: Event | None = None  # a read waits for it
        self.reads = 0

    def read(self) -> SeatMap:
        self.reads += 1
        if self.gate:
            self.gate.wait()
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
    made = Watcher(hall.read(), hall.read)
    held_open = made.open(None)
    thread = eventlet.spawn(made.run)
    yield made
    held_open.close()
    made.end()
    thread.wait()


def until(condition: Callable[[], object]) -> None:
    while not condition():
        eventlet.sleep(0.005)


def until_read(hall: Hall, watcher: Watcher) -> None:
    """Wait until the watcher has the hall's seats."""
    until(lambda: (watcher.seats.version, watcher.seats.taken) == (hall.version, hall.taken))


def parsed(event: bytes) -> tuple[str, str, dict[str, str]]:
    """The kind, the id and the states by seat."""
    fields = dict(line.split(": ", 1) for line in event.decode().strip().split("\n"))
    return fields["event"], fields["id"], {s["seat_id"]: s["state"] for s in orjson.loads(fields["data"])["seats"]}


def next_change(events: Iterator[bytes]) -> tuple[str, str, dict[str, str]]:
    """The next event with seats."""
    return parsed(next(event for event in events if event != RETRY and parsed(event)[0] in ("seats", "change")))


def next_status(events: Iterator[bytes]) -> str:
    """The next event about the map being fresh or stale."""
    return parsed(next(event for event in events if event != RETRY and parsed(event)[0] in ("fresh", "stale")))[0]


# --- the contents of events ---


def test_the_whole_map_names_the_seats_that_are_not_free() -> None:
    hall = b'{"version":7,"seats":[{"seat_id":"A1","state":"free"},{"seat_id":"A2","state":"sold"}],"chart":{}}'

    assert parsed(SeatMap.parse(hall).seats_event())[::2] == ("seats", {"A2": "sold"})


def test_a_change_names_the_seats_with_another_state() -> None:
    before, after = SeatMap(1, {"A1": "held", "A2": "held", "A3": "sold"}), SeatMap(2, {"A2": "sold", "A3": "sold"})

    assert parsed(after.change_event(before))[::2] == ("change", {"A1": "free", "A2": "sold"})


def test_a_hold_that_ends_by_time_leaves_the_version_but_not_the_id() -> None:
    assert SeatMap(5, {"A1": "held"}).event_id != SeatMap(5, {}).event_id
    assert SeatMap(5, {"A1": "held", "A2": "sold"}).event_id == SeatMap(5, {"A2": "sold", "A1": "held"}).event_id
    assert SeatMap(5, {}).event_id.startswith("5-")


# --- the events of a client ---


def test_a_new_client_gets_the_whole_map_and_then_each_change(hall: Hall, watcher: Watcher) -> None:
    events = iter(watcher.open(None))

    assert next_change(events)[::2] == ("seats", {})
    hall.change(F7="held")
    assert next_change(events)[::2] == ("change", {"F7": "held"})
    hall.change(F7="sold")
    assert next_change(events)[::2] == ("change", {"F7": "sold"})


def test_an_unannounced_change_is_sent_too(hall: Hall, watcher: Watcher) -> None:
    hall.taken["F7"] = "held"
    events = iter(watcher.open(None))
    until_read(hall, watcher)
    assert next_change(events)[::2] == ("seats", {"F7": "held"})

    del hall.taken["F7"]

    assert next_change(events)[::2] == ("change", {"F7": "free"})


def test_a_client_that_reconnects_gets_the_changes_since(hall: Hall, watcher: Watcher) -> None:
    stream = watcher.open(None)
    _, last, _ = next_change(iter(stream))
    stream.close()
    for seat in ("A1", "A2", "A3"):
        hall.change(**{seat: "held"})
        until_read(hall, watcher)

    assert next_change(iter(watcher.open(last)))[::2] == ("change", {"A1": "held", "A2": "held", "A3": "held"})


def test_a_client_that_missed_nothing_hears_only_that_the_map_is_fresh(watcher: Watcher) -> None:
    events = iter(watcher.open(watcher.seats.event_id))

    assert next(events) == RETRY
    assert [parsed(next(events)) for _ in range(2)] == [("fresh", watcher.seats.event_id, {})] * 2


def test_a_client_with_an_unknown_event_id_gets_the_whole_map(hall: Hall, watcher: Watcher) -> None:
    hall.change(A1="sold")
    until_read(hall, watcher)

    assert next_change(iter(watcher.open("9-abc")))[::2] == ("seats", {"A1": "sold"})


def test_a_slow_client_gets_all_changes_in_one_event(hall: Hall, watcher: Watcher) -> None:
    events = iter(watcher.open(None))
    next_change(events)
    for seat in ("A1", "A2", "A3"):
        hall.change(**{seat: "held"})
        until_read(hall, watcher)

    assert next_change(events)[2] == {"A1": "held", "A2": "held", "A3": "held"}


@pytest.fixture
def two_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "REMEMBERED_MAPS", 2)


def test_a_watcher_remembers_the_latest_maps_only(two_maps: None, hall: Hall, watcher: Watcher) -> None:
    first = watcher.seats.event_id
    for seat in ("A1", "A2", "A3"):
        hall.change(**{seat: "held"})
        until_read(hall, watcher)

    assert next_change(iter(watcher.open(first)))[0] == "seats"


def test_a_short_outage_of_the_room_ends_no_stream(hall: Hall, watcher: Watcher) -> None:
    events = iter(watcher.open(None))
    next_change(events)
    hall.refuses = SeatsUnknown()
    until(lambda: not watcher.fresh)
    hall.refuses = None
    hall.change(A1="held")

    assert next_change(events)[2] == {"A1": "held"}


def test_a_map_that_can_not_be_read_is_stale_until_it_is_read_again(
        hall: Hall, watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "HEARTBEAT_SECONDS", 60)   # only what changes is told
    events = iter(watcher.open(None))
    next_change(events)
    for error in (SeatsUnknown(), ValueError("not foreseen")):
        hall.refuses = error
        assert next_status(events) == "stale"
        hall.refuses = None
        assert next_status(events) == "fresh"


def test_a_new_client_of_a_stale_map_hears_so_at_once(
        hall: Hall, watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "HEARTBEAT_SECONDS", 60)
    early = iter(watcher.open(None))
    next_change(early)
    hall.refuses = SeatsUnknown()
    assert next_status(early) == "stale"
    events = iter(watcher.open(None))

    assert next_change(events)[0] == "seats"
    assert next_status(events) == "stale"


def test_one_failed_read_makes_no_map_stale(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next read is a second later, and most likely succeeds."""
    outcomes = iter([SeatsUnknown(), None, SeatsUnknown(), None])

    def read() -> SeatMap:
        hall.refuses = next(outcomes, None)
        return hall.read()

    watcher = Watcher(hall.read(), read)
    events = iter(watcher.open(None))
    next_change(events)
    thread = eventlet.spawn(watcher.run)
    assert [next_status(events), next_status(events)] == ["fresh", "fresh"]
    watcher.end()
    thread.wait()


def test_a_read_that_hangs_makes_the_map_stale_by_time_alone(
        hall: Hall, watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read may take as long as a call, and waits for the reads of other watchers before."""
    monkeypatch.setattr(watching, "HEARTBEAT_SECONDS", 60)
    events = iter(watcher.open(None))
    next_change(events)
    hall.gate = Event()
    monkeypatch.setattr(watching, "FRESH_SECONDS", 0.1)
    try:
        assert next_status(events) == "stale"
    finally:
        hall.gate.send()
    assert next_status(events) == "fresh"


def test_the_streams_of_a_screening_end_when_it_is_over(hall: Hall, watcher: Watcher) -> None:
    events = iter(watcher.open(None))
    next_change(events)
    hall.refuses = ScreeningOver()

    assert list(events) == []


def test_a_watcher_without_streams_reads_nothing(hall: Hall) -> None:
    watcher = Watcher(hall.read(), hall.read)
    stream = watcher.open(None)
    thread = eventlet.spawn(watcher.run)
    until(lambda: hall.reads > 3)
    stream.close()

    thread.wait()
    reads = hall.reads
    eventlet.sleep(10 * watching.READ_SECONDS)
    assert hall.reads == reads
    assert not watcher.streams
