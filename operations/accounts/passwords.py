"""The passwords of the rooms' accounts at the servers that are started here: random, in a file of the run folder."""

import json
import secrets
from collections.abc import Iterable
from pathlib import Path

FILE = "accounts.json"
Passwords = dict[str, str]    # by room


def read(run_folder: Path, server: str) -> Passwords:
    """The passwords of the rooms that have accounts at this server."""
    return _read(run_folder).get(server, {})


def make(run_folder: Path, server: str, rooms: Iterable[str]) -> Passwords:
    """The passwords for these rooms; those that are missing are made."""
    known = _read(run_folder)
    before = known.get(server, {})
    passwords = {room: before.get(room) or secrets.token_urlsafe(24) for room in rooms}
    if passwords != before:
        _write(run_folder, {**known, server: passwords})
    return passwords


def forget(run_folder: Path, server: str) -> None:
    """Rooms use the account of the settings at this server."""
    known = _read(run_folder)
    if known.pop(server, None) is not None:
        _write(run_folder, known)


def _read(run_folder: Path) -> dict[str, Passwords]:
    try:
        return dict(json.loads((run_folder / FILE).read_text()))
    except FileNotFoundError:
        return {}


def _write(run_folder: Path, known: dict[str, Passwords]) -> None:
    draft = run_folder / f"{FILE}.new"
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(known, indent=2) + "\n")
    draft.replace(run_folder / FILE)
