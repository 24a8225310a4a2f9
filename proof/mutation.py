"""Mutation testing with mutmut: faults are written into a copy of the tree, and the unit tests have to notice them.

Which modules and tests take part stands in pyproject.toml, [tool.mutmut]. Each fault that may stay unnoticed stands in
accepted.yml beside this module, with the reason.
"""

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

from proof.results import Outcome

LEAST_PERCENT = 90
HEADING = "Faults that no test noticed"
ACCEPTED = Path(__file__).with_name("accepted.yml")
UNNOTICED = {"survived", "no tests", "suspicious"}   # a fault that makes a test hang ("timeout") is noticed


@dataclass(frozen=True)
class Fault:
    """A mutant: one changed line of one function."""

    name: str
    status: str
    before: str
    after: str

    @property
    def module(self) -> str:
        return module_of(self.name)


def try_faults(root: Path, folder: Path, modules: Sequence[str]) -> Outcome:
    """Try every fault in a copy of the tree in `folder`, or those in these modules (`services.film.rules`)."""
    copy_tree(root, folder)
    names = [f"{module}.*" for module in modules]
    # Its exit code says nothing of what was noticed; when it could not run, there are no results.
    subprocess.run([sys.executable, "-m", "mutmut", "run", *names], cwd=folder, check=False)
    statuses = {name: status for name, status in read_statuses(folder) if status != "not checked"}
    with ThreadPoolExecutor() as pool:
        unnoticed = list(pool.map(lambda name: describe(folder, name, statuses[name]),
                                  [name for name, status in statuses.items() if status in UNNOTICED]))
    return summarize(statuses, unnoticed)


def copy_tree(root: Path, folder: Path) -> None:
    """Copy the files that git knows or would add."""
    shutil.rmtree(folder, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root,
                            capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)


def read_statuses(folder: Path) -> Iterator[tuple[str, str]]:
    printed = subprocess.run([sys.executable, "-m", "mutmut", "results", "--all", "true"], cwd=folder,
                             capture_output=True, text=True, check=True).stdout
    for line in printed.splitlines():
        name, colon, status = line.strip().rpartition(": ")
        if colon:
            yield name, status


def describe(folder: Path, name: str, status: str) -> Fault:
    """The fault with the lines it changes."""
    diff = subprocess.run([sys.executable, "-m", "mutmut", "show", name], cwd=folder, capture_output=True, text=True,
                          check=True).stdout.splitlines()
    before, after = (" ".join(line[1:].strip() for line in diff if line.startswith(sign) and line[:3] != sign * 3)
                     for sign in "-+")
    return Fault(name, status, before, after)


def summarize(statuses: dict[str, str], unnoticed: list[Fault]) -> Outcome:
    """What was noticed. It passes if the tests noticed LEAST_PERCENT of the faults in each module."""
    faults = Counter(map(module_of, statuses))
    noticed = Counter(module_of(name) for name, status in statuses.items() if status not in UNNOTICED)
    percents = {module: 100 * noticed[module] / count for module, count in faults.items()}
    weak = [f"`{module}` {percent:.1f} %" for module, percent in percents.items() if percent < LEAST_PERCENT]
    reasons = read_reasons()
    listed = [_line(fault, reasons) for fault in sorted(unnoticed, key=lambda fault: fault.name)]
    verdict = f"{noticed.total():,} noticed ({100 * noticed.total() / max(1, len(statuses)):.1f} %)"
    return Outcome(f"{len(statuses):,} faults in {len(faults)} modules: {', '.join(f'`{name}`' for name in faults)}",
                   verdict + f"; FAILED, less than {LEAST_PERCENT} %: {', '.join(weak)}" * bool(weak),
                   bool(statuses) and not weak, {HEADING: "\n".join(listed)})


def module_of(name: str) -> str:
    """The module of a mutant, such as services.film.rules.x_clashes__mutmut_1."""
    return name.partition(".x_")[0].partition(".xǁ")[0]


def read_reasons() -> dict[tuple[str, str], str]:
    """Why a fault may stay unnoticed, by its module and the line as the fault has it."""
    return {(module, fault["line"]): fault["reason"]
            for module, faults in (yaml.safe_load(ACCEPTED.read_text()) or {}).items() for fault in faults}


def _line(fault: Fault, reasons: dict[tuple[str, str], str]) -> str:
    reason = reasons.get((fault.module, fault.after), "not judged yet")
    return f"- `{fault.module}`: `{fault.before}` became `{fault.after}`: {reason}"
