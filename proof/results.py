"""What came of one part, as a row of docs/proof.md."""

import datetime as dt
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

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
    details: str | None = None   # Markdown that follows the table; None: leave what is there


def read_junit(report: Path) -> Outcome:
    """The outcome in a JUnit report; tests say with `record_property("tried", ...)` how often they tried what."""
    cases = list(ElementTree.parse(report).iter("testcase"))
    tried = [entry.get("value", "") for case in cases for entry in case.iter("property")
             if entry.get("name") == "tried"]
    failed = [f"`{case.get('name')}`" for case in cases if case.find("failure") is not None
              or case.find("error") is not None]
    skipped = sum(case.find("skipped") is not None for case in cases)
    count = "; ".join([f"{len(cases) - skipped:,} tests", *tried])
    verdict = "everything as promised" if cases else "FAILED: nothing was tried"
    if failed:
        verdict = f"FAILED: {', '.join(dict.fromkeys(failed))}"
    return Outcome(count, verdict + (f"; {skipped} tests were skipped" if skipped else ""), bool(cases) and not failed)


def write_page(page: Path, claim: str, outcome: Outcome, seed: int | None) -> None:
    """Put this outcome on the page in place of the part's last one; other parts stay as they are."""
    rows, details = _read_page(page)
    cells = (claim, outcome.count, outcome.verdict, "" if seed is None else str(seed),
             f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M}", commit())
    rows[claim] = "| " + " | ".join(cells) + " |\n"
    if outcome.details is not None:
        details = outcome.details and f"\n{outcome.details}"
    page.write_text(HEADER + "".join(rows.values()) + details)


def _read_page(page: Path) -> tuple[dict[str, str], str]:
    """The rows by what was tried, and what follows the table."""
    if not page.exists():
        return {}, ""
    _, _, body = page.read_text().partition("| --- |")
    lines = body.splitlines(keepends=True)[1:]
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in _table(lines)}
    return rows, "".join(lines[len(rows):])


def _table(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        if not line.startswith("| "):
            return
        yield line


def commit() -> str:
    """The commit that was tried, with a + if the tree has changes beside it."""
    short = _git("rev-parse", "--short", "HEAD")
    return short + ("+" if _git("status", "--porcelain", "--", ".", ":!docs/proof.md") else "")


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()
