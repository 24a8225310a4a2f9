"""The auditor: compares our payments with the providers' and checks every invariant against the databases.

`reconcile` does it once, `audit` runs beside the rooms and repeats it. Doing it twice does no harm.
"""

import datetime as dt
import logging
import logging.config
import time
from dataclasses import dataclass

import click
from nameko import config
from prometheus_client import CollectorRegistry, Gauge, ProcessCollector

from operations.checks.invariants import Finding, check_all, unreachable_servers_reported, window_option
from operations.operator_error import OperatorError
from operations.settings import audit_seconds, audit_window
from services.foundation.database import Transactions, make_engine, utc_now
from services.foundation.metrics import endpoint
from services.foundation.rpc.standalone_client import StandaloneCaller
from services.payment import settings as payment_settings
from services.payment.reconciling.difference import Difference
from services.payment.reconciling.reconciler import reconcile

log = logging.getLogger("marquee.audit")
# Not the registry of all modules: this process imports the rooms, whose metrics are the rooms' own to tell.
METRICS = CollectorRegistry()
UNRESOLVED = Gauge("marquee_audit_unresolved", "What the last audit found that a person has to resolve.",
                   registry=METRICS)
FINISHED = Gauge("marquee_audit_timestamp_seconds", "When the last audit finished, or the auditor started.",
                 registry=METRICS)


@dataclass(frozen=True)
class Audit:
    """The differences with the providers, and what came of each invariant's check."""

    differences: list[Difference]
    findings: list[Finding]

    @property
    def unresolved(self) -> list[str]:
        """A sentence for each difference or breach that a person has to resolve."""
        broken = [f"{finding.invariant.name} {breach}" for finding in self.findings for breach in finding.breaches]
        return [difference.text for difference in self.differences if difference.is_open] + broken


def audit(since: dt.datetime | None) -> Audit:
    """Compare the last days with the providers, and resolve what can be; check what has changed `since`, or everything.

    Raises OperatorError when MariaDB or Redis does not answer."""
    with unreachable_servers_reported():
        engine = make_engine(config["DB_URIS"]["payment:Base"])
        try:
            differences = reconcile(Transactions(engine), payment_settings.load(config), StandaloneCaller())
        finally:
            engine.dispose()
        return Audit(differences, check_all(since))


@click.command("reconcile")
@window_option
def reconcile_command(since: dt.datetime | None) -> None:
    """Compare our payments with the providers', resolve what can be resolved, and check every invariant.

    Exits with 1 if anything is left unresolved.
    """
    found = audit(since)
    for line in [*found.differences, *found.findings]:
        click.echo(str(line))
    click.echo(f"{len(found.differences)} differences with the providers, {len(found.unresolved)} unresolved")
    if found.unresolved:
        raise SystemExit(1)


@click.command("audit")
def audit_command() -> None:
    """Repeat `reconcile` every `audit.seconds` and log the results; `start` keeps this running beside the rooms."""
    logging.config.dictConfig(config["LOGGING"])
    seconds = audit_seconds(config)
    payment_settings.load(config)  # a mistake there is said at the start, not an hour later
    ProcessCollector(registry=METRICS)
    FINISHED.set_to_current_time()
    endpoint.serve(config, METRICS)
    log.info("auditor started", extra={"seconds": seconds})
    while True:
        time.sleep(seconds)
        log_audit()


def log_audit() -> None:
    """One audit: a warning for each resolved difference, an error for each unresolved one."""
    began = time.monotonic()
    try:
        found = audit(utc_now() - audit_window(config))
    except OperatorError as error:
        log.warning("audit failed", extra={"problem": error.message})
        return
    for difference in found.differences:
        if not difference.is_open:
            log.warning("%s", difference)
    for problem in found.unresolved:
        log.error("unresolved", extra={"problem": problem})
    UNRESOLVED.set(len(found.unresolved))
    FINISHED.set_to_current_time()
    log.info("audit finished", extra={"unresolved": len(found.unresolved),
                                      "ms": round((time.monotonic() - began) * 1000)})
