"""The states of circuit breakers as a metric: which room is not called at the moment, because it was silent."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

VALUES = {"closed": 0, "half_open": 1, "open": 2}
States = Callable[[], Mapping[str, str]]    # returns closed, half_open or open by the room that is called


class Circuits(Collector):
    """Asks the breakers for their states when metrics are read."""

    def __init__(self) -> None:
        self._watched: dict[str, States] = {}

    def watch(self, room: str, states: States) -> None:
        """Show from now on the states of the circuits from this room to those that it calls."""
        self._watched[room] = states

    def collect(self) -> Iterator[Metric]:
        """One sample for each room that was called so far."""
        found = GaugeMetricFamily("marquee_circuit_state", "Whether a room calls another: 0 yes, 1 to probe it, 2 no.",
                                  labels=["room", "to_room"])
        for room, states in self._watched.items():
            for to_room, state in states().items():
                found.add_metric([room, to_room], VALUES[state])
        yield found


CIRCUITS = Circuits()
REGISTRY.register(CIRCUITS)
watch_circuits = CIRCUITS.watch
