"""Orders paid from a wallet, and refunds into one, over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import buy, pay, status_of
from tests.drivers.snack_orders import SKU, bought_and_paid
from tests.drivers.wallets import balance, fill, pay_by_wallet, user_of

AT_ONCE = 20


@pytest.fixture(scope="module")
def screening(mesh: Mesh) -> str:
    return mesh.fresh_screening(320)


@pytest.fixture
def seats(mesh: Mesh, screening: str) -> list[str]:
    taken = {row.seat_id for row in mesh.rows("order", "SELECT seat_id FROM seat_claim WHERE screening_id = :s",
                                              s=screening)}
    return [seat for seat in mesh.seats(screening) if seat not in taken]


def test_an_order_is_paid_from_the_wallet_and_goes_back_to_it(mesh: Mesh, screening: str, seats: list[str]) -> None:
    ada = mesh.buyer()
    order = buy(mesh, ada, screening, seats[:2])
    fill(mesh, ada, order["total"] + 100, order["currency"])

    paid = [pay_by_wallet(mesh, ada, order).json() for _ in range(2)]

    assert [each["status"] for each in paid] == ["paid", "paid"]
    assert balance(mesh, ada) == (100, 0)
    assert mesh.post("/order/refund", ada, order_id=order["order_id"], seats=seats[:1]).json()["refunded"] > 0
    assert mesh.post("/order/refund", ada, order_id=order["order_id"]).json()["status"] == "refunded"
    assert balance(mesh, ada) == (order["total"] + 100, 0)
    entries = mesh.get("/wallet/get_entries", ada).json()["entries"]
    assert [each["kind"] for each in entries] == ["refund", "refund", "payment", "adjustment"]
    assert {each["order_id"] for each in entries[:3]} == {order["order_id"]}


def test_a_wallet_with_too_little_leaves_the_order_payable(mesh: Mesh, screening: str, seats: list[str]) -> None:
    ada = mesh.buyer()
    order = buy(mesh, ada, screening, seats[:1])
    fill(mesh, ada, order["total"] - 1, order["currency"])

    refused = pay_by_wallet(mesh, ada, order)

    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_funds")
    fill(mesh, ada, 1, order["currency"])
    assert pay_by_wallet(mesh, ada, order).json()["status"] == "paid"
    other = buy(mesh, ada, screening, seats[1:2])
    assert pay_by_wallet(mesh, ada, other).json()["code"] == "insufficient_funds"
    pay(mesh, ada, other)
    assert status_of(mesh, other) == "paid"
    assert balance(mesh, ada) == (0, 0)


def test_a_refund_of_test_money_goes_into_the_wallet_once(mesh: Mesh, screening: str, seats: list[str]) -> None:
    ada, order = bought_and_paid(mesh, screening, seats[:1], (SKU, 1))

    done = [mesh.post("/order/refund", ada, "refund-to-my-wallet", order_id=order["order_id"], to="wallet").json()
            for _ in range(2)]

    assert done[0]["status"] == done[1]["status"]
    wait_until(lambda: status_of(mesh, order) == "refunded", what="the refund of the snacks")
    assert balance(mesh, ada) == (order["total"], 0)
    [bank] = mesh.rows("payment", "SELECT refunded FROM sandbox_charge WHERE order_id = :o", o=order["order_id"])
    assert bank.refunded == 0


def test_a_member_sees_no_wallet_but_their_own(mesh: Mesh) -> None:
    ada, bob = mesh.buyers(2)
    fill(mesh, ada, 500)

    assert balance(mesh, bob) == (0, 0)
    assert mesh.get("/wallet/get_entries", bob).json()["entries"] == []
    for path in ("/wallet/get_balance", "/wallet/get_entries"):
        assert mesh.get(path).status_code == 401
        assert mesh.get(path, bob, user_id=user_of(mesh, ada)).status_code in (400, 422)
    assert mesh.post("/wallet/adjust", bob, user_id="bob", amount=1, reason="mine").status_code == 403
    for hidden in ("credit", "reserve", "capture", "release", "get_credits"):
        assert mesh.post(f"/wallet/{hidden}", ada).status_code == 404


def test_while_the_wallet_is_stopped_orders_are_paid_otherwise(mesh: Mesh, screening: str, seats: list[str]) -> None:
    ada = mesh.buyer()
    order = buy(mesh, ada, screening, seats[:1])
    fill(mesh, ada, order["total"], order["currency"])
    with mesh.without("wallet"):
        refused = pay_by_wallet(mesh, ada, order)
        unread = mesh.get("/wallet/get_balance", ada)
        pay(mesh, ada, order)

    for reply in (refused, unread):  # at once: after a deadline it would be room_silent
        assert (reply.status_code, reply.json()["code"]) == (503, "room_unavailable")
    assert status_of(mesh, order) == "paid"
    assert balance(mesh, ada) == (order["total"], 0)


@pytest.mark.full_size("integration/wallet/test_races.py")
def test_of_many_orders_paid_at_once_a_balance_for_a_tenth_pays_a_tenth(mesh: Mesh) -> None:
    count, paid = 100, 10
    screening = mesh.fresh_screening(320)
    chart = mesh.get("/film/get_hall_info", screening_id=screening).json()["chart"]["seats"]
    seats = [seat["seat_id"] for seat in chart if seat["kind"] == "standard"]   # which all cost the same
    ada, *others = mesh.buyers(count + 1)
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        orders = list(crowd.map(lambda place: buy(mesh, others[place], screening, seats[place:place + 1]),
                                range(count)))
    assert len({order["total"] for order in orders}) == 1
    # The orders become Ada's, who could not have so many unpaid ones herself.
    for number, order in enumerate(orders):
        mesh.rows("order", "UPDATE orders SET buyer_id = :b, unpaid_slot = :n WHERE order_id = :o", n=number + 1,
                  b=user_of(mesh, ada), o=order["order_id"])
    fill(mesh, ada, paid * orders[0]["total"], orders[0]["currency"])

    def try_to_pay(order: dict[str, Any]) -> str:
        def answered() -> dict[str, Any] | None:
            reply = requests.post(f"{mesh.url}/order/pay", json={"order_id": order["order_id"], "method": "wallet"},
                                  headers={"Authorization": f"Bearer {ada}"}, timeout=60)
            return reply.json() if reply.status_code < 500 else None   # a deadline has passed, and she tries again

        reply = wait_until(answered, 120, "an answer")
        return str(reply.get("code") or reply["status"])

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        outcomes = list(crowd.map(try_to_pay, orders))

    assert sorted(set(outcomes)) == ["insufficient_funds", "paid"]
    assert outcomes.count("paid") == paid
    assert [status_of(mesh, order) for order in orders].count("paid") == paid
    assert balance(mesh, ada) == (0, 0)
