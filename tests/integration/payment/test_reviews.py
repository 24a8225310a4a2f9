"""The cases that a person decides: no decision takes, returns or releases money by mistake."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from schemas.errors import RoomSilent
from schemas.payment import PaymentClosed
from services.foundation.database import Transactions, utc_now
from services.foundation.ids import new_id
from services.payment import provider_registry, store
from services.payment.payment_state import Attempt, PaymentRecord
from services.payment.providers import RefundStatus
from services.payment.reconciling.review import Review, Undecidable
from services.payment.reconciling.review_command import review_command
from services.payment.sandbox.provider import Sandbox
from testbed.mesh import Mesh
from tests.drivers.checkout_page import events
from tests.drivers.sandbox_bank import Bank, reconcile
from tests.integration.payment.conftest import Change, Choose, Start

pytestmark = pytest.mark.usefixtures("empty_books")


@pytest.fixture
def begun(start: Start) -> str:
    """A payment at the provider's page."""
    return str(start()["payment_id"])


@pytest.fixture
def at_the_bank(change: Change, begun: str, room: Any) -> Callable[..., None]:
    """Changes the provider's record of the payment; the room syncs with it."""
    def stands(status: str, amount: int = 1200) -> None:
        change("UPDATE sandbox_charge SET status = :s, amount = :a WHERE payment_id = :p", s=status, a=amount, p=begun)
        room.payments.sync_with_provider(begun)

    return stands


def decide(review: Review, decision: str) -> str:
    [case] = review.cases()
    return review.decide(case, decision, "ada", "the bank said so")


def operations(database: Transactions) -> list[dict[str, Any]]:
    return [json.loads(body) for body in database.read(lambda tx: tx.execute(
        text("SELECT body FROM outbox WHERE type = 'payment.operated'")).scalars().all())]


def decisions(database: Transactions) -> list[tuple[str, str, str]]:
    return [(row.about, row.decision, row.decided_by) for row in database.read(lambda tx: tx.execute(
        text("SELECT * FROM decision ORDER BY decision_id")).all())]


def status(database: Transactions, payment_id: str) -> str:
    return str(database.read(lambda tx: tx.execute(text("SELECT status FROM payment WHERE payment_id = :p"),
                                                   {"p": payment_id}).scalar_one()))


# --- a provider that does not answer for a day ---


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class Silent(Sandbox):
        def fetch(self, attempt: Attempt) -> PaymentRecord:
            raise RoomSilent(room="sandbox")

    with monkeypatch.context() as patch:
        patch.setitem(provider_registry.PROVIDERS, "sandbox", lambda database, _: Silent(database))
        yield


def wait(room: Any, bank: Bank, change: Change, hours: int) -> None:
    change(f"UPDATE payment SET created_at = UTC_TIMESTAMP(3) - INTERVAL {hours} HOUR")
    bank.let_time_pass()
    room.finish_stale_work()


def test_a_payment_without_an_answer_for_a_day_is_reviewed(
        silent: None, begun: str, room: Any, bank: Bank, order_id: str, change: Change, database: Transactions,
        caplog: pytest.LogCaptureFixture) -> None:
    wait(room, bank, change, 23)
    assert room.get_status(order_id=order_id)["status"] == "pending"
    wait(room, bank, change, 25)

    assert room.get_status(order_id=order_id)["status"] == "review"
    assert events(database, order_id) == ["payment.review"]
    assert [record for record in caplog.records if record.levelname == "ERROR" and "review" in record.message]


def test_a_buyer_who_stays_at_the_page_is_not_a_case(
        begun: str, room: Any, bank: Bank, order_id: str, change: Change) -> None:
    wait(room, bank, change, 25)
    assert room.get_status(order_id=order_id)["status"] == "pending"


def test_a_payment_that_can_not_be_cancelled_is_reviewed_after_a_day(
        begun: str, change: Change, room: Any, bank: Bank, order_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stubborn(Sandbox):
        def cancel(self, attempt: Attempt) -> PaymentRecord:
            return self.fetch(attempt)

    change("UPDATE account SET status = 'closed'")
    monkeypatch.setitem(provider_registry.PROVIDERS, "sandbox", lambda database, _: Stubborn(database))
    wait(room, bank, change, 25)
    assert room.get_status(order_id=order_id)["status"] == "review"


def test_a_payment_that_can_not_be_cancelled_is_not_decided_by_itself(
        begun: str, change: Change, database: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stubborn(Sandbox):
        def cancel(self, attempt: Attempt) -> PaymentRecord:
            return self.fetch(attempt)

    change("UPDATE payment SET status = 'review', reason = 'no_answer' WHERE payment_id = :p", p=begun)
    monkeypatch.setitem(provider_registry.PROVIDERS, "sandbox", lambda database, _: Stubborn(database))
    assert [line.is_open for line in reconcile(database)] == [True]
    assert (status(database, begun), decisions(database)) == ("review", [])


@pytest.mark.parametrize(("there", "end", "told"), [
    ("captured", "captured", ["payment.review", "payment.captured"]),
    ("declined", "cancelled", ["payment.review", "payment.dismissed"]),
    ("pending", "cancelled", ["payment.review", "payment.dismissed"]),
    ("authorized", "review", ["payment.review"])])
def test_a_late_answer_that_leaves_no_choice_decides_the_case(
         begun: str, order_id: str, change: Change, database: Transactions, bank: Bank, there: str, end: str,
        told: list[str]) -> None:
    change("UPDATE payment SET status = 'review', reason = 'no_answer' WHERE payment_id = :p", p=begun)
    change("INSERT INTO outbox (event_id, type, version, about, sequence, occurred_at, trace, body) VALUES "
           "(:e, 'payment.review', 1, :p, 1, UTC_TIMESTAMP(3), '{}', '{}')", e=new_id(), p=begun)
    change("UPDATE sandbox_charge SET status = :s WHERE payment_id = :p", s=there, p=begun)

    lines = reconcile(database)

    assert (status(database, begun), sorted(events(database, order_id))) == (end, sorted(told))
    assert [line.is_open for line in lines] == [end == "review"]
    assert bank.taken == (1200 if there == "captured" else 0)


# --- deciding ---


def test_the_right_amount_under_a_foreign_id_may_be_taken(
        begun: str, review: Review, room: Any, order_id: str, bank: Bank, database: Transactions, choose: Choose,
        monkeypatch: pytest.MonkeyPatch) -> None:
    class Renamed(Sandbox):
        def fetch(self, attempt: Attempt) -> PaymentRecord:
            return replace(super().fetch(attempt), order_id="renamed")

    choose({"payment_id": begun}, "pay")
    monkeypatch.setitem(provider_registry.PROVIDERS, "sandbox", lambda database, _: Renamed(database))
    room.payments.sync_with_provider(begun)
    assert bank.taken == 0

    decide(review, "pay")
    assert (room.get_status(order_id=order_id)["captured"], bank.taken) == (1200, 1200)
    assert sorted(events(database, order_id)) == ["payment.captured", "payment.review"]
    assert (review.cases(), decisions(database)) == ([], [(begun, "pay", "ada")])


@pytest.mark.parametrize(("there", "amount", "possible"), [
    ("authorized", 1100, ["release"]), ("captured", 1100, ["refund"]), ("captured", 1300, ["refund"]),
    ("declined", 1200, ["release"])])
def test_an_impossible_decision_is_refused(
        begun: str, at_the_bank: Callable[..., None], review: Review, room: Any, order_id: str, bank: Bank,
        change: Change, database: Transactions, there: str, amount: int, possible: list[str]) -> None:
    at_the_bank("authorized", 1)
    change("UPDATE sandbox_charge SET status = :s, amount = :a", s=there, a=amount)

    for decision in {"pay", "refund", "release"} - set(possible):
        with pytest.raises(Undecidable):
            decide(review, decision)
    assert (status(database, begun), decisions(database)) == ("review", [])
    decide(review, possible[0])
    bank.let_time_pass()
    room.finish_stale_work()

    assert review.cases() == []
    assert bank.taken == bank.given_back
    assert sorted(events(database, order_id)) == ["payment.dismissed", "payment.review"]
    assert room.close(order_id=order_id)["captured"] == 0


def test_a_dismissed_payment_is_refunded_once_and_reconciles(
         begun: str, at_the_bank: Callable[..., None], review: Review, room: Any, bank: Bank, change: Change,
        database: Transactions) -> None:
    at_the_bank("captured", 1300)
    [case] = review.cases()
    assert "EUR 12.00" in case.text
    assert review.provider_status(case) == "captured EUR 13.00"

    decide(review, "refund")
    with pytest.raises(Undecidable):
        review.decide(case, "refund", "bob", "twice")
    [operation] = operations(database)
    assert (operation["method"], operation["about"], operation["reason"], operation["after"]["decided_by"]) == (
        "review.decide", begun, "the bank said so", "ada")
    assert operation["money"] == {"amount": -1300, "currency": "EUR", "source_id": begun}
    room.finish_stale_work()
    assert (bank.taken, bank.given_back) == (1300, 1300)   # at the first sweep: nobody else was sending it
    for _ in range(2):
        bank.let_time_pass()
        room.finish_stale_work()

    assert (bank.taken, bank.given_back) == (1300, 1300)
    change("UPDATE sandbox_charge SET created_at = created_at - INTERVAL 1 HOUR")
    assert reconcile(database) == []


def test_an_order_with_a_dismissed_payment_is_not_charged_again(
        begun: str, at_the_bank: Callable[..., None], review: Review, room: Any, order_id: str, bank: Bank,
        start: Start) -> None:
    at_the_bank("captured", 1300)
    decide(review, "refund")

    for pay in (start, lambda: room.charge(order_id=order_id, amount=1200, currency="EUR", method="sandbox")):
        with pytest.raises(PaymentClosed):
            pay()
    assert (bank.charges, bank.taken) == (1, 1300)


@pytest.fixture
def late(start: Start, choose: Choose, told: Callable[[], None], room: Any, change: Change) -> str:
    """A payment of a wrong amount for an order that another payment has paid."""
    first = str(start()["payment_id"])
    choose({"payment_id": first}, "decline")
    choose(start(), "pay")
    told()
    change("UPDATE sandbox_charge SET status = 'captured', amount = 1100 WHERE payment_id = :p", p=first)
    room.payments.sync_with_provider(first)
    return first


def test_a_payment_under_review_is_never_refunded_without_a_decision(
        late: str, review: Review, database: Transactions) -> None:
    database.run(lambda tx: store.record_status(tx, late, PaymentRecord("captured"), utc_now()))
    refunds = database.read(lambda tx: tx.execute(text("SELECT COUNT(*) FROM refund")).scalar_one())
    assert (status(database, late), len(review.cases()), refunds) == ("review", 1, 0)


def test_a_late_second_payment_of_a_wrong_amount_goes_back_and_the_first_stays(
        late: str, review: Review, room: Any, order_id: str, bank: Bank) -> None:
    decide(review, "refund")
    bank.let_time_pass()
    room.finish_stale_work()
    assert (bank.taken, bank.given_back, room.get_status(order_id=order_id)["captured"]) == (2300, 1100, 1200)


def test_while_the_provider_is_silent_nothing_is_decided(begun: str, at_the_bank: Callable[..., None], review: Review,
                                                         silent: None, change: Change, database: Transactions) -> None:
    change("UPDATE payment SET status = 'review' WHERE payment_id = :p", p=begun)
    for decision in ("pay", "refund", "release"):
        with pytest.raises(RoomSilent):
            decide(review, decision)
    assert (status(database, begun), decisions(database)) == ("review", [])


# --- refunds that failed ---


@pytest.fixture
def refused(room: Any, order_id: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A refund that the provider has failed; the next attempt would succeed."""
    class Failing(Sandbox):
        def refund(self, attempt: Attempt, refund_id: str, amount: int) -> RefundStatus:
            return "failed"

    room.charge(order_id=order_id, amount=1200, currency="EUR", method="sandbox")
    refund_id = new_id()
    with monkeypatch.context() as patch:
        patch.setitem(provider_registry.PROVIDERS, "sandbox", lambda database, _: Failing(database))
        with pytest.raises(RoomSilent):
            room.refund(refund_id=refund_id, order_id=order_id, amount=500, currency="EUR")
    return refund_id


@pytest.mark.parametrize(("decision", "given_back"), [("retry", 500), ("settled", 0)])
def test_a_failed_refund_is_retried_or_settled(
         refused: str, review: Review, room: Any, order_id: str, bank: Bank, change: Change, database: Transactions,
        decision: str, given_back: int) -> None:
    assert bank.given_back == 0

    decide(review, decision)
    assert room.refund(refund_id=refused, order_id=order_id, amount=500, currency="EUR")["status"] == "done"
    assert (bank.given_back, review.cases()) == (given_back, [])
    assert decisions(database) == [(refused, decision, "ada")]
    change("UPDATE refund SET created_at = created_at - INTERVAL 1 HOUR")
    assert reconcile(database) == []


# --- a provider that is gone ---


@pytest.fixture(params=["removed", "silent", "other keys"])
def gone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From then on the provider can't be asked about its payments."""
    class Gone(Sandbox):
        def fetch(self, attempt: Attempt) -> PaymentRecord:
            if request.param == "silent":
                raise RoomSilent(room="sandbox")
            return PaymentRecord("unknown")

    def go() -> None:
        if request.param == "removed":
            monkeypatch.delitem(provider_registry.PROVIDERS, "sandbox")
        else:
            monkeypatch.setitem(provider_registry.PROVIDERS, "sandbox", lambda database, _: Gone(database))

    return go


def test_a_payment_whose_provider_is_gone_is_written_off(
        begun: str, at_the_bank: Callable[..., None], review: Review, room: Any, order_id: str,
        gone: Callable[[], None], database: Transactions) -> None:
    at_the_bank("captured", 1300)
    with pytest.raises(Undecidable):
        decide(review, "written_off")
    gone()
    decide(review, "written_off")

    assert (review.cases(), decisions(database)) == ([], [(begun, "written_off", "ada")])
    assert (status(database, begun), room.close(order_id=order_id)["captured"]) == ("cancelled", 0)
    assert sorted(events(database, order_id)) == ["payment.dismissed", "payment.review"]


@pytest.mark.parametrize("stands", ["failed", "requested"])
def test_a_refund_whose_provider_is_gone_is_written_off(
        refused: str, review: Review, room: Any, order_id: str, gone: Callable[[], None], change: Change, stands: str,
        database: Transactions, bank: Bank) -> None:
    change(f"UPDATE refund SET status = '{stands}', created_at = created_at - INTERVAL 25 HOUR")
    with pytest.raises(Undecidable):
        decide(review, "written_off")
    gone()
    decide(review, "written_off")

    assert (review.cases(), decisions(database)) == ([], [(refused, "written_off", "ada")])
    assert room.refund(refund_id=refused, order_id=order_id, amount=500, currency="EUR")["status"] == "done"
    assert bank.given_back == 0


# --- the command ---


def operate(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(review_command, words, input=answer)


def test_the_review_command_lists_and_decides_cases(
         begun: str, at_the_bank: Callable[..., None], order_id: str, database: Transactions, servers: Mesh) -> None:
    assert servers.operate("review").stdout == "There are no open cases.\n"
    at_the_bank("authorized", 1100)
    shown = operate("list").stdout
    for word in (begun, order_id, "EUR 12.00", "wrong_amount", "authorized EUR 11.00", "release"):
        assert word in shown
    because = ("--because", "a mistake at the bank")

    assert "no such case" in operate("decide", "nothing", "release", *because).stderr
    possible = "Possible decisions: pay, refund, release, written_off."
    assert possible in operate("decide", order_id, "retry", *because).stderr
    assert "EUR 11.00" in operate("decide", order_id, "pay", *because, "--yes").stderr
    assert operate("decide", order_id, "release", *because, answer="n\n").exit_code == 1
    assert operate("decide", order_id, "release").exit_code == 2
    assert (status(database, begun), decisions(database)) == ("review", [])

    done = operate("decide", order_id, "release", *because, "--by", "ada", answer="y\n")
    assert (done.exit_code, decisions(database)) == (0, [(begun, "release", "ada")])
    assert status(database, begun) == "cancelled"


def test_the_review_command_shows_a_case_of_a_removed_provider(
        review: Review, begun: str, change: Change) -> None:
    change("UPDATE payment SET status = 'review', reason = 'no_answer', provider = 'gone'")
    assert "not set up here" in operate().stdout
    done = operate("decide", begun, "release", "--because", "it closed", "--yes")
    assert (done.exit_code, "not set up here" in done.stderr) == (1, True)
    assert [case.provider for case in review.cases()] == ["gone"]
