"""`account`: creates and changes the accounts of staff on the operator's command. By default there are none."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
import redis
from nameko import config
from sqlalchemy.engine import Connection

from schemas.errors import FieldsInvalid, Refusal
from schemas.user import REGISTER, TOKENS_REVOKED
from services.foundation.amqp.announcements import announce_from_command
from services.foundation.database import Transactions, make_engine, utc_now
from services.foundation.ids import new_id
from services.foundation.redis_client import OPTIONS
from services.foundation.settings import SettingsError
from services.user import store, tokens
from services.user.passwords import Passwords
from services.user.records import NewAccount
from services.user.settings import load

T = TypeVar("T")
role_option = click.option("--role", type=click.Choice(["staff", "admin"]), required=True)


@click.group("account")
def account_command() -> None:
    """Accounts of staff and administrators."""


@account_command.command()
@role_option
@click.argument("username")
def create(role: str, username: str) -> None:
    """Open an account with a role. Asks for the password, or reads it from standard input."""
    request = _checked(username, _read_password())
    account = NewAccount(new_id(), request["username"], _make_hash(request["password"]), display_name=None, email=None,
                         roles=[role], created_at=utc_now())
    _run(lambda tx: store.add_account(tx, account))
    click.echo(f"{username} is {role} now.")


@account_command.command()
@role_option
@click.argument("username")
def grant(role: str, username: str) -> None:
    """Give a user a role. They have to sign in again."""
    _change(username, lambda user: {"roles": sorted({*user.roles, role})})
    click.echo(f"{username} is {role} now.")


@account_command.command()
@role_option
@click.argument("username")
def revoke(role: str, username: str) -> None:
    """Take a role from a user, and sign them out everywhere."""
    _change(username, lambda user: {"roles": sorted({*user.roles} - {role})})
    click.echo(f"{username} is no longer {role}.")


@account_command.command("password")
@click.argument("username")
def set_password(username: str) -> None:
    """Set a user's password, and sign them out everywhere."""
    request = _checked(username, _read_password())
    password_hash = _make_hash(request["password"])
    _change(username, lambda user: {"password_hash": password_hash})
    click.echo(f"{username} has a new password.")


def _change(username: str, changes: Callable[[Any], dict[str, Any]]) -> None:
    """Change the account's columns, and sign the user out everywhere."""
    def work(tx: Connection) -> list[str]:
        found = store.account_by_name(tx, username)
        if found is None:
            raise click.ClickException(f"There is no user {username}.")
        user = store.lock_account(tx, found.user_id)
        store.update_account(tx, user.user_id, **changes(user))
        return store.delete_tokens_of(tx, user.user_id)

    token_ids = _run(work)
    if token_ids:
        client = redis.Redis.from_url(config["REDIS_URIS"]["marquee"], decode_responses=True, **OPTIONS)
        tokens.revoke(client, *token_ids)
        if not announce_from_command(TOKENS_REVOKED, *token_ids):
            click.echo("RabbitMQ is down: the gateways notice by themselves within seconds.", err=True)


def _run(work: Callable[[Connection], T]) -> T:
    try:
        return Transactions(make_engine(config["DB_URIS"]["user:Base"])).run(work)
    except Refusal as refusal:
        raise click.ClickException(refusal.meaning()) from None


def _checked(username: str, password: str) -> dict[str, Any]:
    try:
        return REGISTER.load({"username": username, "password": password})
    except FieldsInvalid as problem:
        raise _error(problem) from None


def _make_hash(password: str) -> str:
    try:
        return Passwords(load(config).max_workers).make_hash(password)
    except FieldsInvalid as problem:
        raise _error(problem) from None
    except SettingsError as problem:
        raise click.ClickException(str(problem)) from None


def _error(problem: FieldsInvalid) -> click.ClickException:
    reasons = (f"{field}: {' '.join(sentences)}" for field, sentences in problem.about["fields"].items())
    return click.ClickException("; ".join(reasons))


def _read_password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
