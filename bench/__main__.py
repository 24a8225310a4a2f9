"""`./bench.sh`: starts a private mesh and the controls, loads each in turn, and prints tables."""

import json
import os
import platform
import shutil
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import click
import requests

from bench import tracing
from bench.controls import faststream, monolith, stock_nameko
from bench.cpu_time import cpu_seconds
from bench.load import CONNECTIONS, SECONDS, load
from bench.results import Result, Rounds, as_table, purchase_by_process
from bench.workloads import Workload, Workloads
from testbed.mesh import ROOT, Mesh, running_mesh

FOLDER = ROOT / ".run" / "bench"


def run(mesh: Mesh, workload: Workload) -> Result:
    """Load with all calls of a workload but the last, which is tried before."""
    *calls, last = workload.calls
    check = requests.request(last.method, workload.url + last.path, data=last.body or None, timeout=20, headers={
        "Content-Type": "application/json", "Authorization": f"Bearer {last.token}"})
    assert check.status_code == workload.expected, f"{workload.name}: {check.status_code} {check.text[:200]}"
    others = workload.control.pids if workload.control else []
    before = cpu_seconds(mesh, others)
    figures = load(workload.url, calls or [last], FOLDER)
    after, count = cpu_seconds(mesh, others), figures["requests"]
    workload.sent(count)
    wrong = figures["not_2xx"] if workload.expected == 200 else count - figures["not_2xx"]
    return Result(workload.name, count / figures["seconds"], figures["p50_ms"], figures["p99_ms"],
                  int(wrong + figures["socket_errors"]), count,
                  {process: (after[process] - before[process]) * 1000 / count for process in after})


def run_rounds(mesh: Mesh, workloads: Workloads, count: int) -> Rounds:
    rounds = Rounds()
    for number in range(1, count + 1):
        for workload in workloads:
            time.sleep(0.5)
            rounds.add(result := run(mesh, workload))
            print(f"round {number}: {result.name}: {result.per_second:.0f}/s", file=sys.stderr, flush=True)
    return rounds


@click.command()
@click.option("--rounds", "count", default=5, show_default=True, help="How often each workload has its turn.")
def bench(count: int) -> None:
    """Measure Marquee beside stock Nameko, FastStream and a plain monolith, all on the same servers."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    with ExitStack() as running:
        mesh = running.enter_context(running_mesh(FOLDER, MARQUEE_CROWD=100))
        controls = [running.enter_context(control(mesh)) for control in (stock_nameko, faststream, monolith)]
        workloads = Workloads(mesh, *controls)
        rounds = run_rounds(mesh, workloads, count)
        print(f"{as_table(rounds)}\n\n{purchase_by_process(rounds)}\n", flush=True)
        write(FOLDER / "bench.json", rounds, count)
        print(f"\n{tracing.as_table(*tracing.measure(workloads.purchases, FOLDER))}")
        mesh.check_invariants()
    if rounds.errors:
        raise SystemExit("There were errors.")


def write(file: Path, rounds: Rounds, count: int) -> None:
    file.write_text(json.dumps({
        "connections": CONNECTIONS, "seconds": SECONDS, "rounds": count, "cores": os.cpu_count(),
        "python": platform.python_version(), "results": rounds.rows()}, indent=2))
    print(f"The medians of {count} rounds, {CONNECTIONS} connections, {os.cpu_count()} cores; "
          f"as JSON in {file.relative_to(ROOT)}")


bench(prog_name="./bench.sh")
