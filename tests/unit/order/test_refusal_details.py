"""What a refused buyer is told: the field, the limit and the order's status; and the sums behind a price."""

import datetime as dt
from typing import Any

import pytest

from schemas.errors import FieldsInvalid, Refusal
from services.order import rules
from services.order.buying.pricing import check_snacks, price_seats
from services.order.order_items import snacks_total

NOW = dt.datetime(2026, 11, 21, 18, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=2)
HALL = {f"F{n}": {"seat_id": f"F{n}", "kind": "standard", "price": 1000 + n} for n in range(1, 12)}


def snacks(*quantities: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity} for sku, quantity in quantities]


@pytest.mark.parametrize(("wanted", "sentence"), [
    (["F1", "F1"], "The same seat "), (["F1", "F2", "F3", "F4"], "At most 3 seats ")])
def test_refused_seats_are_named_with_the_limit(wanted: list[str], sentence: str) -> None:
    with pytest.raises(FieldsInvalid) as refusal:
        price_seats(HALL, LATER, wanted, NOW, 3)

    [told] = refusal.value.about["fields"]["seats"]
    assert told.startswith(sentence)
    assert told.endswith(".")


@pytest.mark.parametrize(("wanted", "sentence"), [
    (snacks(("cola", 1), ("cola", 1)), "The same snack "),
    (snacks(("cola", 1), ("nachos", 1), ("popcorn", 1)), "At most 2 different snacks "),
    (snacks(("cola", 5)), "At most 4 ")])
def test_refused_snacks_are_named_with_the_limit(wanted: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(FieldsInvalid) as refusal:
        check_snacks(wanted, 2, 4)

    [told] = refusal.value.about["fields"]["snacks"]
    assert told.startswith(sentence)
    assert told.endswith(".")


def test_snacks_at_the_limit_are_sold() -> None:
    check_snacks(snacks(("cola", 4), ("nachos", 1)), 2, 4)


@pytest.mark.parametrize(("status", "told"), [("created", "expired"), ("expired", "expired"), ("paid", "paid"),
                                              ("cancelled", "cancelled")])
def test_a_refused_payment_names_the_status_of_the_order(status: str, told: str) -> None:
    with pytest.raises(Refusal) as refusal:
        rules.check_payable(status, NOW, NOW)

    assert refusal.value.about == {"order_status": told}


def test_a_refused_cancellation_names_the_status_of_the_order() -> None:
    with pytest.raises(Refusal) as refusal:
        rules.check_cancellable("paid")

    assert refusal.value.about == {"order_status": "paid"}


@pytest.mark.parametrize(("status", "starts_at", "revives"), [
    ("expired", LATER, True), ("expired", NOW, False), ("cancelled", LATER, False), ("paying", LATER, False)])
def test_late_money_revives_only_an_expired_order_whose_film_has_not_begun(status: str, starts_at: dt.datetime,
                                                                           revives: bool) -> None:
    assert rules.may_revive(status, starts_at, NOW) is revives


def test_a_payment_at_a_page_needs_an_address_to_come_back_to() -> None:
    with pytest.raises(FieldsInvalid) as refusal:
        rules.check_return_url("card", None)

    assert refusal.value.about["fields"]["return_url"] == ["Required for this payment method."]
    rules.check_return_url("card", "/order/1")
    rules.check_return_url("sandbox", None)
    rules.check_return_url("wallet", None)


@pytest.mark.parametrize(("method", "return_url", "card_id", "save_card", "field", "why"), [
    ("wallet", "/order/1", "c1", False, "card_id", "Only for a payment by card, with a return_url."),
    ("wallet", "/order/1", None, True, "save_card", "Only for a payment by card, with a return_url."),
    ("sandbox", None, "c1", False, "card_id", "Only for a payment by card, with a return_url."),
    ("card", "/order/1", "c1", True, "save_card", "This card is kept already.")])
def test_a_card_is_named_only_where_one_pays(method: str, return_url: str | None, card_id: str | None, save_card: bool,
                                             field: str, why: str) -> None:
    with pytest.raises(FieldsInvalid) as refusal:
        rules.check_card(method, return_url, card_id, save_card)

    assert refusal.value.about["fields"] == {field: [why]}


def test_a_card_pays_or_is_kept_where_its_buyer_can_come_back() -> None:
    rules.check_card("wallet", None, None, False)
    rules.check_card("sandbox", None, None, False)
    rules.check_card("card", "/order/1", "c1", False)
    rules.check_card("card", "/order/1", None, True)


def test_snacks_are_worth_their_prices_times_their_quantities() -> None:
    assert snacks_total([]) == 0
    assert snacks_total([{"quantity": 2, "price": 350}, {"quantity": 3, "price": 500}]) == 2200
