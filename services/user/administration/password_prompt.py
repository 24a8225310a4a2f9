"""Passwords of accounts that an operator opens or changes, as they are typed in a terminal or piped."""

import sys
from typing import Any

import click
from nameko import config

from schemas.errors import FieldsInvalid
from schemas.user import REGISTER
from services.foundation.settings import SettingsError
from services.user.passwords import Passwords, hashing_queue
from services.user.settings import load


def read() -> str:
    """Ask for a password twice, or read it from standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def checked(username: str, password: str) -> dict[str, Any]:
    """A request to register, of both. Raises click's error with the sentences for what is wrong."""
    try:
        return REGISTER.load({"username": username, "password": password})
    except FieldsInvalid as problem:
        raise _error(problem) from None


def make_hash(password: str) -> str:
    """The hash to keep. Raises click's error for a password that nobody may have, and for wrong settings."""
    try:
        return Passwords(hashing_queue(load(config))).make_hash(password)
    except FieldsInvalid as problem:
        raise _error(problem) from None
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None


def _error(problem: FieldsInvalid) -> click.ClickException:
    reasons = (f"{field}: {' '.join(sentences)}" for field, sentences in problem.about["fields"].items())
    return click.ClickException("; ".join(reasons))
