"""Snacks bought with seats over HTTP: prepared, handed over, refunded."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from testbed.crowd import Request, all_at_once
from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import ask_again_now, buy, info, make_late, pay, refunds
from tests.drivers.snack_orders import SKU, bought_and_paid, cook, menu, restock, snacks_left, ticket_of, wait_for_step

at_full_size = pytest.mark.full_size(
    "integration/kitchen/test_orders_with_snacks.py", "integration/model/test_model.py")


def test_popcorn_is_bought_cooked_and_handed_over(mesh: Mesh, screening: str, cinema: str, seats: list[str],
                                                  staff: str) -> None:
    token, before = mesh.buyer(), snacks_left(mesh, cinema)
    price, cola = menu(mesh, cinema)[SKU]["price"], menu(mesh, cinema)["cola"]["price"]
    order = buy(mesh, token, screening, seats[:2], (SKU, 2), ("cola", 1))

    assert order["total"] == sum(seat["price"] for seat in order["seats"]) + 2 * price + cola
    assert [(snack["sku"], snack["quantity"], snack["price"]) for snack in order["snacks"]] == [
        (SKU, 2, price), ("cola", 1, cola)]
    assert snacks_left(mesh, cinema) == before - 2
    assert info(mesh, token, order)["kitchen"] == {"status": "reserved", "pick_up_code": None, "needed_at": None}

    pay(mesh, token, order)
    code = wait_for_step(mesh, token, order, "new")["pick_up_code"]
    ticket = ticket_of(mesh, staff, order, cinema_id=cinema)
    assert (ticket["status"], ticket["pick_up_code"], ticket["short"]) == ("new", code, False)
    assert [snack["quantity"] for snack in ticket["snacks"]] == [2, 1]

    assert cook(mesh, staff, "hand_over", order, pick_up_code=code)[1]["code"] == "kitchen_step_taken"
    assert cook(mesh, staff, "start", order)[1]["status"] == "preparing"
    wait_for_step(mesh, token, order, "preparing")
    assert cook(mesh, staff, "finish", order)[1]["status"] == "ready"
    wait_for_step(mesh, token, order, "ready")
    assert cook(mesh, staff, "hand_over", order, pick_up_code="nope")[1]["code"] == "wrong_pick_up_code"
    assert cook(mesh, staff, "hand_over", order, pick_up_code=code.lower())[1]["status"] == "collected"
    wait_for_step(mesh, token, order, "collected")
    mesh.check_invariants()


def test_a_guest_who_shows_the_order_needs_no_code(mesh: Mesh, screening: str, seats: list[str], staff: str) -> None:
    token, order = bought_and_paid(mesh, screening, seats[:1], (SKU, 1))
    for step in ("start", "finish"):
        cook(mesh, staff, step, order)

    assert cook(mesh, staff, "hand_over", order, pick_up_code="")[1]["code"] == "fields_invalid"  # is not left out
    assert cook(mesh, staff, "hand_over", order)[1]["status"] == "collected"
    wait_for_step(mesh, token, order, "collected")


def test_the_slower_of_two_cooks_is_refused(mesh: Mesh, screening: str, seats: list[str], staff: str) -> None:
    _, order = bought_and_paid(mesh, screening, seats[:1], (SKU, 1))

    answers = all_at_once(int(mesh.environment["MARQUEE_PORT"]),
                          [Request("/kitchen/start", staff, {"order_id": order["order_id"]}) for _ in range(8)])

    assert Counter(answer.status for answer in answers) == {200: 1, 409: 7}
    assert {answer.body["code"] for answer in answers if answer.status == 409} == {"kitchen_step_taken"}


@pytest.mark.parametrize("method", ["get_queue", "start", "finish", "hand_over", "restock"])
def test_the_kitchen_is_for_staff(mesh: Mesh, method: str) -> None:
    assert mesh.post(f"/kitchen/{method}", mesh.buyer(), order_id="x").status_code == 403
    assert mesh.post(f"/kitchen/{method}", order_id="x").status_code == 401


@pytest.mark.parametrize("method", ["reserve", "release", "give_up"])
def test_the_order_room_s_methods_are_hidden_from_http(mesh: Mesh, method: str) -> None:
    assert mesh.post(f"/kitchen/{method}", mesh.staff(), order_id="x").status_code == 404


def test_many_buyers_of_the_last_popcorn_get_as_many_as_there_are(mesh: Mesh, screening: str, cinema: str,
                                                                  seats: list[str], staff: str) -> None:
    """As many buyers as the order room lets ask the kitchen at the same time."""
    restock(mesh, staff, cinema, 5)
    requests = [Request("/order/buy", token, {"screening_id": screening, "seats": [seat],
                                              "snacks": [{"sku": SKU, "quantity": 1}]})
                for token, seat in zip(mesh.buyers(10), seats, strict=False)]

    answers = all_at_once(int(mesh.environment["MARQUEE_PORT"]), requests)

    assert Counter(answer.status for answer in answers) == {200: 5, 409: 5}
    refused = [answer.body for answer in answers if answer.status == 409]
    assert {body["code"] for body in refused} == {"snacks_sold_out"}
    assert {tuple(body["skus"]) for body in refused} == {(SKU,)}
    assert snacks_left(mesh, cinema) == 0
    taken = {seat["seat_id"] for answer in answers if answer.status == 200 for seat in answer.body["seats"]}
    wait_until(lambda: {seat for seat in seats[:10] if mesh.seats(screening)[seat] != "free"} == taken,
               what="the losers' seats to be free")
    mesh.check_invariants()
    restock(mesh, staff, cinema, 200)


@pytest.mark.parametrize(("snacks", "status", "code"), [
    ([{"sku": "caviar", "quantity": 1}], 422, "snacks_unknown"),
    ([{"sku": SKU, "quantity": 0}], 422, "fields_invalid"),
    ([{"sku": SKU, "quantity": 11}], 422, "fields_invalid"),
    ([{"sku": SKU, "quantity": 1}, {"sku": SKU, "quantity": 1}], 422, "fields_invalid"),
    ([{"sku": SKU, "quantity": 1, "price": 1}], 422, "fields_invalid"),
    ("popcorn", 422, "fields_invalid"),
])
def test_senseless_snacks_are_refused_and_take_no_seat(mesh: Mesh, screening: str, seats: list[str], snacks: object,
                                                       status: int, code: str) -> None:
    reply = mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=seats[:1], snacks=snacks)

    assert (reply.status_code, reply.json()["code"]) == (status, code), reply.text
    assert mesh.seats(screening)[seats[0]] == "free"


def test_a_taken_seat_takes_no_popcorn(mesh: Mesh, screening: str, cinema: str, seats: list[str]) -> None:
    buy(mesh, mesh.buyer(), screening, seats[:1])
    before = snacks_left(mesh, cinema)

    reply = mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=seats[:2],
                      snacks=[{"sku": SKU, "quantity": 1}])

    assert reply.json()["code"] == "seats_taken"
    assert snacks_left(mesh, cinema) == before


def test_a_purchase_repeated_under_its_key_reserves_once(mesh: Mesh, screening: str, cinema: str,
                                                         seats: list[str]) -> None:
    token, before = mesh.buyer(), snacks_left(mesh, cinema)
    wish = {"screening_id": screening, "seats": seats[:1], "snacks": [{"sku": SKU, "quantity": 3}]}

    first, again = (mesh.post("/order/buy", token, "k", **wish) for _ in range(2))
    copies = all_at_once(int(mesh.environment["MARQUEE_PORT"]),
                         [Request("/order/buy", token, {**wish, "seats": seats[1:2]}, "copied") for _ in range(6)])

    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert {answer.body["order_id"] for answer in copies if answer.status == 200} == {
        mesh.post("/order/buy", token, "copied", **{**wish, "seats": seats[1:2]}).json()["order_id"]}
    wait_until(lambda: snacks_left(mesh, cinema) == before - 6, what="the copies' reservations to be given back")


def test_copies_of_one_purchase_do_not_compete_for_the_last_popcorn(mesh: Mesh, screening: str, cinema: str,
                                                                    seats: list[str], staff: str) -> None:
    restock(mesh, staff, cinema, 1)
    token = mesh.buyer()
    wish = {"screening_id": screening, "seats": seats[:1], "snacks": [{"sku": SKU, "quantity": 1}]}

    copies = all_at_once(int(mesh.environment["MARQUEE_PORT"]),
                         [Request("/order/buy", token, wish, "one-purchase") for _ in range(10)])

    assert {answer.body.get("code") for answer in copies if answer.status != 200} <= {"request_in_progress"}
    bought = mesh.post("/order/buy", token, "one-purchase", **wish).json()["order_id"]
    assert {answer.body["order_id"] for answer in copies if answer.status == 200} == {bought}
    assert snacks_left(mesh, cinema) == 0
    mesh.check_invariants()
    restock(mesh, staff, cinema, 200)


def test_a_copy_between_the_two_steps_of_the_first_has_to_wait(
    mesh: Mesh, screening: str, cinema: str, seats: list[str], staff: str,
) -> None:
    restock(mesh, staff, cinema, 1)
    copy = Request("/order/buy", mesh.buyer(), {"screening_id": screening, "seats": seats[:1],
                                                "snacks": [{"sku": SKU, "quantity": 1}]}, "one-purchase")
    with mesh.engine("order").connect() as rival, ThreadPoolExecutor(1) as asking:
        # A claim on the seat that is not written in the end keeps the first between its snacks and its order.
        rival.execute(text("INSERT INTO seat_claim VALUES (:s, :seat, 'rival', 'PENDING')"),
                      {"s": screening, "seat": seats[0]})
        first = asking.submit(all_at_once, int(mesh.environment["MARQUEE_PORT"]), [copy])
        wait_until(lambda: snacks_left(mesh, cinema) == 0, what="the first to have the last popcorn")
        [second] = all_at_once(int(mesh.environment["MARQUEE_PORT"]), [copy])
        rival.rollback()

    assert (second.status, second.body["code"]) == (409, "request_in_progress")
    [bought] = first.result()
    assert bought.status == 200
    assert mesh.post("/order/buy", copy.token, copy.key, **copy.fields).json() == bought.body
    mesh.check_invariants()
    restock(mesh, staff, cinema, 200)


def test_an_unpaid_order_gives_its_snacks_back(mesh: Mesh, screening: str, cinema: str, seats: list[str]) -> None:
    before, token = snacks_left(mesh, cinema), mesh.buyer()
    late = buy(mesh, token, screening, seats[:1], (SKU, 2))
    dropped = buy(mesh, token, screening, seats[1:2], (SKU, 3))
    assert snacks_left(mesh, cinema) == before - 5

    make_late(mesh, late)
    assert mesh.post("/order/cancel", token, order_id=dropped["order_id"]).status_code == 200

    wait_until(lambda: snacks_left(mesh, cinema) == before, what="the snacks of both orders")
    wait_for_step(mesh, token, late, "released")
    mesh.check_invariants()


def test_an_order_room_that_dies_after_reserving_costs_no_popcorn(mesh: Mesh, screening: str, cinema: str,
                                                                  seats: list[str]) -> None:
    """The reservation of an order that was never written ends by itself; that of a written order does not."""
    before = snacks_left(mesh, cinema)
    living = buy(mesh, mesh.buyer(), screening, seats[:1], (SKU, 1))
    with mesh.engine("order").connect() as rival:
        # Somebody who writes a claim on the seat, and takes their time, keeps the order room between its two steps.
        rival.execute(text("INSERT INTO seat_claim VALUES (:s, :seat, 'rival', 'PENDING')"),
                      {"s": screening, "seat": seats[1]})
        wish = Request("/order/buy", mesh.buyer(), {"screening_id": screening, "seats": seats[1:2],
                                                    "snacks": [{"sku": SKU, "quantity": 4}]})
        asking = ThreadPoolExecutor(1).submit(all_at_once, int(mesh.environment["MARQUEE_PORT"]), [wish])
        wait_until(lambda: snacks_left(mesh, cinema) == before - 5, what="the reservation")
        mesh.kill("order")
        rival.rollback()
    assert asking.result()[0].status >= 500
    mesh.wait_ready()
    assert mesh.rows("order", "SELECT 1 FROM seat_claim WHERE screening_id = :s AND seat_id = :seat",
                     s=screening, seat=seats[1]) == []
    wait_until(lambda: mesh.rows("kitchen", "SELECT 1 FROM ticket WHERE order_id = :o AND confirmed",
                                 o=living["order_id"]), what="order.created to be heard")

    mesh.rows("kitchen", "UPDATE ticket SET until = UTC_TIMESTAMP(3) WHERE status = 'reserved'")  # eight minutes later

    wait_until(lambda: snacks_left(mesh, cinema) == before - 1, what="the reservation to end")
    mesh.check_invariants()


@at_full_size
def test_without_a_kitchen_seats_are_sold_and_snacks_are_not_and_refunds_of_these_wait(
    mesh: Mesh, screening: str, cinema: str, seats: list[str],
) -> None:
    hungry, snacks = bought_and_paid(mesh, screening, seats[2:3], (SKU, 1))
    with mesh.without("kitchen"):
        token = mesh.buyer()
        order = buy(mesh, token, screening, seats[:1])
        pay(mesh, token, order)
        reply = mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=seats[1:2],
                          snacks=[{"sku": SKU, "quantity": 1}])
        assert (reply.status_code, reply.json()["code"]) == (503, "room_unavailable")
        assert mesh.seats(screening)[seats[1]] == "free"
        back = mesh.post("/order/refund", hungry, "a-key", order_id=snacks["order_id"]).json()
        assert (back["status"], back["refunded"]) == ("refunding", snacks["seats"][0]["price"])
        assert refunds(mesh, snacks) == {"seats": (snacks["seats"][0]["price"], 0, "done")}
    assert info(mesh, token, order)["kitchen"] is None

    ask_again_now(mesh, snacks)
    wait_until(lambda: info(mesh, hungry, snacks)["status"] == "refunded", 120, "the refund of the snacks")
    assert info(mesh, hungry, snacks)["refunded"] == snacks["total"]
    mesh.check_invariants()


@at_full_size
def test_a_kitchen_that_hangs_costs_neither_seat_nor_popcorn(mesh: Mesh, screening: str, cinema: str,
                                                             seats: list[str]) -> None:
    """When it resumes, it reads a call that has expired."""
    before = snacks_left(mesh, cinema)
    with mesh.paused("kitchen"):
        reply = mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=seats[:1],
                          snacks=[{"sku": SKU, "quantity": 1}])
        assert (reply.status_code, reply.json()["code"]) == (504, "room_silent")
        assert mesh.seats(screening)[seats[0]] == "free"
        token = mesh.buyer()
        pay(mesh, token, buy(mesh, token, screening, seats[:1]))
    assert snacks_left(mesh, cinema) == before
    mesh.check_invariants()


def test_snacks_are_paid_back_with_the_seats_before_the_kitchen_begins(mesh: Mesh, screening: str, cinema: str,
                                                                       seats: list[str]) -> None:
    before = snacks_left(mesh, cinema)
    token, order = bought_and_paid(mesh, screening, seats[:2], (SKU, 2))
    worth = 2 * order["snacks"][0]["price"]

    part = mesh.post("/order/refund", token, order_id=order["order_id"], seats=seats[:1]).json()
    assert (part["status"], part["kitchen"]["status"]) == ("part_refunded", "new")
    preview = mesh.get("/order/refund_preview", token, order_id=order["order_id"]).json()
    assert preview["snacks"] == {"price": worth, "refund": worth}
    assert preview["amount"] == order["seats"][1]["price"] + worth
    whole = mesh.post("/order/refund", token, order_id=order["order_id"], amount=preview["amount"]).json()

    assert (whole["status"], whole["refunded"]) == ("refunded", order["total"])
    assert refunds(mesh, order)["snacks"] == (worth, 0, "done")
    assert snacks_left(mesh, cinema) == before
    wait_for_step(mesh, token, order, "given_up")
    mesh.check_invariants()


def test_snacks_are_not_paid_back_once_the_kitchen_has_begun(mesh: Mesh, screening: str, cinema: str,
                                                             seats: list[str], staff: str) -> None:
    before = snacks_left(mesh, cinema)
    token, order = bought_and_paid(mesh, screening, seats[:2], (SKU, 2))
    worth = 2 * order["snacks"][0]["price"]
    cook(mesh, staff, "start", order)
    wait_for_step(mesh, token, order, "preparing")

    preview = mesh.get("/order/refund_preview", token, order_id=order["order_id"]).json()
    assert (preview["snacks"], preview["kept"]) == ({"price": worth, "refund": 0}, worth)
    whole = mesh.post("/order/refund", token, order_id=order["order_id"]).json()

    assert (whole["status"], whole["refunded"]) == ("refunded", order["total"] - worth)
    assert refunds(mesh, order)["snacks"] == (0, worth, "done")
    assert snacks_left(mesh, cinema) == before - 2
    assert cook(mesh, staff, "finish", order)[1]["status"] == "ready"
    mesh.check_invariants()


@at_full_size
def test_a_cancelled_screening_refunds_snacks_even_if_they_are_cooked(mesh: Mesh, staff: str) -> None:
    screening = mesh.fresh_screening(40)
    seats = list(mesh.seats(screening))
    snack = sorted(menu(mesh, str(mesh.get("/film/get_hall_info", screening_id=screening).json()["screening"]["cinema"]
                                  ["cinema_id"])))[0]
    one, cooked = bought_and_paid(mesh, screening, seats[:1], (snack, 1))
    other, waiting = bought_and_paid(mesh, screening, seats[1:2], (snack, 1))
    cook(mesh, staff, "start", cooked)

    mesh.post("/order/cancel_screening", staff, screening_id=screening, dry_run=False, reason="broken")

    for token, order in ((one, cooked), (other, waiting)):
        wait_until(lambda t=token, o=order: info(mesh, t, o)["status"] == "refunded", 60, "the refund")  # type: ignore[misc]
        assert info(mesh, token, order)["refunded"] == order["total"]
    wait_for_step(mesh, other, waiting, "given_up")
    assert info(mesh, one, cooked)["kitchen"]["status"] == "preparing"
    mesh.check_invariants()


@at_full_size
def test_an_order_is_completed_when_the_film_is_over_and_the_popcorn_collected(mesh: Mesh, screening: str,
                                                                               seats: list[str], staff: str) -> None:
    token, order = bought_and_paid(mesh, screening, seats[:1], (SKU, 1))
    plain_token = mesh.buyer()
    plain = buy(mesh, plain_token, screening, seats[1:3])
    pay(mesh, plain_token, plain)
    mesh.post("/order/refund", plain_token, order_id=plain["order_id"], seats=seats[2:3])
    for each in (order, plain):
        mesh.rows("order", "UPDATE orders SET ends_at = UTC_TIMESTAMP(3) WHERE order_id = :o", o=each["order_id"])

    wait_until(lambda: info(mesh, plain_token, plain)["status"] == "completed", what="the order without snacks")
    assert info(mesh, token, order)["status"] == "paid"
    code = info(mesh, token, order)["kitchen"]["pick_up_code"]
    for step, fields in (("start", {}), ("finish", {}), ("hand_over", {"pick_up_code": code})):
        assert cook(mesh, staff, step, order, **fields)[0] == 200

    wait_until(lambda: info(mesh, token, order)["status"] == "completed", what="the order with snacks")
    reply = mesh.post("/order/refund", token, order_id=order["order_id"])
    assert (reply.status_code, reply.json()["code"]) == (409, "order_not_refundable")
    mesh.check_invariants()


@at_full_size
def test_an_order_with_uncollected_popcorn_is_completed_after_the_film(
    mesh: Mesh, screening: str, cinema: str, seats: list[str], staff: str,
) -> None:
    token, order = bought_and_paid(mesh, screening, seats[:1], (SKU, 1))
    other, cooked = bought_and_paid(mesh, screening, seats[1:2], (SKU, 1))
    cook(mesh, staff, "start", cooked)
    over = mesh.rows("kitchen", "SELECT ends_at FROM ticket WHERE order_id = :o", o=order["order_id"])[0].ends_at
    assert over == mesh.rows("order", "SELECT ends_at FROM orders WHERE order_id = :o", o=order["order_id"])[0].ends_at
    for each in (order, cooked):
        mesh.rows("order", "UPDATE orders SET ends_at = UTC_TIMESTAMP(3) WHERE order_id = :o", o=each["order_id"])
        mesh.rows("kitchen", "UPDATE ticket SET ends_at = UTC_TIMESTAMP(3) WHERE order_id = :o", o=each["order_id"])

    for who, each, status in ((token, order, "expired"), (other, cooked, "uncollected")):
        wait_for_step(mesh, who, each, status)
        wait_until(lambda w=who, e=each: info(mesh, w, e)["status"] == "completed", what="its end")  # type: ignore[misc]
        assert ticket_of(mesh, staff, each, cinema_id=cinema, status=status)["status"] == status
    assert cook(mesh, staff, "finish", cooked)[1]["step"] == "uncollected"
    mesh.check_invariants()


def test_the_queue_is_read_by_cinema_and_page(mesh: Mesh, screening: str, cinema: str, seats: list[str],
                                              staff: str) -> None:
    mine = {bought_and_paid(mesh, screening, [seat], (SKU, 1))[1]["order_id"] for seat in seats[:3]}
    read, cursor = list[str](), dict[str, str]()
    while True:
        page = mesh.get("/kitchen/get_queue", staff, cinema_id=cinema, limit=2, **cursor).json()
        read += [ticket["order_id"] for ticket in page["tickets"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert mine <= set(read)
    assert len(read) == len(set(read))
    assert mesh.get("/kitchen/get_queue", staff, cinema_id="nowhere").json()["tickets"] == []
    assert mesh.get("/kitchen/get_queue", staff, cursor="nothing").status_code == 422
