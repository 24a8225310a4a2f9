"""`account`: the accounts of staff, made and changed by whoever runs the house. There are none by default."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
import redis
from nameko import config
from sqlalchemy.engine import Connection

from schemas.errors import FieldsInvalid, Refusal
from schemas.user import REGISTER, TOKENS_REVOKED
from services.foundation.amqp.announcements import announce_from_a_command
from services.foundation.database import Transactions, make_engine
from services.foundation.redis_client import OPTIONS
from services.user import passwords, store, tokens

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
    account = store.new_account(request, _make_hash(request["password"]), role)
    _run(lambda tx: store.add(tx, account))
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


def _change(username: str, new: Callable[[Any], dict[str, Any]]) -> None:
    def work(tx: Connection) -> list[str]:
        found = store.by_name(tx, username)
        if found is None:
            raise click.ClickException(f"There is no user {username}.")
        user = store.lock(tx, found.user_id)
        store.change(tx, user.user_id, **new(user))
        return tokens.delete_all(tx, user.user_id)

    token_ids = _run(work)
    if token_ids:
        client = redis.Redis.from_url(config["REDIS_URIS"]["marquee"], decode_responses=True, **OPTIONS)
        tokens.revoke(client, *token_ids)
        if not announce_from_a_command(TOKENS_REVOKED, *token_ids):
            click.echo("RabbitMQ is down: the gateways notice within seconds by themselves.", err=True)


def _run(work: Callable[[Connection], T]) -> T:
    try:
        return Transactions(make_engine(config["DB_URIS"]["user:Base"])).run(work)
    except Refusal as refusal:
        raise click.ClickException(refusal.meaning()) from None


def _checked(username: str, password: str) -> dict[str, Any]:
    try:
        return REGISTER.load({"username": username, "password": password})
    except FieldsInvalid as problem:
        raise _told(problem) from None


def _make_hash(password: str) -> str:
    try:
        return passwords.make_hash(password)
    except FieldsInvalid as problem:
        raise _told(problem) from None


def _told(problem: FieldsInvalid) -> click.ClickException:
    reasons = (f"{field}: {' '.join(why)}" for field, why in problem.about["fields"].items())
    return click.ClickException("; ".join(reasons))


def _read_password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
