"""`load FILE`: a programme file goes to the rooms it is for, or, with a mistake in any part, to none."""

from collections.abc import Callable
from pathlib import Path

import click
from nameko import config

from services.film import programme_import
from services.foundation.database import utc_now
from services.foundation.marked_yaml import BadFile, Mistake
from services.kitchen import menu_import


def load(path: Path) -> str:
    """Load screenings and menus; what came of it, a line for each part.

    Raises BadFile with the mistakes of all parts; then nothing was written.
    """
    now, uris = utc_now(), config["DB_URIS"]
    readers: tuple[Callable[[], object], ...] = (
        lambda: programme_import.read(path, now), lambda: menu_import.read(path))
    if mistakes := [mistake for reader in readers for mistake in _mistakes(reader)]:
        raise BadFile(path, mistakes)
    rows, told = menu_import.read(path), list[str]()

    def load_menus() -> None:
        told.append(menu_import.load(rows, uris["kitchen:Base"]))

    report = programme_import.load(path, uris["film:Base"], now, before_commit=load_menus)
    lines = [str(report), f"snacks: {told[-1]}"]
    if not programme_import.announce_changes(report):
        lines.append("RabbitMQ is down: the order rooms notice what has changed within ten minutes by themselves.")
    return "\n".join(lines)


def _mistakes(reader: Callable[[], object]) -> list[Mistake]:
    try:
        reader()
    except BadFile as bad:
        return bad.mistakes
    return []


@click.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load_command(file: Path) -> None:
    """Load a programme FILE; a bad one is refused whole, with each mistake and its line."""
    try:
        click.echo(load(file))
    except BadFile as problem:
        raise click.ClickException(f"nothing was loaded.\n{problem}") from None
