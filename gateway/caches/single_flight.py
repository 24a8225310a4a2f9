"""Single flight: equal calls at the same time are one call, whose result all of them get."""

from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

from eventlet.event import Event

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """The calls under way in this process, by key. It remembers no results."""

    def __init__(self) -> None:
        self._flights: dict[K, Event] = {}

    def __iter__(self) -> Iterator[K]:
        """The keys of the calls under way."""
        return iter(list(self._flights))

    def run(self, key: K, call: Callable[[], V], keep: Callable[[V], None] = lambda value: None) -> tuple[V, bool]:
        """The result of `call`, or of the call under way for this key; False with it when that call was detached.

        `keep` gets a result that was not detached. What `call` raises is raised to everyone who waits.
        """
        if flight := self._flights.get(key):
            value, attached = flight.wait()
            return value, attached
        flight = self._flights[key] = Event()
        try:
            value = call()
        except BaseException as problem:
            self._end(key, flight)
            flight.send_exception(problem)
            raise
        attached = self._end(key, flight)
        if attached:
            keep(value)
        flight.send((value, attached))
        return value, attached

    def detach(self, key: K) -> None:
        """The result under way may be outdated: calls from now on start anew."""
        self._flights.pop(key, None)

    def _end(self, key: K, flight: Event) -> bool:
        attached = self._flights.get(key) is flight
        if attached:
            del self._flights[key]
        return attached
