"""Reversals at Stripe: refunds made at its dashboard, and disputes."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from schemas.errors import RoomSilent
from services.foundation.database import Transactions
from services.foundation.ids import new_id
from services.payment.reconciling.review import Review, Undecidable
from tests.drivers.checkout_page import events
from tests.drivers.sandbox_bank import reconcile
from tests.drivers.stripe_server import Stripe, Thing
from tests.integration.payment.stripe_webhooks import send

pytestmark = pytest.mark.usefixtures("empty_books")

PRICE = 1200


@pytest.fixture
def room(server: Stripe, open_room: Callable[[], Any]) -> Any:
    """The payment room with Stripe."""
    return open_room()


@pytest.fixture
def tell(room: Any, server: Stripe) -> Callable[[str, Thing], None]:
    """The room receives and processes a webhook of Stripe's."""
    def send_and_process(kind: str, subject: Thing) -> None:
        send(room, kind, subject)
        room.process_webhooks()

    return send_and_process


def decide(review: Review, decision: str) -> str:
    [case] = review.cases()
    return review.decide(case, decision, "ada", "the bank said so")


def lines(database: Transactions) -> list[str]:
    return [str(line) for line in reconcile(database)]


def amounts(server: Stripe) -> list[int]:
    """The amounts of all refunds at Stripe that did not fail."""
    return [refund["amount"] for refund in server.all_refunds.values() if refund["status"] != "failed"]


def recorded(database: Transactions) -> dict[str, Any]:
    query = "SELECT (SELECT refunded FROM account), (SELECT GROUP_CONCAT(status) FROM reversal)"
    refunded, reversals = database.read(lambda tx: tx.execute(text(query)).one())
    return {"refunded": refunded, "reversals": reversals}


@pytest.mark.parametrize("named", ["payment_intent", "charge"])
def test_a_dispute_is_a_case_that_an_operator_sees(room: Any, server: Stripe, paid: str, review: Review, order_id: str,
                                                   tell: Callable[[str, Thing], None], named: str,
                                                   database: Transactions) -> None:
    dispute = server.dispute(paid)
    tell("charge.dispute.created", {**dispute, "payment_intent": None} if named == "charge" else dispute)

    [case] = review.cases()
    assert (case.about, case.order_id) == (dispute["id"], order_id)
    assert "EUR 12.00" in case.text
    assert lines(database) == [f"LEFT   dispute of EUR 12.00 of payment {paid} of order {order_id} was not made by us, "
                               "and waits for a decision"]


def test_a_refund_at_the_dashboard_voids_the_tickets_by_a_decision(
         room: Any, server: Stripe, paid: str, review: Review, order_id: str, database: Transactions,
        tell: Callable[[str, Thing], None]) -> None:
    server.refund_by_hand(paid, PRICE)
    tell("charge.refunded", server.charge_of(server.intent_of(paid)))
    assert events(database, order_id) == ["payment.captured"]
    decide(review, "void")

    assert events(database, order_id) == ["payment.captured", "payment.reversed"]
    assert review.cases() == []
    # The order's room gives everything back: that has happened, and happens only once.
    assert room.refund(refund_id=new_id(), order_id=order_id, amount=PRICE, currency="EUR")["status"] == "done"
    assert [refund["amount"] for refund in server.all_refunds.values()] == [PRICE]
    assert recorded(database) == {"refunded": PRICE, "reversals": "void"}
    assert lines(database) == []


def test_the_rest_of_a_partial_refund_at_the_dashboard_goes_back_with_the_order(
         room: Any, server: Stripe, paid: str, review: Review, order_id: str, database: Transactions,
        tell: Callable[[str, Thing], None]) -> None:
    tell("refund.created", server.refund_by_hand(paid, 500))
    decide(review, "void")

    assert room.refund(refund_id=new_id(), order_id=order_id, amount=PRICE, currency="EUR")["status"] == "done"
    assert [refund["amount"] for refund in server.all_refunds.values()] == [500, 700]
    assert lines(database) == []


def test_kept_tickets_stay_valid_and_money_goes_back_once(
         room: Any, server: Stripe, paid: str, review: Review, order_id: str, database: Transactions,
        tell: Callable[[str, Thing], None]) -> None:
    tell("refund.created", server.refund_by_hand(paid, 500))
    decide(review, "keep")

    assert events(database, order_id) == ["payment.captured"]
    assert lines(database) == []
    for amount in (300, 900):
        room.refund(refund_id=new_id(), order_id=order_id, amount=amount, currency="EUR")
    assert [refund["amount"] for refund in server.all_refunds.values()] == [500, 700]


def test_a_won_dispute_is_not_a_case_any_more(
        room: Any, server: Stripe, paid: str, review: Review, tell: Callable[[str, Thing], None],
        database: Transactions) -> None:
    dispute = server.dispute(paid)
    tell("charge.dispute.created", dispute)
    [case] = review.cases()
    dispute["status"] = "won"
    with pytest.raises(Undecidable):
        review.decide(case, "void", "ada", "too late")
    tell("charge.dispute.closed", dispute)

    assert review.cases() == []
    assert recorded(database)["reversals"] == "lifted"
    assert lines(database) == []


@pytest.mark.full_size("integration/payment/test_reversals.py")
def test_a_refund_covered_by_a_dispute_is_owed_again_after_the_dispute_is_won(
         room: Any, server: Stripe, paid: str, review: Review, order_id: str,
        tell: Callable[[str, Thing], None]) -> None:
    dispute = server.dispute(paid)
    tell("charge.dispute.created", dispute)
    room.refund(refund_id="r1", order_id=order_id, amount=PRICE, currency="EUR")
    assert server.all_refunds == {}
    dispute["status"] = "won"
    tell("charge.dispute.closed", dispute)

    assert [(case.about, list(case.decisions)) for case in review.cases()] == [
        ("r1", ["retry", "settled", "written_off"])]
    decide(review, "retry")
    assert [refund["amount"] for refund in server.all_refunds.values()] == [PRICE]


def test_the_covered_part_of_a_refund_is_owed_after_the_dispute_is_won(
         room: Any, server: Stripe, paid: str, review: Review, order_id: str, database: Transactions,
        tell: Callable[[str, Thing], None]) -> None:
    dispute = server.dispute(paid, 800)
    tell("charge.dispute.created", dispute)
    wanted = {"refund_id": "r1", "order_id": order_id, "amount": PRICE, "currency": "EUR"}
    assert room.refund(**wanted)["status"] == "done"
    assert amounts(server) == [400]
    dispute["status"] = "won"
    tell("charge.dispute.closed", dispute)

    decide(review, "retry")
    assert amounts(server) == [400, 800]
    assert room.refund(**wanted) == {"refund_id": "r1", "amount": PRICE, "status": "done"}
    assert amounts(server) == [400, 800]
    assert lines(database) == []


@pytest.mark.full_size("integration/payment/test_reversals.py")
def test_a_refund_covered_by_another_reversal_is_not_owed_after_a_dispute_is_won(
         room: Any, server: Stripe, paid: str, review: Review, order_id: str, database: Transactions,
        tell: Callable[[str, Thing], None]) -> None:
    tell("refund.created", server.refund_by_hand(paid, 400))
    decide(review, "keep")
    room.refund(refund_id="r1", order_id=order_id, amount=400, currency="EUR")
    dispute = server.dispute(paid, 800)
    tell("charge.dispute.created", dispute)
    dispute["status"] = "won"
    tell("charge.dispute.closed", dispute)

    assert review.cases() == []
    assert amounts(server) == [400]
    assert lines(database) == []


@pytest.mark.full_size("integration/payment/test_reversals.py")
def test_a_refund_covered_by_two_reversals_is_owed_by_the_amount_won_back(
         room: Any, server: Stripe, paid: str, review: Review, order_id: str, database: Transactions,
        tell: Callable[[str, Thing], None]) -> None:
    tell("refund.created", server.refund_by_hand(paid, 400))
    decide(review, "keep")
    dispute = server.dispute(paid, 800)
    tell("charge.dispute.created", dispute)
    decide(review, "keep")
    room.refund(refund_id="r1", order_id=order_id, amount=PRICE, currency="EUR")
    assert amounts(server) == [400]
    dispute["status"] = "won"
    tell("charge.dispute.closed", dispute)

    decide(review, "retry")
    assert amounts(server) == [400, 800]
    assert lines(database) == []


def test_an_inquiry_takes_no_money_until_it_becomes_a_dispute(
        room: Any, server: Stripe, paid: str, review: Review, order_id: str, database: Transactions,
        tell: Callable[[str, Thing], None]) -> None:
    inquiry = server.dispute(paid, status="warning_needs_response")
    tell("charge.dispute.created", inquiry)
    assert (review.cases(), lines(database)) == ([], [])
    room.refund(refund_id="r1", order_id=order_id, amount=400, currency="EUR")
    assert amounts(server) == [400]

    inquiry["status"] = "needs_response"
    tell("charge.dispute.updated", inquiry)
    assert [case.about for case in review.cases()] == [inquiry["id"]]


def test_reconciliation_finds_the_end_of_an_old_dispute(
        server: Stripe, paid: str, review: Review, tell: Callable[[str, Thing], None], database: Transactions) -> None:
    dispute = server.dispute(paid)
    tell("charge.dispute.created", dispute)
    decide(review, "keep")
    days = 30
    dispute["created"] -= days * 86400
    server.sessions[server.session_of(paid)]["created"] -= days * 86400
    for table in ("payment", "reversal"):
        database.run(lambda tx, table=table: tx.execute(  # type: ignore[misc]
            text(f"UPDATE {table} SET created_at = created_at - INTERVAL {days} DAY")))
    dispute["status"] = "won"

    assert lines(database) == [f"fixed  dispute {dispute['id']} of payment {paid} was lifted: the money is ours again"]
    assert recorded(database)["reversals"] == "lifted"


@pytest.fixture
def failed(room: Any, server: Stripe, paid: str, order_id: str) -> str:
    """A refund of 400 that Stripe has failed."""
    server.refund_status = "failed"
    with pytest.raises(RoomSilent):
        room.refund(refund_id="r1", order_id=order_id, amount=400, currency="EUR")
    server.refund_status = "succeeded"
    return "r1"


@pytest.mark.full_size("integration/payment/test_reversals.py")
def test_a_refund_by_hand_in_place_of_a_failed_refund_counts_for_no_other(
         room: Any, server: Stripe, paid: str, review: Review, order_id: str, failed: str, database: Transactions,
        tell: Callable[[str, Thing], None]) -> None:
    tell("refund.created", server.refund_by_hand(paid, 400))
    room.refund(refund_id="r2", order_id=order_id, amount=800, currency="EUR")
    assert amounts(server) == [400, 800]

    [case] = [case for case in review.cases() if case.about == failed]
    review.decide(case, "settled", "ada", "done at the dashboard")
    decide(review, "keep")
    assert lines(database) == []


def test_a_failed_refund_that_was_made_by_hand_is_not_sent_again(
         room: Any, server: Stripe, paid: str, review: Review, failed: str, database: Transactions) -> None:
    server.refund_by_hand(paid, 400)  # no message of it has come yet
    decide(review, "retry")

    assert amounts(server) == [400]
    decide(review, "keep")
    assert lines(database) == []


def test_a_waiting_refund_that_was_made_by_hand_is_not_sent(
         room: Any, server: Stripe, paid: str, order_id: str, review: Review, database: Transactions,
        tell: Callable[[str, Thing], None]) -> None:
    server.lost_answers = 1
    with pytest.raises(RoomSilent):
        room.refund(refund_id="r1", order_id=order_id, amount=400, currency="EUR")
    tell("refund.created", server.refund_by_hand(paid, 400))
    database.run(lambda tx: tx.execute(text("UPDATE refund SET tried_at = tried_at - INTERVAL 1 HOUR")))
    room.finish_stale_work()

    assert amounts(server) == [400]
    decide(review, "keep")
    assert lines(database) == []


@pytest.mark.parametrize("what", ["refund", "dispute"])
@pytest.mark.parametrize("age", [1, 24 * 60])
def test_reconciliation_finds_a_reversal_without_a_webhook(
        server: Stripe, paid: str, review: Review, what: str, age: int, database: Transactions) -> None:
    server.sessions[server.session_of(paid)]["created"] -= age * 3600
    database.run(lambda tx: tx.execute(text(f"UPDATE payment SET created_at = created_at - INTERVAL {age} HOUR")))
    assert lines(database) == []
    server.refund_by_hand(paid, 500) if what == "refund" else server.dispute(paid)

    assert [line.split()[1] for line in lines(database)] == [what]
    assert [case.decisions.keys() for case in review.cases()] == [{"void", "keep", "written_off"}]


def test_our_own_refunds_are_not_cases(
        room: Any, server: Stripe, paid: str, order_id: str, review: Review, database: Transactions,
        tell: Callable[[str, Thing], None]) -> None:
    room.refund(refund_id=new_id(), order_id=order_id, amount=500, currency="EUR")
    tell("charge.refunded", server.charge_of(server.intent_of(paid)))
    assert review.cases() == []
    assert lines(database) == []


def test_webhooks_about_foreign_payments_are_ignored(
         server: Stripe, paid: str, database: Transactions, tell: Callable[[str, Thing], None]) -> None:
    for about in ({"object": "dispute", "id": "dp_9", "payment_intent": "pi_other", "metadata": {}},
                  {"object": "charge", "id": "ch_other", "payment_intent": None, "metadata": {}},
                  {"object": "refund", "id": "re_9", "charge": "../../v1/balance", "metadata": {}}):
        tell("charge.dispute.created", about)
    left = database.read(lambda tx: tx.execute(text("SELECT COUNT(*) FROM webhook_inbox WHERE handled_at IS NULL"))
                         .scalar_one())
    assert left == 0
    assert not any("balance" in request for request in server.requests)


def test_while_stripe_is_silent_nothing_is_decided(server: Stripe, paid: str, review: Review,
                                                   tell: Callable[[str, Thing], None]) -> None:
    tell("charge.dispute.created", server.dispute(paid))
    server.lost_answers = 1
    with pytest.raises(RoomSilent):
        decide(review, "void")
    assert len(review.cases()) == 1
