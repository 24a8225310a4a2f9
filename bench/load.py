"""Requests, replayed with wrk over persistent connections."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONNECTIONS, SECONDS = 20, 4
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Call:
    """One request of a workload."""

    method: str
    path: str
    token: str = ""
    body: str = ""
    traceparent: str = ""
    key: str = ""


def load(url: str, calls: Sequence[Call], folder: Path, seconds: float = SECONDS) -> dict[str, Any]:
    """Replay the calls with wrk over CONNECTIONS persistent connections; returns the figures of wrk."""
    file = folder / "requests.tsv"
    file.write_text("".join(f"{c.method}\t{c.path}\t{c.token}\t{c.traceparent}\t{c.key}\t{c.body}\n" for c in calls))
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "20s", "--latency", "-s",
         str(HERE / "replay.lua"), url, "--", str(file)], capture_output=True, text=True, check=True, timeout=120)
    [line] = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    return dict(json.loads(line.removeprefix("RESULT ")))
