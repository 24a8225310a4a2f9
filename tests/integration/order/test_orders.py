"""The life of an order over HTTP, compared with MariaDB."""

import base64
import datetime as dt
import json

import pytest

from services.order.tickets import codes
from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import ask_again_now, buy, charge, expire, pay, status_of

at_full_size = pytest.mark.full_size("integration/model/test_stories.py")


def test_an_order_is_bought_paid_and_refunded(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token = mesh.buyer()
    order = buy(mesh, token, screening, seats[:3])

    assert order["status"] == "created"
    assert [seat["seat_id"] for seat in order["seats"]] == seats[:3]
    assert order["total"] == sum(seat["price"] for seat in order["seats"])
    expires, now = (dt.datetime.fromisoformat(str(order[name])) for name in ("expires_at", "server_time"))
    assert dt.timedelta(minutes=7) < expires - now <= dt.timedelta(minutes=8)
    assert {mesh.seats(screening)[seat] for seat in seats[:3]} == {"held"}

    paid = mesh.post("/order/pay", token, order_id=order["order_id"], method="sandbox").json()
    assert paid["status"] == "paid"
    assert [ticket["seat_id"] for ticket in paid["tickets"]] == seats[:3]
    assert len({ticket["code"] for ticket in paid["tickets"]}) == 3
    keys = {key["key_id"]: base64.urlsafe_b64decode(key["public_key"] + "=")
            for key in mesh.get("/order/get_ticket_keys").json()["keys"]}
    assert [codes.read(ticket["code"], keys) for ticket in paid["tickets"]] == [
        codes.TicketFacts(ticket["ticket_id"], screening, ticket["seat_id"]) for ticket in paid["tickets"]]
    assert {mesh.seats(screening)[seat] for seat in seats[:3]} == {"sold"}

    part = mesh.post("/order/refund", token, order_id=order["order_id"], seats=[seats[1]]).json()
    assert part["status"] == "part_refunded"
    assert part["refunded"] == order["seats"][1]["price"]
    assert mesh.seats(screening)[seats[1]] == "free"

    whole = mesh.post("/order/refund", token, order_id=order["order_id"]).json()
    assert whole["status"] == "refunded"
    assert whole["refunded"] == order["total"]
    assert {ticket["status"] for ticket in whole["tickets"]} == {"void"}
    assert {ticket["code"] for ticket in whole["tickets"]} == {None}
    buy(mesh, mesh.buyer(), screening, seats[:3])
    mesh.check_invariants()


def test_a_refused_purchase_names_the_seats_that_are_gone_and_takes_none(mesh: Mesh, screening: str,
                                                                         seats: list[str]) -> None:
    buy(mesh, mesh.buyer(), screening, [seats[0]])

    reply = mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=seats[:3])

    assert reply.status_code == 409
    assert reply.json()["code"] == "seats_taken"
    assert reply.json()["seats"] == [seats[0]]
    assert mesh.seats(screening)[seats[1]] == mesh.seats(screening)[seats[2]] == "free"


@pytest.mark.parametrize(("fields", "status", "code"), [
    ({"seats": []}, 422, "fields_invalid"),
    ({"seats": ["F1", "F1"]}, 422, "fields_invalid"),
    ({"seats": [f"F{n}" for n in range(1, 10)]}, 422, "fields_invalid"),
    ({"seats": ["ZZ99"]}, 422, "seats_unknown_in_hall"),
    ({"seats": "F1"}, 422, "fields_invalid"),
    ({"seats": [{"a": 1}]}, 422, "fields_invalid"),
    ({"seats": ["F1"], "price": 1}, 422, "fields_invalid"),
    ({"seats": ["F1"], "screening_id": "nowhere"}, 404, "unknown_screening"),
])
def test_a_malformed_order_is_refused(mesh: Mesh, screening: str, fields: dict[str, object], status: int,
                                      code: str) -> None:
    reply = mesh.post("/order/buy", mesh.buyer(), **{"screening_id": screening, **fields})

    assert (reply.status_code, reply.json()["code"]) == (status, code), reply.text


def test_a_third_unpaid_order_for_a_screening_is_refused(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token = mesh.buyer()
    first = buy(mesh, token, screening, seats[:1])
    buy(mesh, token, screening, seats[1:2])

    reply = mesh.post("/order/buy", token, screening_id=screening, seats=seats[2:3])
    assert (reply.status_code, reply.json()["code"], reply.json()["most"]) == (409, "too_many_unpaid_orders", 2)
    assert mesh.seats(screening)[seats[2]] == "free"

    mesh.post("/order/cancel", token, order_id=first["order_id"])
    buy(mesh, token, screening, seats[2:3])


def test_the_seats_of_a_late_order_go_to_the_next_buyer_at_once(mesh: Mesh, screening: str, seats: list[str]) -> None:
    first = buy(mesh, mesh.buyer(), screening, seats[:2])
    expire(mesh, str(first["order_id"]))

    second = buy(mesh, mesh.buyer(), screening, seats[1:3])

    assert status_of(mesh, first["order_id"]) == "expired"
    assert status_of(mesh, second["order_id"]) == "created"
    mesh.check_invariants()


def test_a_late_order_expires_without_a_request_and_can_not_be_paid(mesh: Mesh, screening: str,
                                                                    seats: list[str]) -> None:
    token = mesh.buyer()
    order = buy(mesh, token, screening, seats[:2])
    expire(mesh, str(order["order_id"]))

    wait_until(lambda: status_of(mesh, order["order_id"]) == "expired", 60, "the order's end")
    reply = mesh.post("/order/pay", token, order_id=order["order_id"], method="sandbox")

    assert (reply.status_code, reply.json()["code"]) == (409, "order_expired")
    assert mesh.seats(screening)[seats[0]] == "free"


@at_full_size
def test_a_late_order_whose_payment_was_captured_is_paid(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token = mesh.buyer()
    order = buy(mesh, token, screening, seats[:2])
    with mesh.without("order"):
        # The order room died after the payment room had taken the money.
        mesh.rows("order", "UPDATE orders SET status = 'paying', version = 2 WHERE order_id = :o", o=order["order_id"])
        mesh.rows("order", "INSERT INTO outbox (event_id, type, version, about, sequence, occurred_at, trace, body) "
                           "SELECT :o, 'order.paying', 1, about, 2, occurred_at, trace, body FROM outbox "
                           "WHERE about = :o AND sequence = 1", o=order["order_id"])
        charge(mesh, order)
        expire(mesh, str(order["order_id"]))

    wait_until(lambda: status_of(mesh, order["order_id"]) == "paid", 60, "the payment to be found")
    mesh.check_invariants()


@at_full_size
def test_a_payment_room_that_is_away_costs_a_paying_order_no_seat_and_delays_a_refund(mesh: Mesh, screening: str,
                                                                                      seats: list[str]) -> None:
    token, member = mesh.buyers(2)
    order, paid = buy(mesh, token, screening, seats[:2]), buy(mesh, member, screening, seats[2:4])
    pay(mesh, member, paid)
    with mesh.without("payment"):
        reply = mesh.post("/order/pay", token, order_id=order["order_id"], method="sandbox")
        assert (reply.status_code, reply.json()["code"]) == (503, "room_unavailable")
        expire(mesh, str(order["order_id"]))
        other = mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=seats[:1])
        assert other.status_code in (409, 503)
        assert status_of(mesh, order["order_id"]) == "paying"
        reply = mesh.post("/order/refund", member, order_id=paid["order_id"])
        assert reply.json()["status"] == "refunding"
        assert mesh.seats(screening)[seats[2]] == "free"

    ask_again_now(mesh, order, paid)
    wait_until(lambda: status_of(mesh, order["order_id"]) == "expired", 120, "the order's end")
    wait_until(lambda: status_of(mesh, paid["order_id"]) == "refunded", 120, "the refund")
    mesh.check_invariants()


def test_a_cancelled_order_frees_its_seats_and_can_not_be_paid(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token = mesh.buyer()
    order = buy(mesh, token, screening, seats[:2])

    assert mesh.post("/order/cancel", token, order_id=order["order_id"]).json()["status"] == "cancelled"

    assert mesh.seats(screening)[seats[0]] == "free"
    reply = mesh.post("/order/pay", token, order_id=order["order_id"], method="sandbox")
    assert (reply.status_code, reply.json()["code"]) == (409, "order_not_payable")
    again = mesh.post("/order/cancel", token, order_id=order["order_id"])
    assert (again.status_code, again.json()["code"]) == (409, "order_not_cancellable")


def test_another_buyers_order_does_not_exist(mesh: Mesh, screening: str, seats: list[str]) -> None:
    order = buy(mesh, mesh.buyer(), screening, seats[:1])
    stranger = mesh.buyer()

    for method, more in (("get_info", {}), ("get_ticket_images", {}), ("get_calendar", {}),
                         ("pay", {"method": "sandbox"}), ("refund", {}), ("cancel", {})):
        reply = mesh.post(f"/order/{method}", stranger, order_id=order["order_id"], **more)
        assert (reply.status_code, reply.json()["code"]) == (404, "unknown_order"), method
    assert mesh.get("/order/get_list", stranger).json()["orders"] == []


def test_orders_are_listed_in_pages_the_newest_first(mesh: Mesh) -> None:
    token, made = mesh.buyer(), []
    for _ in range(5):
        screening = mesh.fresh_screening(40)
        made.append(buy(mesh, token, screening, list(mesh.seats(screening))[:1])["order_id"])

    first = mesh.get("/order/get_list", token, limit=3).json()
    rest = mesh.get("/order/get_list", token, limit=3, cursor=first["next_cursor"]).json()

    assert [order["order_id"] for order in first["orders"] + rest["orders"]] == made[::-1]
    assert rest["next_cursor"] is None
    assert mesh.get("/order/get_list", token, status="paid").json()["orders"] == []


def test_the_same_key_gives_the_same_answer_and_one_order(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token = mesh.buyer()
    first = mesh.post("/order/buy", token, "a-key", screening_id=screening, seats=seats[:2])
    again = mesh.post("/order/buy", token, "a-key", screening_id=screening, seats=seats[:2])
    other = mesh.post("/order/buy", token, "a-key", screening_id=screening, seats=seats[2:3])
    stranger = mesh.post("/order/buy", mesh.buyer(), "a-key", screening_id=screening, seats=seats[2:3])

    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert stranger.status_code == 200
    assert len(mesh.get("/order/get_list", token).json()["orders"]) == 1


def test_a_late_retry_with_the_same_key_still_gets_its_answer(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token = mesh.buyer()
    bought = mesh.post("/order/buy", token, "buy", screening_id=screening, seats=seats[:2])
    order_id = bought.json()["order_id"]
    paid = mesh.post("/order/pay", token, "pay", order_id=order_id, method="sandbox")
    refunded = mesh.post("/order/refund", token, "refund", order_id=order_id)

    assert mesh.post("/order/buy", token, "buy", screening_id=screening, seats=seats[:2]).content == bought.content
    again = mesh.post("/order/pay", token, "pay", order_id=order_id, method="sandbox").json()
    assert {**again, "tickets": None} == {**paid.json(), "tickets": None}  # whose codes are void by now
    assert mesh.post("/order/refund", token, "refund", order_id=order_id).content == refunded.content
    assert refunded.json()["status"] == "refunded"
    changed = mesh.post("/order/refund", token, "refund", order_id=order_id, seats=seats[:1])
    assert changed.json()["code"] == "key_reused"


def test_a_refusal_is_not_kept_under_its_key(mesh: Mesh, screening: str, seats: list[str]) -> None:
    rival, token = mesh.buyer(), mesh.buyer()
    theirs = buy(mesh, rival, screening, seats[:1])
    assert mesh.post("/order/buy", token, "k", screening_id=screening, seats=seats[:1]).status_code == 409

    mesh.post("/order/cancel", rival, order_id=theirs["order_id"])

    assert mesh.post("/order/buy", token, "k", screening_id=screening, seats=seats[:1]).status_code == 200


def test_an_order_paid_twice_is_charged_once(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token = mesh.buyer()
    order = buy(mesh, token, screening, seats[:2])

    first = mesh.post("/order/pay", token, order_id=order["order_id"], method="sandbox").json()
    again = mesh.post("/order/pay", token, order_id=order["order_id"], method="sandbox").json()

    assert first["status"] == again["status"] == "paid"
    assert first["tickets"] == again["tickets"]
    mesh.check_invariants()


def set_terms(mesh: Mesh, order_id: str, *tiers: tuple[float, int, int]) -> None:
    """Give an order other refund terms: (minutes from now, percent, fee)."""
    now = dt.datetime.now(dt.UTC)
    terms = [{"until": (now + dt.timedelta(minutes=minutes)).isoformat(), "percent": percent, "fee": fee}
             for minutes, percent, fee in tiers]
    mesh.rows("order", "UPDATE orders SET refund_tiers = :terms WHERE order_id = :o", o=order_id,
              terms=json.dumps(terms))


def test_a_refund_gives_back_the_amount_of_its_preview(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token = mesh.buyer()
    order = buy(mesh, token, screening, seats[:3])
    pay(mesh, token, order)
    set_terms(mesh, order["order_id"], (-1, 100, 0), (60, 50, 100))
    prices = {seat["seat_id"]: seat["price"] for seat in order["seats"]}
    one = seats[1]

    shown = mesh.get("/order/refund_preview", token, order_id=order["order_id"]).json()
    of_one = mesh.post("/order/refund_preview", token, order_id=order["order_id"], seats=[one]).json()

    assert {seat["seat_id"]: seat["refund"] for seat in shown["seats"]} == {
        seat: price // 2 - 100 for seat, price in prices.items()}
    assert shown["amount"] + shown["kept"] == order["total"]
    assert of_one["amount"] == prices[one] // 2 - 100
    wrong = mesh.post("/order/refund", token, order_id=order["order_id"], seats=[one], amount=prices[one])
    assert (wrong.status_code, wrong.json()["code"]) == (409, "refund_changed")
    assert wrong.json()["amount"] == of_one["amount"]
    assert mesh.seats(screening)[one] == "sold"
    after = mesh.post("/order/refund", token, order_id=order["order_id"], seats=[one],
                      amount=of_one["amount"]).json()
    assert (after["status"], after["refunded"]) == ("part_refunded", of_one["amount"])
    rest = mesh.post("/order/refund", token, order_id=order["order_id"]).json()
    assert (rest["status"], rest["refunded"]) == ("refunded", shown["amount"])
    mesh.check_invariants()


def test_a_refund_of_nothing_frees_the_seat_all_the_same(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token = mesh.buyer()
    order = buy(mesh, token, screening, seats[:1])
    pay(mesh, token, order)
    set_terms(mesh, order["order_id"], (60, 0, 0))

    after = mesh.post("/order/refund", token, order_id=order["order_id"]).json()

    assert (after["status"], after["refunded"]) == ("refunded", 0)
    assert mesh.seats(screening)[seats[0]] == "free"
    mesh.check_invariants()


def test_the_refund_policy_is_stamped_on_the_order(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token = mesh.buyer()
    bought = buy(mesh, token, screening, seats[:1])

    order = mesh.get("/order/get_info", token, order_id=bought["order_id"]).json()

    assert bought["refund_terms"] == order["refund_terms"]
    starts_at = dt.datetime.fromisoformat(order["screening"]["starts_at"])
    [tier] = order["refund_terms"]["tiers"]
    assert dt.datetime.fromisoformat(tier["until"]) == starts_at - dt.timedelta(minutes=30)
    assert (tier["percent"], tier["fee"], tier["amount"]) == (100, 0, order["total"])
    assert dt.datetime.fromisoformat(order["refund_terms"]["full_until"]) == starts_at - dt.timedelta(minutes=30)


def test_a_preview_of_another_buyers_order_is_refused(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token = mesh.buyer()
    order = buy(mesh, token, screening, seats[:1])
    pay(mesh, token, order)

    reply = mesh.get("/order/refund_preview", mesh.buyer(), order_id=order["order_id"])

    assert (reply.status_code, reply.json()["code"]) == (404, "unknown_order")


def test_a_refund_is_refused_once_its_time_is_over(mesh: Mesh, screening: str, seats: list[str]) -> None:
    token = mesh.buyer()
    order = buy(mesh, token, screening, seats[:2])
    mesh.post("/order/pay", token, order_id=order["order_id"], method="sandbox")
    set_terms(mesh, order["order_id"], (-1, 100, 0))

    reply = mesh.post("/order/refund", token, order_id=order["order_id"])

    assert (reply.status_code, reply.json()["code"]) == (409, "refund_closed")
    assert mesh.seats(screening)[seats[0]] == "sold"


def test_a_guest_can_not_buy(mesh: Mesh, screening: str) -> None:
    reply = mesh.post("/order/buy", screening_id=screening, seats=["A1"])

    assert (reply.status_code, reply.json()["code"]) == (401, "unauthenticated")
