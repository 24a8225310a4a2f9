"""A repeated request gets the same answer, except for tickets: no answer has a void code."""

from collections.abc import Callable
from typing import Any

import pytest

from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import buy, status_of

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def paid(mesh: Mesh) -> tuple[str, str, Ask, dict[str, Any]]:
    """A screening, an order of two seats, a way to repeat a request about it, and the answer to paying it."""
    screening, token = mesh.fresh_screening(40), mesh.buyer()
    order = buy(mesh, token, screening, list(mesh.seats(screening))[:2])

    def ask(method: str, /, **fields: Any) -> dict[str, Any]:
        reply = mesh.post(f"/order/{method}", token, f"key-{method}", order_id=order["order_id"], **fields)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    return screening, order["order_id"], ask, ask("pay", method="sandbox")


def but_for_tickets(reply: dict[str, Any]) -> dict[str, Any]:
    return {**reply, "tickets": None}


def codes(reply: dict[str, Any]) -> list[str | None]:
    return [ticket["code"] for ticket in reply["tickets"]]


def test_an_answer_repeated_after_a_refund_has_no_void_code(paid: tuple[str, str, Ask, dict[str, Any]]) -> None:
    _, _, ask, first = paid
    again = ask("pay", method="sandbox")
    assert again == first
    assert None not in codes(first)

    part = ask("refund", seats=[first["seats"][0]["seat_id"]])
    again = ask("pay", method="sandbox")
    assert codes(again) == codes(part) == [None, codes(first)[1]]
    assert [ticket["status"] for ticket in again["tickets"]] == ["void", "valid"]
    assert but_for_tickets(again) == but_for_tickets(first)


def test_no_repeated_answer_has_a_code_once_the_screening_is_cancelled(
    mesh: Mesh, paid: tuple[str, str, Ask, dict[str, Any]],
) -> None:
    screening, order_id, ask, first = paid
    part = ask("refund", seats=[first["seats"][0]["seat_id"]])
    mesh.post("/order/cancel_screening", mesh.staff(), screening_id=screening, dry_run=False, reason="broken")
    wait_until(lambda: status_of(mesh, order_id) == "refunded", 60, "the screening's end")

    for earlier, again in ((first, ask("pay", method="sandbox")),
                           (part, ask("refund", seats=[first["seats"][0]["seat_id"]]))):
        assert codes(again) == [None, None]
        assert but_for_tickets(again) == but_for_tickets(earlier)


def test_answers_are_kept_without_codes(mesh: Mesh, paid: tuple[str, str, Ask, dict[str, Any]]) -> None:
    _, order_id, ask, first = paid
    ask("refund", seats=[first["seats"][0]["seat_id"]])
    kept = mesh.rows("order", "SELECT reply FROM idempotency_key WHERE reply LIKE :o", o=f"%{order_id}%")
    assert len(kept) == 2
    assert not any(code.encode() in bytes(row.reply) for row in kept for code in codes(first) if code)
