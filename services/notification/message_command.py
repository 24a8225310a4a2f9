"""`messages`: lists unsent messages for the operator, and retries those that failed."""

from collections.abc import Callable
from typing import Any, TypeVar

import click
from nameko import config
from sqlalchemy.engine import Connection

from schemas.errors import Refusal
from services.foundation.database import Transactions, make_engine, utc_now
from services.notification import store

T = TypeVar("T")


@click.command("messages")
@click.option("--retry", is_flag=True, help="Send the messages that were given up once more.")
@click.option("--most", default=50, show_default=True, help="How many to list.")
def messages_command(retry: bool, most: int) -> None:
    """List the messages to buyers that wait or were given up, and why."""
    if retry:
        count = _run(lambda tx: store.retry_failed(tx, utc_now()))
        sent_again = f"{count} {'message is' if count == 1 else 'messages are'} sent again."
        click.echo(sent_again if count else "No message was given up.")
        return
    numbers, rows = _run(lambda tx: (store.count_by_status(tx), store.unsent(tx, most)))
    for row in rows:
        click.echo(line(row))
    click.echo(f"{numbers.get('waiting', 0)} wait, {numbers.get('failed', 0)} were given up, "
               f"{numbers.get('sent', 0)} were sent, {numbers.get('no_address', 0)} had nowhere to go, "
               f"{numbers.get('unconfirmed', 0)} wait for an address to be confirmed.")


def line(row: Any) -> str:
    """A row of the list."""
    happened = row.occurred_at.isoformat(" ", "seconds")
    when = f", next at {row.due_at.isoformat(' ', 'seconds')}" if row.status != "failed" else ""
    about = f"order {row.order_id}" if row.order_id else f"user {row.buyer_id}"
    return (f"{row.status:<11} {row.kind:<20} {about}  of {happened}  "
            f"{row.tries} tries{when}: {row.error or 'no failed try yet'}")


def _run(work: Callable[[Connection], T]) -> T:
    try:
        return Transactions(make_engine(config["DB_URIS"]["notification:Base"])).run(work)
    except Refusal as refusal:
        raise click.ClickException(f"The notification room's database does not answer: {refusal.code}.") from None
