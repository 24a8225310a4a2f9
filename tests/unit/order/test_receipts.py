"""Receipts: their sums add up whatever was bought and refunded, and a room that is away costs its own part only."""

import datetime as dt
import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from nameko.exceptions import RemoteError

from schemas.errors import RoomSilent, RoomUnavailable, Unauthenticated
from schemas.fields import LARGEST_PRICE
from schemas.order import GET_RECEIPT
from schemas.order.refusals import OrderNotPaid
from schemas.user.self_service import UnknownAddress
from services.foundation.ids import made_at, new_id
from services.order import rules
from services.order.buying.new_order import NewOrder
from services.order.order_items import Seat, Snack
from services.order.order_view import OrderView
from services.order.queries.receipts import Receipts
from services.order.replies.receipt import receipt_reply
from services.order.screenings.refund_policy import Tier, plan_refund, snacks_back
from services.order.screenings.screening_snapshot import ScreeningSnapshot
from tests.unit.order.samples import HALL, LATER, MINUTE, NOW

SCREENING = ScreeningSnapshot("s1", "Amélie", "kanal", "Kino am Kanal", "Saal 1", LATER, LATER + 120 * MINUTE, "EUR",
                              HALL, "Europe/Berlin")
POPCORN: Snack = {"sku": "popcorn", "name": "Popcorn", "name_zh": None, "quantity": 2, "price": 550}
HOME = {"address_id": "a1", "name": "Ada", "street": "Quay 7", "postal_code": None, "city": "Paris", "region": None,
        "country": "FR"}
WORK = {**HOME, "address_id": "a2", "street": "Rue 9"}
FAULTS = [ValueError("a bug"), RemoteError("KeyError", "x"), TimeoutError(), RoomSilent(), RoomUnavailable()]


def paid(seats: list[Seat], snacks: list[Snack], status: str = "paid", void: int = 0) -> OrderView:
    """An order of these items as MariaDB has it, the tickets of the first `void` seats void."""
    order = NewOrder(new_id(), "owner", "ada", SCREENING, seats, [], NOW, NOW, snacks)
    row = {**order.row(), "status": status}
    tickets = [SimpleNamespace(ticket_id=new_id(), seat_id=seat["seat_id"], status="void" if place < void else "valid")
               for place, seat in enumerate(seats)]
    return OrderView(SimpleNamespace(**row, _mapping=row), tickets, seats)  # type: ignore[arg-type]


def refund(amount: int, refund_id: str = "r", **more: Any) -> Any:
    return SimpleNamespace(**{"refund_id": refund_id, "amount": amount, "requested_at": NOW, "status": "done",
                              "to_wallet": False, "reason": "asked", **more})


prices = some.integers(0, LARGEST_PRICE)


@given(some.lists(prices, min_size=1, max_size=8), some.lists(some.tuples(some.integers(1, 10), prices), max_size=10),
       some.integers(0, 8), some.integers(0, 100), some.integers(0, 500), some.booleans())
def test_the_sums_of_a_receipt_add_up(seats: list[int], snacks: list[tuple[int, int]], back: int, percent: int,
                                      fee: int, in_time: bool) -> None:
    view = paid([{"seat_id": f"F{n}", "kind": "standard", "price": price} for n, price in enumerate(seats, 1)],
                [{**POPCORN, "sku": f"snack-{n}", "quantity": quantity, "price": price}
                 for n, (quantity, price) in enumerate(snacks)], void=back)
    refunds, kept, valid = [], 0, {seat["seat_id"]: seat["price"] for seat in view.seats}
    if returned := view.seat_ids[:back]:
        plan = plan_refund("paid", valid, returned, [Tier(LATER, percent, fee)], NOW)
        refunds, kept = [refund(plan.amount)], plan.kept
        valid = view.valid_prices
    left_of_snacks = view.snacks_total
    if not valid:
        amount = snacks_back(view.snacks_total, "asked", in_time)
        refunds.append(refund(amount, rules.snack_refund_id(view.row.order_id)))
        left_of_snacks -= amount

    receipt = receipt_reply(view, refunds, NOW)

    assert receipt["total"] == sum(line["amount"] for line in receipt["lines"])
    assert all(line["amount"] == line["quantity"] * line["price"] for line in receipt["lines"])
    assert receipt["refunded"] == sum(each["amount"] for each in receipt["refunds"])
    assert receipt["remaining"] == receipt["total"] - receipt["refunded"] == sum(valid.values()) + kept + left_of_snacks
    assert receipt["remaining"] >= 0


def test_a_receipt_names_what_was_bought_and_what_went_back() -> None:
    view = paid([{"seat_id": "F7", "kind": "couple", "price": 1400, "goes_with": "F8"}], [POPCORN], "refunded")
    order_id = view.row.order_id
    refunds = [refund(1400, status="requested", to_wallet=True, reason="screening_cancelled"),
               refund(1100, rules.snack_refund_id(order_id))]

    receipt = GET_RECEIPT.dump(receipt_reply(view, refunds, NOW))

    assert receipt["number"].replace("-", "").lower() == order_id
    assert [len(group) for group in receipt["number"].split("-")] == [8, 8, 8, 8]
    assert receipt["lines"] == [
        {"item": "seat", "seat_id": "F7", "kind": "couple", "quantity": 1, "price": 1400, "amount": 1400},
        {"item": "snack", "sku": "popcorn", "name": "Popcorn", "name_zh": None, "quantity": 2, "price": 550,
         "amount": 1100}]
    assert [(each["what"], each["amount"], each["status"], each["to"], each["reason"])
            for each in receipt["refunds"]] == [("seats", 1400, "requested", "wallet", "screening_cancelled"),
                                                ("snacks", 1100, "done", "payment", "asked")]
    assert dt.datetime.fromisoformat(receipt["paid_at"]) == made_at(view.tickets[0].ticket_id)
    assert receipt["screening"]["starts_at"] == LATER.isoformat()


@pytest.mark.parametrize("status", sorted(rules.TRANSITIONS))
def test_only_orders_that_were_paid_have_a_receipt(status: str) -> None:
    if status in {"paid", "part_refunded", "completed", "refunding", "refunded"}:
        return rules.check_was_paid(status)
    with pytest.raises(OrderNotPaid) as refusal:
        rules.check_was_paid(status)
    assert refusal.value.about == {"order_status": status}
    return None


# --- the parts that other rooms know ---


def answers(**rooms: Any) -> Callable[..., Any]:
    """A `remote.call` by the names of methods; an error is raised."""
    known = {"get_profile": {"display_name": "Ada", "username": "ada7"}, "get_addresses": {"addresses": [HOME, WORK]},
             "get_status": {"method": "card"}, **rooms}

    def call(method: Any, fields: Any, seconds: float) -> Any:
        if isinstance(found := known[method.name], Exception):
            raise found
        return found
    return call


def read(call: Callable[..., Any], address_id: str | None = None, price: int = 1400) -> dict[str, Any]:
    view = paid([{"seat_id": "F7", "kind": "standard", "price": price}], [])
    database: Any = SimpleNamespace(read=lambda work: (view, []))
    remote: Any = SimpleNamespace(call=call)
    return Receipts(database, remote, None).receipt("ada", view.row.order_id, address_id)


@pytest.mark.parametrize(("address_id", "address"), [(None, HOME), ("a1", HOME), ("a2", WORK)])
def test_a_receipt_is_made_out_to_the_address_that_is_chosen_or_the_oldest(
    address_id: str | None, address: dict[str, Any],
) -> None:
    receipt = read(answers(), address_id)
    assert receipt["buyer"] == {"name": "Ada", "address": address}
    assert (receipt["method"], receipt["unavailable"]) == ("card", [])


def test_a_buyer_without_a_display_name_and_addresses_has_a_receipt_too() -> None:
    call = answers(get_profile={"display_name": None, "username": "ada7"}, get_addresses={"addresses": []})
    assert read(call)["buyer"] == {"name": "ada7", "address": None}


@pytest.mark.parametrize("addresses", [[], [HOME]])
def test_an_address_that_is_not_the_buyers_is_refused(addresses: list[dict[str, Any]]) -> None:
    with pytest.raises(UnknownAddress):
        read(answers(get_addresses={"addresses": addresses}), "a2")


@pytest.mark.parametrize("fault", [*FAULTS, {}, None], ids=repr)
@pytest.mark.parametrize(("method", "part"), [
    ("get_profile", "buyer"), ("get_addresses", "buyer"), ("get_status", "method")])
def test_a_room_with_a_fault_costs_its_own_part(method: str, part: str, fault: Any,
                                                caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "marquee.order"):
        receipt = read(answers(**{method: fault}), "a1")
    assert receipt["unavailable"] == [part]
    assert receipt[part] is None
    assert (receipt["buyer"] is None) + (receipt["method"] is None) == 1
    assert receipt["total"] == 1400
    assert len(caplog.records) == 1


def test_nobody_is_asked_how_a_free_order_was_paid() -> None:
    receipt = read(answers(get_status=AssertionError()), price=0)
    assert (receipt["method"], receipt["unavailable"]) == (None, [])


def test_a_member_whose_session_has_ended_meanwhile_is_told() -> None:
    with pytest.raises(Unauthenticated):
        read(answers(get_profile=Unauthenticated()))
