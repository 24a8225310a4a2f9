"""The figures of workloads, and the tables that they make."""

import statistics
from collections import Counter
from dataclasses import dataclass, field

from bench.workloads import BUY, BUY_THERE, ECHO, ECHO_THERE, HALL, HALL_THERE


@dataclass(frozen=True)
class Result:
    """The figures of one round of a workload. `cpu_ms`: milliseconds of all processors a request, by process."""

    name: str
    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int
    requests: int
    cpu_ms: dict[str, float] = field(default_factory=dict)


@dataclass
class Rounds:
    """The results of all rounds, by workload."""

    results: dict[str, list[Result]] = field(default_factory=dict)

    def add(self, result: Result) -> None:
        self.results.setdefault(result.name, []).append(result)

    def median(self, name: str, figure: str = "per_second") -> float:
        return statistics.median(getattr(result, figure) for result in self.results[name])

    def ratio(self, name: str, control: str) -> float:
        """The median of the ratios within each round."""
        return statistics.median(one.per_second / other.per_second for one, other in
                                 zip(self.results[name], self.results[control], strict=True))

    def ratios(self, name: str) -> dict[str, float]:
        """The ratios to each control, by its name; of the monolith to what is of the same kind."""
        there = HALL_THERE if name in (HALL, HALL_THERE) else BUY_THERE
        return {"stock echo": self.ratio(name, ECHO), "FastStream echo": self.ratio(name, ECHO_THERE),
                "monolith": self.ratio(name, there)}

    @property
    def errors(self) -> int:
        return sum(result.errors for results in self.results.values() for result in results)

    def cpu_ms(self, name: str) -> dict[str, float]:
        """The median of each process's milliseconds, the busiest first."""
        found = Counter({process: statistics.median(result.cpu_ms.get(process, 0.0) for result in self.results[name])
                         for process in self.results[name][0].cpu_ms})
        return {process: taken for process, taken in found.most_common() if taken >= 0.005}

    def rows(self) -> list[dict[str, object]]:
        """What the JSON file has of each workload."""
        return [{"name": name, **{figure: round(self.median(name, figure), 1) for figure in
                                  ("per_second", "p50_ms", "p99_ms")},
                 "errors": sum(result.errors for result in results),
                 "requests": [result.requests for result in results],
                 "cpu_ms": self.cpu_ms(name),
                 **{f"to_{control.replace(' ', '_').lower()}": round(ratio, 3)
                    for control, ratio in self.ratios(name).items()}}
                for name, results in self.results.items()]


def as_table(rounds: Rounds) -> str:
    heads = ["what", "requests/s", "p50 ms", "p99 ms", "errors", "CPU ms",
             *(f"to {control}" for control in rounds.ratios(ECHO))]
    lines = [f"| {' | '.join(heads)} |", "|---" + "|--:" * (len(heads) - 1) + "|"]
    for name in rounds.results:
        figures = [f"{rounds.median(name):.0f}", f"{rounds.median(name, 'p50_ms'):.1f}",
                   f"{rounds.median(name, 'p99_ms'):.1f}", str(sum(result.errors for result in rounds.results[name])),
                   f"{sum(rounds.cpu_ms(name).values()):.2f}",
                   *(f"{ratio:.2f}" for ratio in rounds.ratios(name).values())]
        lines.append(f"| {name} | {' | '.join(figures)} |")
    return "\n".join(lines)


def purchase_by_process(rounds: Rounds) -> str:
    """Which processes a purchase takes, here and in the monolith."""
    here, there = rounds.cpu_ms(BUY), rounds.cpu_ms(BUY_THERE)
    lines = ["| CPU ms a purchase | Marquee | monolith |", "|---|--:|--:|"]
    lines += [f"| {process} | {here.get(process, 0):.2f} | {there.get(process, 0):.2f} |"
              for process in {**here, **there}]
    return "\n".join([*lines, f"| all | {sum(here.values()):.2f} | {sum(there.values()):.2f} |"])
