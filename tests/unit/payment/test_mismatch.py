"""Money at a provider is an attempt's money only if ids, mode, currency and amount agree."""

from dataclasses import replace
from typing import Any

import pytest

from services.payment.payment_state import Attempt, PaymentRecord, ProviderStatus
from services.payment.rules import mismatch, money_mismatch

ATTEMPT = Attempt("payment", "order", 1200, "EUR", "card", 1, "stripe", "pending", reference="cs_1")
RECORD = PaymentRecord("captured", "payment", "order", 1200, "EUR", live=True, reference="cs_1")
MONEY: tuple[ProviderStatus, ...] = ("pending", "authorized", "captured")
NO_MONEY: tuple[ProviderStatus, ...] = ("unknown", "declined", "cancelled", "review")
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"payment_id": "another"}, "foreign_reference"), ({"order_id": "another"}, "foreign_reference"),
    ({"payment_id": None, "order_id": None}, "foreign_reference"), ({"reference": "cs_2"}, "foreign_reference"),
    ({"live": False}, "wrong_mode"), ({"live": None}, "wrong_mode"), ({"currency": "GBP"}, "wrong_currency"),
    ({"amount": 1201}, "wrong_amount"), ({"amount": None}, "wrong_amount"),
]


@pytest.mark.parametrize("status", MONEY)
@pytest.mark.parametrize(("changes", "reason"), [({}, None), *WRONG])
def test_money_at_a_provider_is_compared_with_what_was_asked_for(status: ProviderStatus, changes: dict[str, Any],
                                                                 reason: str | None) -> None:
    assert mismatch(ATTEMPT, replace(RECORD, status=status, **changes), live=True) == reason


@pytest.mark.parametrize("status", NO_MONEY)
@pytest.mark.parametrize(("changes", "reason"), WRONG)
def test_without_money_nothing_is_compared(status: ProviderStatus, changes: dict[str, Any], reason: str) -> None:
    assert mismatch(ATTEMPT, replace(RECORD, status=status, **changes), live=True) is None


def test_an_attempt_takes_any_reference_until_it_has_one() -> None:
    assert mismatch(replace(ATTEMPT, reference=None), RECORD, live=True) is None


def test_ids_do_not_matter_when_only_money_is_compared() -> None:
    foreign = replace(RECORD, payment_id=None, order_id=None, reference=None)
    assert money_mismatch(ATTEMPT, foreign, live=True) is None
    assert money_mismatch(ATTEMPT, foreign, live=False) == "wrong_mode"
