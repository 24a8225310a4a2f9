"""The command `review`: lists the cases about money that a person has to decide, and decides them."""

import getpass

import click
from nameko import config

from schemas.errors import Busy
from schemas.payment import UnknownProvider
from services.foundation.database import Transactions, make_engine
from services.foundation.rpc.standalone_client import StandaloneCaller
from services.payment import settings
from services.payment.payment_processor import payment_processor
from services.payment.reconciling.review import Review, Undecidable
from services.payment.reconciling.review_cases import (
    PAYMENT_DECISIONS,
    REFUND_DECISIONS,
    REVERSAL_DECISIONS,
    Case,
)


@click.group("review", invoke_without_command=True)
@click.pass_context
def review_command(context: click.Context) -> None:
    """List the payments, refunds and reversals that a person has to decide, and decide them."""
    database = Transactions(make_engine(config["DB_URIS"]["payment:Base"]))
    context.obj = Review(payment_processor(database, settings.load(config), StandaloneCaller()))
    if context.invoked_subcommand is None:
        context.invoke(list_cases)


@review_command.command("list")
@click.pass_obj
def list_cases(review: Review) -> None:
    """List the open cases, the status of each at its provider, and how it may be decided."""
    cases = _open(review)
    for case in cases:
        click.echo(f"{case}{_provider_status(review, case)}")
    click.echo("Decide one with: review decide ID DECISION --because TEXT" if cases else "There are no open cases.")


@review_command.command("decide")
@click.argument("case_id", metavar="ID")
@click.argument("decision", type=click.Choice(list({**PAYMENT_DECISIONS, **REFUND_DECISIONS, **REVERSAL_DECISIONS})))
@click.option("--because", required=True, help="Why; it is kept with the decision.")
@click.option("--by", default=getpass.getuser, show_default="you", help="Who decides; kept as well.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def decide(review: Review, case_id: str, decision: str, because: str, by: str, yes: bool) -> None:
    """Decide the case of this payment, refund, reversal or order.

    Of payments: `pay` takes the money if it is the amount we asked for, `refund` gives it back, `release` ends an order
    that was not paid. Of refunds: `retry`, or `settled` if it was paid back in another way. Of money
    that left without us (a refund made at the provider by hand, a dispute): `void` ends the order, `keep` does not.
    `written_off` closes the case of any of them if its provider is gone, or its keys belong to another account.
    """
    found = [case for case in _open(review) if case_id in (case.about, case.order_id)]
    if len(found) != 1:
        raise click.ClickException("There is no such case." if not found else
                                   f"Which of them? {', '.join(case.about for case in found)}")
    [case] = found
    if decision not in case.decisions:
        raise click.ClickException(f"Possible decisions: {', '.join(case.decisions)}.")
    if not yes:
        click.echo(f"{case}{_provider_status(review, case)}")
        click.confirm(f"{decision}: {case.decisions[decision]}. Is that so?", abort=True)
    try:
        click.echo(review.decide(case, decision, by[:64], because[:500]))
    except Undecidable as problem:
        raise click.ClickException(str(problem)) from None
    except UnknownProvider:
        raise click.ClickException(f"{case.provider} can't be asked: it is not set up here any more.") from None
    except Busy:
        raise click.ClickException(f"{case.provider} does not answer. The case stays open.") from None


def _open(review: Review) -> list[Case]:
    try:
        return review.cases()
    except Busy as refusal:
        raise click.ClickException(f"The payment room's database does not answer: {refusal.code}.") from None


def _provider_status(review: Review, case: Case) -> str:
    if case.decisions is not PAYMENT_DECISIONS:
        return ""
    try:
        return f"  (there: {review.provider_status(case)})"
    except Busy:
        return "  (there: no answer)"
    except UnknownProvider:
        return "  (it is not set up here any more)"
