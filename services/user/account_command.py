"""`account`: creates and changes the accounts of staff on the operator's command. By default there are none."""

from collections.abc import Callable
from typing import Any, TypeVar

import click
from nameko import config
from sqlalchemy.engine import Connection, Row

from schemas.errors import Refusal
from schemas.roles import HELD, ROLES
from schemas.user import OPERATED, TOKENS_REVOKED
from services.foundation.amqp.announcements import announce_from_command
from services.foundation.database import Transactions, make_engine, utc_now
from services.foundation.events.operations import operator, write_operation
from services.foundation.ids import new_id
from services.foundation.redis_client import connect
from services.user import store, tokens
from services.user.administration import password_prompt
from services.user.administration.admins import check_one_stays
from services.user.models import OUTBOX
from services.user.records import NewAccount
from services.user.second_factor import notices as factor_notices
from services.user.second_factor import store as factor_store
from services.user.self_service import notices
from services.user.self_service import store as own_store

T = TypeVar("T")


class RoleType(click.ParamType[str]):
    """A role for the house, such as `cook`, or for one cinema, `cook@kino-am-kanal`; `staff` means `manager`."""

    name = "role"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The role as an account has it."""
        if not HELD.match("manager" if value == "staff" else value):
            self.fail(f"{value!r} is none of {', '.join(ROLES)}, nor one of them for a cinema, such as cook@CINEMA.")
        return "manager" if value == "staff" else value


role_option = click.option("--role", type=RoleType(), required=True)


@click.group("account")
def account_command() -> None:
    """Accounts of staff and administrators."""


@account_command.command()
@role_option
@click.argument("username")
def create(role: str, username: str) -> None:
    """Open an account with a role. Asks for the password, or reads it from standard input."""
    request = password_prompt.checked(username, password_prompt.read())
    password_hash = password_prompt.make_hash(request["password"])
    account = NewAccount(new_id(), request["username"], password_hash, display_name=None, email=None, roles=[role],
                         created_at=utc_now())

    def add(tx: Connection) -> None:
        store.add_account(tx, account)
        _write_operation(tx, "account create", account.user_id, None, {"roles": [role]})

    _run(add)
    click.echo(f"{username} is {role} now.")


@account_command.command()
@role_option
@click.argument("username")
def grant(role: str, username: str) -> None:
    """Give a user a role. They have to sign in again."""
    _change("account grant", username, lambda user: {"roles": sorted({*user.roles, role})})
    click.echo(f"{username} is {role} now.")


@account_command.command()
@role_option
@click.argument("username")
def revoke(role: str, username: str) -> None:
    """Take a role from a user, and sign them out everywhere. The last admin of the house stays one."""
    _change("account revoke", username, lambda user: {"roles": sorted({*user.roles} - {role})})
    click.echo(f"{username} is no longer {role}.")


@account_command.command("password")
@click.argument("username")
def set_password(username: str) -> None:
    """Set a user's password, and sign them out everywhere."""
    request = password_prompt.checked(username, password_prompt.read())
    password_hash = password_prompt.make_hash(request["password"])
    _change("account password", username, lambda user: {"password_hash": password_hash})
    click.echo(f"{username} has a new password.")


@account_command.command("reset-second-factor")
@click.argument("username")
def reset_second_factor(username: str) -> None:
    """Take the second factor from a user who has lost it, and sign them out everywhere. Staff then set up another."""
    def work(tx: Connection) -> list[str]:
        user = _lock(tx, username)
        if not factor_store.delete_factor(tx, user.user_id):
            raise click.ClickException(f"{username} has no second factor.")
        factor_notices.write_removed(tx, user.user_id)
        _write_operation(tx, "account reset-second-factor", user.user_id, {"second_factor": "set up"},
                         {"second_factor": None})
        return store.delete_tokens_of(tx, user.user_id)

    _revoke(_run(work))
    click.echo(f"{username} has no second factor any more.")


def _change(command: str, username: str, changes: Callable[[Any], dict[str, Any]]) -> None:
    """Change the account's columns, sign the user out everywhere, and withdraw links that set a password."""
    def work(tx: Connection) -> list[str]:
        admins = store.lock_admins(tx)
        user = _lock(tx, username)
        changed = changes(user)
        check_one_stays(admins, user.user_id, changed.get("roles", user.roles))
        store.update_account(tx, user.user_id, **changed)
        before = {name: getattr(user, name) for name in changed}
        _write_operation(tx, command, user.user_id, _without_secrets(before, "a secret"),
                         _without_secrets(changed, "another secret"))
        if "password_hash" in changed:
            notices.write_password_changed(tx, user.user_id)
        own_store.delete_resets_of(tx, user.user_id)
        return store.delete_tokens_of(tx, user.user_id)

    _revoke(_run(work))


def _lock(tx: Connection, username: str) -> Row[Any]:
    found = store.account_by_name(tx, username)
    if found is None:
        raise click.ClickException(f"There is no user {username}.")
    return store.lock_account(tx, found.user_id)


def _revoke(token_ids: list[str]) -> None:
    if token_ids:
        client = connect(config["REDIS_URIS"]["marquee"])
        tokens.revoke(client, *token_ids)
        if not announce_from_command(TOKENS_REVOKED, *token_ids):
            click.echo("RabbitMQ is down: the gateways notice by themselves within seconds.", err=True)


def _without_secrets(columns: dict[str, Any], word: str) -> dict[str, Any]:
    return {name: word if name == "password_hash" else value for name, value in columns.items()}


def _write_operation(tx: Connection, command: str, user_id: str, before: dict[str, Any] | None,
                     after: dict[str, Any]) -> None:
    write_operation(tx, OUTBOX, OPERATED, operator(command), command.replace(" ", "."), about=user_id, before=before,
                    after=after)


def _run(work: Callable[[Connection], T]) -> T:
    try:
        return Transactions(make_engine(config["DB_URIS"]["user:Base"])).run(work)
    except Refusal as refusal:
        raise click.ClickException(refusal.meaning()) from None
