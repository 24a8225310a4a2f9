from types import SimpleNamespace
from typing import Any

import pytest

from schemas.errors import FieldsInvalid
from schemas.wallet import SOURCE_TYPES, SourceMismatch
from services.wallet import rules

KNOWN = SimpleNamespace(source_type="refund", source_id="r1", user_id="ada", amount=500, currency="EUR")
WANTED = {"user_id": "ada", "amount": 500, "currency": "EUR"}


@pytest.mark.parametrize("source_type", SOURCE_TYPES)
def test_every_source_has_an_account_of_the_house_on_its_other_side(source_type: str) -> None:
    assert rules.house_account(source_type, "EUR") in {
        "house-sales-EUR", "house-rewards-EUR", "house-points-EUR", "house-adjustments-EUR"}


def test_what_is_paid_and_what_goes_back_meet_in_one_account() -> None:
    assert rules.house_account("payment", "JPY") == rules.house_account("refund", "JPY") == "house-sales-JPY"


def test_a_member_has_an_account_for_each_currency() -> None:
    assert rules.member_account("ada", "EUR") == "member-ada-EUR"
    assert rules.member_account("ada", "JPY") == "member-ada-JPY"


@pytest.mark.parametrize("amount", [500, -500])
def test_a_repeated_request_is_about_the_same_money(amount: int) -> None:
    rules.check_same(SimpleNamespace(**{**vars(KNOWN), "amount": amount}), WANTED)


@pytest.mark.parametrize("other", [{"user_id": "bob"}, {"amount": 501}, {"currency": "JPY"}])
def test_a_source_moves_no_other_money(other: dict[str, Any]) -> None:
    with pytest.raises(SourceMismatch) as refusal:
        rules.check_same(KNOWN, {**WANTED, **other})
    assert refusal.value.about == {"source_type": "refund", "source_id": "r1"}


def test_an_adjustment_by_nothing_is_refused() -> None:
    with pytest.raises(FieldsInvalid) as refusal:
        rules.check_adjustment(0)
    assert refusal.value.about == {"fields": {"amount": ["Must not be 0."]}}
    rules.check_adjustment(1)
    rules.check_adjustment(-1)
