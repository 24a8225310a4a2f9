"""What may be charged, captured and refunded, and what an order's money is said to be."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from schemas.errors import RoomSilent
from schemas.payment import (
    PAYMENT_STATES,
    AmountMismatch,
    PaymentClosed,
    PaymentDeclined,
    PaymentInReview,
    PaymentMethodUnknown,
)
from schemas.wallet import InsufficientFunds
from services.payment import rules
from services.payment.payment_state import UNSETTLED, Attempt, PaymentRequest, PaymentState, RefundRequest

NOBODY_PAID = PaymentState("order", "none")
ATTEMPT = Attempt("payment", "order", 1200, "EUR", "sandbox", 1, "sandbox", "submitted")


def state(status: str, attempt: str | None = None, refunded: int = 0) -> PaymentState:
    return PaymentState("order", status, 1200, "EUR", refunded, replace(ATTEMPT, status=attempt) if attempt else None,
                 "payment" if status == "captured" else None)


UNDER_WAY = state("open", "submitted")
DECLINED = state("open", "failed")
PAID = state("captured", "captured")
CLOSED = state("closed", "cancelled")
CLOSED_UNPAID = PaymentState("order", "closed")
CLOSING = state("closed", "submitted")
IN_REVIEW = state("open", "review")


@pytest.mark.parametrize(("before", "new"), [
    (state("open"), True), (DECLINED, True), (state("open", "cancelled"), True),
    (UNDER_WAY, False), (CLOSING, False), (PAID, False),
])
def test_a_new_attempt_is_made_only_when_the_last_one_has_failed(before: PaymentState, new: bool) -> None:
    assert rules.needs_attempt(before, 1200, "EUR") is new


@pytest.mark.parametrize("before", [CLOSED, CLOSED_UNPAID])
def test_a_closed_order_is_not_charged(before: PaymentState) -> None:
    with pytest.raises(PaymentClosed):
        rules.needs_attempt(before, 1200, "EUR")


@pytest.mark.parametrize(("amount", "currency"), [(1201, "EUR"), (1200, "GBP")])
@pytest.mark.parametrize("before", [UNDER_WAY, DECLINED, PAID, CLOSING, CLOSED])
def test_an_order_is_charged_for_one_amount_only(before: PaymentState, amount: int, currency: str) -> None:
    with pytest.raises(AmountMismatch) as refusal:
        rules.needs_attempt(before, amount, currency)
    assert refusal.value.about == {"amount": 1200, "currency": "EUR"}


def test_an_order_whose_payment_is_in_review_is_not_charged_again() -> None:
    with pytest.raises(PaymentInReview):
        rules.needs_attempt(IN_REVIEW, 1200, "EUR")


@pytest.mark.parametrize(("before", "again"), [
    (DECLINED, True), (state("open", "cancelled"), True),
    (state("open"), False), (UNDER_WAY, False), (IN_REVIEW, False), (PAID, False), (CLOSED, False),
    (state("closed", "failed"), False),
])
def test_another_attempt_follows_one_that_ended_without_money(before: PaymentState, again: bool) -> None:
    assert rules.may_try_again(before) is again


@pytest.mark.parametrize(("before", "pending", "captures"), [
    (UNDER_WAY, True, True), (state("open", "pending"), True, True), (CLOSING, True, False),
    (DECLINED, False, False), (PAID, False, False), (NOBODY_PAID, False, False),
    (replace(UNDER_WAY, attempt=replace(ATTEMPT, payment_id="later")), False, False),
])
def test_money_is_captured_for_the_latest_attempt_of_an_open_order(before: PaymentState, pending: bool,
                                                                  captures: bool) -> None:
    assert rules.is_pending(before, ATTEMPT) is pending
    assert rules.may_capture(before, ATTEMPT) is captures


def test_a_failed_charge_is_refused_with_its_reason() -> None:
    rules.check_charged(PAID)

    for unpaid, refusal in ((DECLINED, PaymentDeclined), (CLOSED, PaymentClosed), (IN_REVIEW, PaymentInReview)):
        with pytest.raises(refusal):
            rules.check_charged(unpaid)


@pytest.mark.parametrize("before", [UNDER_WAY, CLOSING])
def test_a_charge_of_unknown_outcome_names_the_silent_provider(before: PaymentState) -> None:
    with pytest.raises(RoomSilent) as refusal:
        rules.check_charged(before)
    assert refusal.value.about == {"room": "sandbox"}


@pytest.mark.parametrize(("provider", "reason", "refusal"), [
    ("wallet", "insufficient_funds", InsufficientFunds), ("wallet", None, PaymentDeclined),
    ("sandbox", "insufficient_funds", PaymentDeclined)])
def test_a_wallet_with_too_little_has_a_refusal_of_its_own(provider: str, reason: str | None,
                                                           refusal: type[Exception]) -> None:
    attempt = replace(ATTEMPT, provider=provider, status="failed", reason=reason)
    with pytest.raises(refusal):
        rules.check_charged(replace(DECLINED, attempt=attempt))


def test_a_wallet_needs_its_member_and_other_payments_do_not() -> None:
    with pytest.raises(PaymentMethodUnknown):
        rules.check_payer(PaymentRequest("order", 1200, "EUR", "wallet"))
    rules.check_payer(PaymentRequest("order", 1200, "EUR", "wallet", user_id="ada"))
    rules.check_payer(PaymentRequest("order", 1200, "EUR", "sandbox"))


@pytest.mark.parametrize(("refunded", "amount"), [(0, 1200), (0, 0), (700, 500)])
def test_the_rest_of_a_payment_can_be_refunded(refunded: int, amount: int) -> None:
    assert rules.refundable_payment(state("captured", "captured", refunded), amount, "EUR") == "payment"


@pytest.mark.parametrize(("before", "amount", "currency"), [
    (PAID, 1201, "EUR"), (state("captured", "captured", 700), 501, "EUR"), (PAID, 100, "GBP"),
    (UNDER_WAY, 100, "EUR"), (DECLINED, 100, "EUR"), (CLOSED, 100, "EUR"), (CLOSED_UNPAID, 100, "EUR"),
    (NOBODY_PAID, 1, "EUR"), (NOBODY_PAID, 0, "EUR"),
])
def test_more_than_the_rest_of_a_payment_is_never_refunded(before: PaymentState, amount: int, currency: str) -> None:
    with pytest.raises(AmountMismatch) as refusal:
        rules.refundable_payment(before, amount, currency)
    assert refusal.value.about == {"left": before.captured - before.refunded, "currency": before.currency}


@pytest.mark.parametrize(("before", "status", "captured"), [
    (NOBODY_PAID, "none", 0), (UNDER_WAY, "submitted", 0), (DECLINED, "failed", 0), (PAID, "captured", 1200),
    (CLOSED, "closed", 0), (CLOSED_UNPAID, "closed", 0), (CLOSING, "submitted", 0),
])
def test_a_statement_has_the_status_and_the_captured_amount(before: PaymentState, status: str, captured: int) -> None:
    statement = rules.statement(before)

    assert (statement["status"], statement["captured"]) == (status, captured)
    assert statement["method"] == ("sandbox" if captured else None)


def test_a_statement_names_the_payment_and_what_went_back_of_it() -> None:
    assert rules.statement(state("captured", "captured", refunded=500)) == {
        "order_id": "order", "payment_id": "payment", "status": "captured", "reason": None,
        "method": "sandbox", "captured": 1200, "refunded": 500, "currency": "EUR"}


def test_a_statement_names_the_payment_that_paid_and_not_a_later_one() -> None:
    later = replace(PAID, attempt=replace(ATTEMPT, payment_id="later", status="review", reason="wrong_amount"))
    assert rules.statement(later)["payment_id"] == "payment"
    assert rules.statement(later)["status"] == "captured"
    assert rules.statement(later)["method"] is None


@pytest.mark.parametrize(("attempt", "status", "reason"), [
    ("failed", "failed", "card_declined"), ("pending", "pending", None), ("review", "review", None)])
def test_a_statement_says_why_a_payment_failed(attempt: str, status: str, reason: str | None) -> None:
    tried = replace(UNDER_WAY, attempt=replace(ATTEMPT, status=attempt, reason="card_declined"))
    statement = rules.statement(tried)
    assert (statement["payment_id"], statement["status"], statement["reason"]) == ("payment", status, reason)


def test_a_closed_order_stays_in_review_until_somebody_has_looked_at_its_payment() -> None:
    assert rules.statement(state("closed", "review"))["status"] == "review"


def test_a_repeated_refund_is_the_same_refund() -> None:
    known = SimpleNamespace(refund_id="r1", order_id="order", currency="EUR")
    rules.check_same_refund(known, 500, RefundRequest("r1", "order", 500, "EUR"))

    for other in (RefundRequest("r1", "another", 500, "EUR"), RefundRequest("r1", "order", 501, "EUR"),
                  RefundRequest("r1", "order", 500, "GBP")):
        with pytest.raises(AmountMismatch) as refusal:
            rules.check_same_refund(known, 500, other)
        assert refusal.value.about == {"refund_id": "r1"}


def test_each_attempt_at_a_refund_has_a_key_of_its_own() -> None:
    keys = [rules.refund_key(SimpleNamespace(refund_id="r1", attempt=attempt)) for attempt in (1, 2, 3)]
    assert keys == ["r1", "r1-2", "r1-3"]


def test_a_payment_that_no_order_needs_is_refunded_under_its_own_id() -> None:
    assert rules.duplicate_refund_id("payment") == "dup:payment"


def test_an_undecided_provider_status_ends_no_attempt() -> None:
    assert not {"pending", "authorized", "unknown"} & rules.FINAL_STATUS.keys()
    assert set(rules.FINAL_STATUS.values()) == set(PAYMENT_STATES) - set(UNSETTLED)


PAGE = PaymentRequest("order", 1200, "EUR", "card", "/order/1")


@pytest.mark.parametrize(("pending", "wanted", "otherwise"), [
    ({}, {}, False), ({"save_card": True}, {}, False), ({"save_card": True}, {"save_card": True}, False),
    ({}, {"save_card": True}, True), ({}, {"card_token": "one"}, True), ({"card_token": "one"}, {}, True),
    ({"card_token": "one"}, {"card_token": "one"}, False), ({"card_token": "one"}, {"card_token": "two"}, True)])
def test_another_card_is_another_way_to_pay(pending: dict[str, object], wanted: dict[str, object],
                                            otherwise: bool) -> None:
    attempt = replace(ATTEMPT, **pending)  # type: ignore[arg-type]
    assert rules.pays_otherwise(replace(UNDER_WAY, attempt=attempt), replace(PAGE, **wanted)) is otherwise  # type: ignore[arg-type]
    ended = replace(attempt, status="failed")
    assert not rules.pays_otherwise(replace(DECLINED, attempt=ended), replace(PAGE, **wanted))  # type: ignore[arg-type]


@pytest.mark.parametrize(("about", "at_page"), [
    ({}, False), ({"return_url": "/"}, True), ({"return_url": "/", "card_token": "one"}, False),
    ({"return_url": "/", "card_token": "one", "status": "pending"}, True), ({"status": "pending"}, False)])
def test_a_kept_card_needs_its_buyer_only_for_a_further_step(about: dict[str, object], at_page: bool) -> None:
    assert replace(ATTEMPT, **about).at_page is at_page  # type: ignore[arg-type]
