"""The auditor: the books compared with the payment providers' and every promise with the databases.

Once by `reconcile`, again and again by `audit`, which runs beside the rooms. Whatever it does may happen twice.
"""

import logging
import logging.config
import time
from dataclasses import dataclass

import click
from nameko import config

from operations.checks.invariants import Finding, check_all, reachable
from operations.operator_error import Trouble
from services.foundation.database import Transactions, make_engine
from services.payment import settings as payment_settings
from services.payment.reconciling.difference import Difference
from services.payment.reconciling.reconciler import reconcile

log = logging.getLogger("marquee.audit")


@dataclass(frozen=True)
class Audit:
    """What was found, and what could be put right."""

    lines: list[Difference]
    findings: list[Finding]

    @property
    def left(self) -> list[str]:
        """What is still as it should not be."""
        broken = [f"{finding.invariant.name} {breach}" for finding in self.findings for breach in finding.breaches]
        return [line.text for line in self.lines if line.is_open] + broken


def audit() -> Audit:
    """Compare everything, and put right what can be. Raises Trouble when MariaDB or Redis does not answer."""
    with reachable():
        engine = make_engine(config["DB_URIS"]["payment:Base"])
        try:
            lines = reconcile(Transactions(engine), payment_settings.load(config))
        finally:
            engine.dispose()
        return Audit(lines, check_all())


@click.command("reconcile")
def reconcile_command() -> None:
    """Compare the payment providers' books with ours, put right what can be, and check every promise.

    Exits with 1 if something is left.
    """
    found = audit()
    for line in [*found.lines, *found.findings]:
        click.echo(str(line))
    click.echo(f"{len(found.lines)} differences with the providers, {len(found.left)} things left")
    if found.left:
        raise SystemExit(1)


@click.command("audit")
def audit_command() -> None:
    """Do what `reconcile` does every `audit.seconds`, into the log; `start` keeps this running beside the rooms."""
    logging.config.dictConfig(config["LOGGING"])
    log.info("compares everything from time to time", extra={"seconds": config["audit"]["seconds"]})
    while True:
        time.sleep(config["audit"]["seconds"])
        began = time.monotonic()
        try:
            found = audit()
        except Trouble as trouble:
            log.warning("nothing could be compared", extra={"problem": trouble.message})
            continue
        for line in found.lines:
            if not line.is_open:
                log.warning("%s", line)
        for left in found.left:
            log.error("needs somebody", extra={"what": left})
        log.info("compared everything", extra={"left": len(found.left), "ms": round((time.monotonic() - began) * 1000)})
