"""Gauges of what was measured, and their exposition."""

from collections.abc import Iterable, Sequence

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

Sample = tuple[Sequence[str], float]    # the labels' values, and the gauge's


def gauge(name: str, documentation: str, labels: Sequence[str], samples: Iterable[Sample]) -> Metric:
    """A gauge with these samples."""
    family = GaugeMetricFamily(name, documentation, labels=labels)
    for values, value in samples:
        family.add_metric(list(values), float(value))
    return family


class Measured:
    """Metrics in the place of a registry, as prometheus_client asks it."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def exposition(metrics: Iterable[Metric]) -> str:
    """The metrics as text."""
    return generate_latest(Measured(metrics)).decode()
