"""The name under which the board holds the seats of a new order."""

from typing import Any

from schemas.order import BUY
from services.foundation.rpc.calls import Principal
from services.order.buying.new_order import board_owner
from services.order.models import KEYS
from services.order.replies.replayed_answers import OrderIdempotencyKey

REQUEST = {"screening_id": "s", "seats": ["F7"], "snacks": []}


def owner(order_id: str, user_id: str = "ada", key: str | None = "a-key", **changes: Any) -> str:
    principal = Principal(user_id=user_id, idempotency_key=key)
    return board_owner(OrderIdempotencyKey(KEYS, principal, BUY, {**REQUEST, **changes}), order_id)


def test_copies_of_one_request_are_no_rivals_on_the_board() -> None:
    assert owner("1") == owner("2")
    assert len(owner("1")) <= 32  # as much as the column holds


def test_another_request_is_a_rival_even_under_the_same_key() -> None:
    others = [owner("2", snacks=[{"sku": "cola", "quantity": 1}]), owner("2", key="another"), owner("2", user_id="bob")]
    assert len({owner("1"), *others}) == 4


def test_without_a_key_each_request_is_a_rival() -> None:
    assert owner("1", key=None) == "1"
