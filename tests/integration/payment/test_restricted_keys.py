"""A restricted key of Stripe's that may not read charges and disputes: payments and refunds work without it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from schemas.errors import RoomSilent
from services.foundation.database import Transactions
from services.payment.reconciling.review import Review
from tests.drivers.sandbox_bank import reconcile
from tests.drivers.stripe_server import Stripe
from tests.integration.payment.stripe_webhooks import send

pytestmark = pytest.mark.usefixtures("empty_books")

LACKS = ("The key for Stripe lacks the permission to read {}. Payments go on without it, but money that leaves a "
         "payment without this system may not be noticed.")


@pytest.fixture
def room(server: Stripe, open_room: Callable[[], Any]) -> Any:
    """The payment room with such a key."""
    server.forbidden = {"charges", "disputes"}
    return open_room()


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """The sentences that were logged as errors about Stripe."""
    return lambda: [record.getMessage() for record in caplog.records
                    if (record.name, record.levelname) == ("marquee.stripe", "ERROR")]


def test_money_is_taken_and_given_back_without_the_permissions(room: Any, server: Stripe, paid: str,
                                                               order_id: str) -> None:
    assert room.get_status(order_id=order_id)["captured"] == 1200

    refunded = room.refund(refund_id="r1", order_id=order_id, amount=400, currency="EUR")
    assert refunded["status"] == "done"
    assert [refund["amount"] for refund in server.all_refunds.values()] == [400]


def test_a_refund_whose_answer_was_lost_is_sent_by_the_timer(room: Any, server: Stripe, paid: str, order_id: str,
                                                             database: Transactions) -> None:
    server.lost_answers = 1
    with pytest.raises(RoomSilent):
        room.refund(refund_id="r1", order_id=order_id, amount=400, currency="EUR")
    database.run(lambda tx: tx.execute(text("UPDATE refund SET tried_at = tried_at - INTERVAL 1 HOUR")))
    room.finish_stale_work()

    assert [refund["amount"] for refund in server.all_refunds.values()] == [400]
    assert room.refund(refund_id="r1", order_id=order_id, amount=400, currency="EUR")["status"] == "done"


def test_the_missing_permission_is_named_once_in_one_sentence(room: Any, paid: str,
                                                              errors: Callable[[], list[str]]) -> None:
    for _ in range(3):
        room.payments.sync_with_provider(paid)
    assert errors() == [LACKS.format("Disputes")]


def test_reconciliation_says_what_it_could_not_compare(room: Any, paid: str, database: Transactions,
                                                       errors: Callable[[], list[str]]) -> None:
    assert [str(difference) for difference in reconcile(database)] == [
        "LEFT   the key for stripe may not read Disputes: these were not compared"]
    assert errors() == [LACKS.format("Disputes")]


def test_a_refund_made_at_the_dashboard_is_a_case_though_disputes_can_not_be_read(
        room: Any, server: Stripe, paid: str, review: Review) -> None:
    server.refund_by_hand(paid, 500)
    room.payments.sync_with_provider(paid)

    [case] = review.cases()
    assert case.text == "refund of EUR 5.00 at stripe, not by us"


def test_a_webhook_about_a_charge_that_can_not_be_read_is_processed(room: Any, server: Stripe, paid: str,
                                                                    database: Transactions,
                                                                    errors: Callable[[], list[str]]) -> None:
    send(room, "charge.dispute.created", {**server.dispute(paid), "payment_intent": None})
    room.process_webhooks()

    unprocessed = text("SELECT COUNT(*) FROM webhook_inbox WHERE handled_at IS NULL")
    assert database.read(lambda tx: tx.execute(unprocessed).scalar_one()) == 0
    assert errors() == [LACKS.format("Charges")]


def test_a_webhook_about_a_captured_payment_is_processed(room: Any, server: Stripe, paid: str,
                                                         database: Transactions) -> None:
    send(room, "charge.refunded", server.charge_of(server.intent_of(paid)))
    room.process_webhooks()

    unprocessed = text("SELECT COUNT(*) FROM webhook_inbox WHERE handled_at IS NULL")
    assert database.read(lambda tx: tx.execute(unprocessed).scalar_one()) == 0
