"""The auditor, as an operator meets it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from testbed.mesh import ROOT, Mesh, wait_until
from tests.drivers.commands import command

at_full_size = pytest.mark.full_size(
    "integration/operations/test_auditing.py", "integration/operations/test_invariants.py")


@pytest.fixture
def payment_id(mesh: Mesh) -> str:
    """The payment of a paid order."""
    token, screening = mesh.buyer(), mesh.fresh_screening(40)
    seat = next(seat for seat, state in mesh.seats(screening).items() if state == "free")
    order = mesh.post("/order/buy", token, screening_id=screening, seats=[seat]).json()
    paid = mesh.post("/order/pay", token, order_id=order["order_id"], method="sandbox").json()
    return str(paid["payment"]["payment_id"])


@pytest.fixture
def at_rest(mesh: Mesh) -> None:
    """What other tests have begun is finished."""
    wait_until(lambda: command(mesh, "reconcile").exit_code == 0, 90, "nothing to reconcile")


@contextmanager
def money_missing(mesh: Mesh, payment_id: str) -> Iterator[None]:
    """The provider says that it never took this payment."""
    change = "UPDATE sandbox_charge SET status = :status WHERE payment_id = :p"
    mesh.rows("payment", change, status="declined", p=payment_id)
    try:
        yield
    finally:
        mesh.rows("payment", change, status="captured", p=payment_id)


@contextmanager
def auditor(mesh: Mesh, **environment: str) -> Iterator[Iterator[dict[str, Any]]]:
    """The log of an auditor that repeats its work every second."""
    command = [sys.executable, "-W", "ignore", "-m", "operations", "audit"]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**mesh.environment, "MARQUEE_AUDIT_SECONDS": "1", **environment}) as process:
        assert process.stdout
        try:
            yield map(json.loads, process.stdout)
        finally:
            process.terminate()


@pytest.mark.usefixtures("at_rest")
def test_reconcile_prints_a_line_for_each_promise_kept(mesh: Mesh) -> None:
    done = command(mesh, "reconcile")

    assert done.exit_code == 0
    *promises, end = done.stdout.splitlines()
    assert end == "0 differences with the providers, 0 unresolved"
    assert [line.split()[1] for line in promises] == ["ok"] * len(promises)
    assert len(promises) >= 9


@at_full_size
def test_money_that_the_provider_does_not_have_is_unresolved(mesh: Mesh, payment_id: str) -> None:
    with money_missing(mesh, payment_id):
        done = mesh.operate("reconcile", check=False)

    assert done.returncode == 1
    assert f"payment {payment_id} of order" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 differences with the providers, 1 unresolved"
    assert "Traceback" not in done.stderr


@contextmanager
def unearned_points(mesh: Mesh) -> Iterator[str]:
    """Break a promise that has nothing to do with a provider; yields the member it is about."""
    mesh.rows("loyalty", "INSERT INTO member (user_id, balance, lifetime, has_chosen, profile_version) "
                         "VALUES ('nobody', 5, 5, 0, 0)")
    try:
        yield "member nobody"
    finally:
        mesh.rows("loyalty", "DELETE FROM member WHERE user_id = 'nobody'")


@at_full_size
def test_a_broken_promise_is_named_and_unresolved(mesh: Mesh) -> None:
    with unearned_points(mesh) as member:
        once, check = command(mesh, "reconcile"), command(mesh, "check")
        with auditor(mesh) as lines:
            heard = next(line for line in lines if line["message"] in ("unresolved", "audit finished"))

    assert (once.exit_code, check.exit_code) == (1, 1)
    for done in (once, check):
        [promise] = [line for line in done.stdout.splitlines() if "BREACH" in line]
        assert promise.startswith("I14 ")
        assert member in done.stdout
    assert once.stdout.splitlines()[-1] == "0 differences with the providers, 1 unresolved"
    assert heard["problem"].startswith(f"I14 {member}")


def test_a_missing_server_is_reported_in_one_line(mesh: Mesh) -> None:
    environment = {**os.environ, **mesh.environment, "MARQUEE_DB_PORT": "1"}
    done = subprocess.run([sys.executable, "-W", "ignore", "-m", "operations", "reconcile"], cwd=ROOT, text=True,
                          env=environment, capture_output=True, timeout=60, check=False)

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "MariaDB" in done.stderr


@at_full_size
def test_the_auditor_repeats_the_audit_and_logs_an_error_for_each_problem(mesh: Mesh, payment_id: str) -> None:
    with money_missing(mesh, payment_id), auditor(mesh) as lines:
        assert payment_id in next(line["problem"] for line in lines if line["message"] == "unresolved")
    with auditor(mesh) as lines:
        ends = (line["unresolved"] for line in lines if line["message"] == "audit finished")
        assert [next(ends), next(ends)] == [0, 0]


@at_full_size
def test_the_auditor_waits_for_servers_that_are_down(mesh: Mesh) -> None:
    with auditor(mesh, MARQUEE_DB_PORT="1") as lines:
        waits = (line for line in lines if line["message"] == "audit failed")
        assert "MariaDB" in next(waits)["problem"]
        assert next(waits)


def test_the_auditor_runs_beside_the_rooms(mesh: Mesh) -> None:
    assert "auditor" in mesh.supervisor.programs()
