"""`./prove.sh`: runs the parts at full size and writes docs/proof.md."""

import secrets
import subprocess
import sys
from pathlib import Path

import click

from proof import mutation
from proof.parts import MUTATION, PARTS, Part
from proof.results import Outcome, read_junit, write_page

ROOT = Path(__file__).resolve().parents[1]
FOLDER, PAGE = ROOT / ".run" / "proof", ROOT / "docs" / "proof.md"


@click.command()
@click.option("--only", type=click.Choice([part.name for part in (*PARTS, MUTATION)]), multiple=True,
              help="A part; may be repeated. Default: all.")
@click.option("--seed", type=int, help="Repeats a run. Default: a new one.")
@click.option("--module", "modules", multiple=True, help="For `mutation`: only faults in this module.")
def prove(only: tuple[str, ...], seed: int | None, modules: tuple[str, ...]) -> None:
    """Try every promise at full size, and write docs/proof.md. Exits with 1 when something did not hold."""
    seed = secrets.randbits(32) if seed is None else seed
    click.echo(f"The seed is {seed}.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    failed = False
    for part in (*PARTS, MUTATION):
        if not only or part.name in only:
            mutating = part is MUTATION
            outcome = mutation.try_faults(ROOT, FOLDER / "mutation", modules) if mutating else run_tests(part, seed)
            write_page(PAGE, part.claim, outcome, None if mutating else seed)
            click.echo(f"{part.name}: {outcome.count}: {outcome.verdict}")
            failed |= not outcome.passed
    raise SystemExit(failed)


def run_tests(part: Part, seed: int) -> Outcome:
    report = FOLDER / f"{part.name}.xml"
    report.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "--size=full",
         f"--seed={seed}", f"--junitxml={report}", *(f"--ignore={folder}" for folder in part.without), *part.tests],
        cwd=ROOT, check=False)
    if not report.exists():
        return Outcome("nothing", f"FAILED: pytest ended with {done.returncode}", passed=False)
    return read_junit(report)


prove(prog_name="./prove.sh")
