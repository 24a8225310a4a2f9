"""How long files and functions are, and how full folders: `python -m tests.architecture.sizes` prints the table."""

import statistics
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import click

from tests.architecture.sources import ROOT, SHIPPED, Source, sources


def shipped() -> list[Source]:
    """Every module of ours that runs in earnest, except empty ones and those that Alembic writes."""
    return [source for source in sources(*SHIPPED) if not source.is_migration and source.text.strip()]


def files() -> dict[str, int]:
    """The length of every file, in lines."""
    return {str(source): len(source.text.splitlines()) for source in shipped()}


def functions() -> dict[str, int]:
    """The length of every function, in lines, by file and name."""
    return {name: lines for source in shipped() for name, lines in source.functions()}


def folders() -> Counter[str]:
    """The number of code files in every folder, without its __init__.py and the contracts of rooms."""
    return Counter(str(source.path.parent.relative_to(ROOT)) for source in shipped()
                   if source.path.stem != "__init__" and not is_contract(source))


def is_contract(source: Source) -> bool:
    """Whether this is the contract of a room: a new room must not need room in schemas/."""
    return source.path.parent == ROOT / "schemas" and (ROOT / "services" / source.path.stem).is_dir()


@dataclass(frozen=True)
class Summary:
    """The lengths of one kind of thing."""

    count: int
    median: float
    p95: float
    longest: int

    @classmethod
    def of(cls, lengths: Collection[int]) -> "Summary":
        return cls(len(lengths), statistics.median(lengths), statistics.quantiles(lengths, n=20)[-1], max(lengths))

    def __str__(self) -> str:
        return f"| {self.count} | {self.median:g} | {self.p95:g} | {self.longest} |"


if __name__ == "__main__":
    click.echo("| shipped code | count | median lines | p95 | longest |\n|---|--:|--:|--:|--:|")
    for kind, lengths in (("files", files()), ("functions", functions())):
        click.echo(f"| {kind} {Summary.of(lengths.values())}")
    (folder, most), = folders().most_common(1)
    click.echo(f"\nThe fullest folder is {folder}, with {most} code files.")
