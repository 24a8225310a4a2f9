"""`load FILE` loads a programme file into the film room and the kitchen; with any mistake, into neither."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import click
from nameko import config

from services.film import programme_import
from services.foundation.database import utc_now
from services.foundation.marked_yaml import InvalidFile, Mistake
from services.kitchen import menu_import


def load(path: Path) -> str:
    """Load screenings and menus; returns a line about each part.

    Raises InvalidFile with the mistakes of all parts; then nothing is written.
    """
    now, uris = utc_now(), config["DB_URIS"]
    raise_mistakes(path, now)
    menu, snacks = menu_import.read(path), list[str]()

    def load_menus() -> None:
        snacks.append(menu_import.load(menu, uris["kitchen:Base"]))

    report = programme_import.load(path, uris["film:Base"], now, before_commit=load_menus)
    lines = [str(report), f"snacks: {snacks[-1]}"]
    if not programme_import.announce_changes(report):
        lines.append("RabbitMQ is down, so the order rooms will notice the changes within ten minutes.")
    return "\n".join(lines)


def raise_mistakes(path: Path, now: dt.datetime) -> None:
    """Read all parts of the file. Raises InvalidFile with the mistakes of all."""
    readers: tuple[Callable[[], object], ...] = (
        lambda: programme_import.read(path, now), lambda: menu_import.read(path))
    if mistakes := [mistake for reader in readers for mistake in _mistakes(reader)]:
        raise InvalidFile(path, mistakes)


def _mistakes(reader: Callable[[], object]) -> list[Mistake]:
    try:
        reader()
    except InvalidFile as bad:
        return bad.mistakes
    return []


@click.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load_command(file: Path) -> None:
    """Load a programme FILE; if it has mistakes, list them with their lines and load nothing."""
    try:
        click.echo(load(file))
    except InvalidFile as problem:
        raise click.ClickException(f"nothing was loaded.\n{problem}") from None
