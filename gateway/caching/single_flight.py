"""Questions under way: whoever asks the same meanwhile waits for the one answer."""

from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

from eventlet.event import Event

K = TypeVar("K", bound=Hashable)
A = TypeVar("A")


class Flights(Generic[K, A]):
    def __init__(self) -> None:
        self._under_way: dict[K, Event] = {}

    def __iter__(self) -> Iterator[K]:
        return iter(list(self._under_way))

    def join(self, key: K, ask: Callable[[], A], keep: Callable[[A], None] = lambda answer: None) -> tuple[A, bool]:
        """The answer to `key`, and whether nobody detached it meanwhile; if so, `keep` has it too.

        When `ask` raises, everyone who waits hears it.
        """
        if flight := self._under_way.get(key):
            answer, fresh = flight.wait()
            return answer, fresh
        flight = self._under_way[key] = Event()
        try:
            answer = ask()
        except BaseException as problem:
            self._land(key, flight)
            flight.send_exception(problem)
            raise
        fresh = self._land(key, flight)
        if fresh:
            keep(answer)
        flight.send((answer, fresh))
        return answer, fresh

    def detach(self, key: K) -> None:
        """What is being fetched may be stale already: whoever asks from now on starts anew."""
        self._under_way.pop(key, None)

    def _land(self, key: K, flight: Event) -> bool:
        fresh = self._under_way.get(key) is flight
        if fresh:
            del self._under_way[key]
        return fresh
