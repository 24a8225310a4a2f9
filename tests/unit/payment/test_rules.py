from dataclasses import replace

import pytest

from schemas.payment import PAYMENT_STATES, AmountMismatch, PaymentClosed, PaymentDeclined, PaymentMethodUnknown
from schemas.wallet import InsufficientFunds
from services.payment import rules
from services.payment.payment_state import UNSETTLED, Attempt, PaymentRequest, PaymentState

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
    with pytest.raises(AmountMismatch):
        rules.needs_attempt(before, amount, currency)


def test_a_failed_charge_is_refused_with_its_reason() -> None:
    rules.check_charged(PAID)

    with pytest.raises(PaymentDeclined):
        rules.check_charged(DECLINED)
    with pytest.raises(PaymentClosed):
        rules.check_charged(CLOSED)


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
    with pytest.raises(AmountMismatch):
        rules.refundable_payment(before, amount, currency)


@pytest.mark.parametrize(("before", "status", "captured"), [
    (NOBODY_PAID, "none", 0), (UNDER_WAY, "submitted", 0), (DECLINED, "failed", 0), (PAID, "captured", 1200),
    (CLOSED, "closed", 0), (CLOSED_UNPAID, "closed", 0), (CLOSING, "submitted", 0),
])
def test_a_statement_has_the_status_and_the_captured_amount(before: PaymentState, status: str, captured: int) -> None:
    statement = rules.statement(before)

    assert (statement["status"], statement["captured"]) == (status, captured)


def test_an_undecided_provider_status_ends_no_attempt() -> None:
    assert not {"pending", "authorized", "unknown"} & rules.FINAL_STATUS.keys()
    assert set(rules.FINAL_STATUS.values()) == set(PAYMENT_STATES) - set(UNSETTLED)
