"""What came of one part, as a row of docs/proof.md."""

import datetime as dt
import json
import re
import statistics
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

RECOVERY = "How soon the next purchase succeeded"
HEADER = """\
# What has been tried

`./prove.sh` writes this page. Each row says what the last run of that part tried, with the seed that repeats it:
`./prove.sh --only model --seed 7`. A part that is not here has not been run.

| What was tried | How often | What came of it | Seed | Date (UTC) | Commit |
| --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Outcome:
    """How often something was tried, and what came of it."""

    count: str
    verdict: str
    passed: bool
    sections: Mapping[str, str] = field(default_factory=dict)   # heading -> Markdown below the table; "" takes it away


def read_junit(report: Path) -> Outcome:
    """The outcome in a JUnit report.

    Tests say with `record_property("tried", ...)` how often they tried what, and with the property "recovery" how many
    seconds each recovery took: a JSON object {fault: [seconds, ...]}.
    """
    cases = list(ElementTree.parse(report).iter("testcase"))
    tried, recoveries = _told(cases, "tried"), _told(cases, "recovery")
    failed = [f"`{case.get('name')}`" for case in cases if case.find("failure") is not None
              or case.find("error") is not None]
    skipped = sum(case.find("skipped") is not None for case in cases)
    count = "; ".join([f"{len(cases) - skipped:,} tests", *tried])
    verdict = "everything as promised" if cases else "FAILED: nothing was tried"
    if failed:
        verdict = f"FAILED: {', '.join(dict.fromkeys(failed))}"
    return Outcome(count, verdict + (f"; {skipped} tests were skipped" if skipped else ""), bool(cases) and not failed,
                   {RECOVERY: _recovery_table(recoveries)} if recoveries else {})


def _told(cases: Iterable[ElementTree.Element], name: str) -> list[str]:
    return [entry.get("value", "") for case in cases for entry in case.iter("property") if entry.get("name") == name]


def _recovery_table(recoveries: Iterable[str]) -> str:
    taken: dict[str, list[float]] = {}
    for recovery in recoveries:
        for fault, seconds in json.loads(recovery).items():
            taken.setdefault(fault, []).extend(seconds)
    rows = [f"| {fault} | {len(seconds)} | {statistics.median(seconds):.1f} s | {max(seconds):.1f} s |"
            for fault, seconds in taken.items()]
    return "\n".join(["| What happened | Times | Median | Longest |", "| --- | --: | --: | --: |", *rows]) + "\n"


def write_page(page: Path, claim: str, outcome: Outcome, seed: int | None) -> None:
    """Put this outcome on the page in place of the part's last one; other parts stay as they are."""
    table, *rest = re.split(r"^## ", page.read_text() if page.exists() else "", flags=re.MULTILINE)
    _, _, body = table.partition("| --- |")
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in body.splitlines() if line.startswith("| ")}
    cells = (claim, outcome.count, outcome.verdict, "" if seed is None else str(seed),
             f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M}", commit())
    rows[claim] = "| " + " | ".join(cells) + " |"
    sections = dict(section.split("\n\n", 1) for section in rest) | dict(outcome.sections)
    page.write_text(HEADER + "\n".join(rows.values()) + "\n" + "".join(
        f"\n## {heading}\n\n{text.strip()}\n" for heading, text in sections.items() if text))


def commit() -> str:
    """The commit that was tried, with a + if the tree has changes beside it."""
    short = _git("rev-parse", "--short", "HEAD")
    return short + ("+" if _git("status", "--porcelain", "--", ".", ":!docs/proof.md") else "")


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()
