"""What recording traces costs a purchase: beside purchases whose client wants no spans, in the same rush, in turn."""

import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from bench.load import load
from bench.purchases import Purchases

PAIRS, SLICE, MOST = 8, 4, 250   # pairs of slices, seconds of one, purchases that a second may take
SETTLE = 1.5                      # seconds until the spans of a slice are sent and stored
UNRECORDED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


@dataclass(frozen=True)
class Cost:
    """Of a slice: purchases a second, and milliseconds of all processors for one, its spans' way included."""

    per_second: float
    cpu: float


def measure(purchases: Purchases, folder: Path) -> tuple[list[Cost], list[Cost]]:
    """The costs with traces at the default sampling, and with none. Which of a pair comes first changes."""
    traced, untraced = list[Cost](), list[Cost]()
    for pair in range(PAIRS):
        turns = [(traced, ""), (untraced, UNRECORDED)]
        for costs, traceparent in turns if pair % 2 else reversed(turns):
            costs.append(_slice(purchases, traceparent, folder))
    return traced, untraced


def _slice(purchases: Purchases, traceparent: str, folder: Path) -> Cost:
    calls = [replace(call, traceparent=traceparent) for call in purchases.take(MOST * SLICE)]
    time.sleep(SETTLE)
    before = _cpu_seconds_of_all()
    figures = load(purchases.mesh.url, calls, folder, SLICE)
    time.sleep(SETTLE)
    assert figures["not_2xx"] == figures["socket_errors"] == 0, figures
    return Cost(figures["requests"] / figures["seconds"], (_cpu_seconds_of_all() - before) * 1000 / figures["requests"])


def _cpu_seconds_of_all() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system)


def as_table(traced: list[Cost], untraced: list[Cost]) -> str:
    lines = ["| order.buy, 3 fresh seats | traced | not traced | median ratio of the pairs | its quartiles |",
             "|---|--:|--:|--:|--:|"]
    for name, field in (("requests/s", "per_second"), ("ms of all processors", "cpu")):
        these, those = ([getattr(cost, field) for cost in costs] for costs in (traced, untraced))
        low, middle, high = statistics.quantiles((one / other for one, other in zip(these, those, strict=True)), n=4)
        lines.append(f"| {name} | {statistics.median(these):.1f} | {statistics.median(those):.1f} | {middle:.3f} "
                     f"| {low:.3f} to {high:.3f} |")
    return "\n".join(lines)
