"""What a buyer finds in the post after each turn that an order takes, in a whole mesh."""

import html
import secrets
from dataclasses import dataclass
from typing import Any

import pytest

from operations.event_commands import subscriptions_of
from services.foundation.database import Transactions, make_engine
from services.notification.service import Notification
from services.order import store
from testbed.mesh import Mesh, wait_until
from tests.integration.notification.addresses import give_address
from tests.integration.notification.received_emails import ReceivedEmail, received_emails
from tests.integration.order.test_orders import charge, make_late


@dataclass
class Buyer:
    mesh: Mesh
    token: str
    email: str

    def buy(self, screening: str, seats: list[str], *snacks: str) -> dict[str, Any]:
        wanted = [{"sku": sku, "quantity": 1} for sku in snacks]
        return self.ask("buy", screening_id=screening, seats=seats, snacks=wanted)

    def ask(self, method: str, /, **fields: Any) -> dict[str, Any]:
        reply = self.mesh.post(f"/order/{method}", self.token, **fields)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    @property
    def post(self) -> list[ReceivedEmail]:
        return received_emails(self.mesh.folder / "messages", self.email)

    def wait_for(self, count: int) -> list[ReceivedEmail]:
        return list(wait_until(lambda: len(self.post) >= count and self.post, 20, f"{count} messages"))


@pytest.fixture
def buyer(mesh: Mesh) -> Buyer:
    token, email = mesh.buyer(), f"ada.{secrets.token_hex(4)}@cinema.example"
    give_address(mesh, token, email, "Ada <b>Lovelace</b>")
    return Buyer(mesh, token, email)


@pytest.fixture(scope="module")
def screening(mesh: Mesh) -> str:
    return mesh.fresh_screening(180)


@pytest.fixture
def seats(mesh: Mesh, screening: str) -> list[str]:
    return [seat for seat, state in mesh.seats(screening).items() if state == "free"]


def rest(mesh: Mesh) -> None:
    """Until nothing is on its way to anyone."""
    wait_until(lambda: not mesh.rows("order", "SELECT 1 FROM outbox WHERE published_at IS NULL LIMIT 1"), 20,
               "the relay")
    queues = [each.queue_name for each in subscriptions_of(Notification)]
    wait_until(lambda: mesh.in_queues(*queues) == 0, 20, "the notification room")
    wait_until(lambda: not mesh.rows("notification", "SELECT 1 FROM message WHERE status = 'waiting' LIMIT 1"), 20,
               "the post")


def test_a_paid_order_is_told_with_all_that_a_visitor_needs(mesh: Mesh, buyer: Buyer, screening: str,
                                                            seats: list[str]) -> None:
    order = buyer.buy(screening, seats[:2])
    tickets = buyer.ask("pay", order_id=order["order_id"], method="sandbox")["tickets"]

    [letter] = buyer.wait_for(1)

    info = mesh.get("/order/get_info", buyer.token, order_id=order["order_id"]).json()
    show = info["screening"]
    assert letter.message["From"] == "Marquee <tickets@localhost>"
    assert show["film_title"] in letter.subject
    for part in (letter.text, html.unescape(letter.page)):
        for fact in (show["film_title"], show["cinema_name"], show["hall_name"], show["starts_at"][11:16],
                     str(int(show["starts_at"][8:10])), ", ".join(seats[:2]), f"{order['total'] / 100:.2f}",
                     f"{mesh.url}/order/{order['order_id']}"):
            assert fact in part
        assert not [ticket for ticket in tickets if ticket["code"] in part]
    assert "Hello Ada <b>Lovelace</b>," in letter.text
    assert "Hello Ada &lt;b&gt;Lovelace&lt;/b&gt;," in letter.page
    [event] = mesh.rows("order", "SELECT event_id FROM outbox WHERE about = :o AND type = 'order.paid'",
                        o=order["order_id"])
    assert letter.event_id == event.event_id
    assert letter.path.name.endswith(f"-{event.event_id}.eml")


def test_seats_given_back_are_told_one_by_one_and_the_whole_order_when_its_money_is_back(
    mesh: Mesh, buyer: Buyer, screening: str, seats: list[str],
) -> None:
    order = buyer.buy(screening, seats[:3])
    prices = {seat["seat_id"]: seat["price"] for seat in order["seats"]}
    buyer.ask("pay", order_id=order["order_id"], method="sandbox")
    buyer.ask("refund", order_id=order["order_id"], seats=[seats[1]])
    buyer.ask("refund", order_id=order["order_id"])

    buyer.wait_for(3)
    rest(mesh)
    _, part, whole = buyer.post

    assert f"Seats: {seats[1]}\n" in part.text
    assert f"Still yours: {seats[0]}, {seats[2]}\n" in part.text
    assert f"{prices[seats[1]] / 100:.2f}" in part.text
    assert "has gone back" in whole.subject
    assert f"{order['total'] / 100:.2f}" in whole.text
    assert "/order/" + order["order_id"] in whole.text


def test_an_order_cancelled_unpaid_is_told_once(mesh: Mesh, buyer: Buyer, screening: str, seats: list[str]) -> None:
    order = buyer.buy(screening, seats[:1])
    buyer.ask("cancel", order_id=order["order_id"])

    [letter] = buyer.wait_for(1)
    rest(mesh)

    assert len(buyer.post) == 1
    assert "is cancelled" in letter.subject
    assert "nothing is owed" in letter.text


def test_a_cancelled_screening_is_told_to_those_who_paid_and_those_who_had_not(mesh: Mesh, buyer: Buyer) -> None:
    screening = mesh.fresh_screening(40)
    seats = list(mesh.seats(screening))
    paid, unpaid = buyer.buy(screening, seats[:3], "cola"), buyer.buy(screening, seats[3:4])
    buyer.ask("pay", order_id=paid["order_id"], method="sandbox")
    buyer.ask("refund", order_id=paid["order_id"], seats=seats[:1])
    buyer.wait_for(2)

    mesh.post("/order/cancel_screening", mesh.staff(), screening_id=screening, dry_run=False)
    buyer.wait_for(4)
    rest(mesh)

    told = {letter.text.partition("/order/")[2].split()[0]: letter for letter in buyer.post[2:]}
    assert len(buyer.post) == 4
    assert told[unpaid["order_id"]].subject.startswith("Cancelled: ")
    assert "nothing is owed" in told[unpaid["order_id"]].text
    assert f"Seats: {', '.join(seats[1:3])}\n" in told[paid["order_id"]].text
    left = sum(seat["price"] for seat in paid["seats"][1:]) + paid["snacks"][0]["price"]
    assert f"Snacks: 1 × {paid['snacks'][0]['name']}\n" in told[paid["order_id"]].text
    assert f"Given back: €{left / 100:.2f}" in told[paid["order_id"]].text
    wait_until(lambda: mesh.get("/order/get_info", buyer.token, order_id=paid["order_id"]).json()["refunded"]
               == paid["total"], 20, "the money for the snacks")


def expired(mesh: Mesh, order: dict[str, Any]) -> None:
    """The time to pay for it is over."""
    make_late(mesh, str(order["order_id"]))
    wait_until(lambda: mesh.rows("order", "SELECT 1 FROM orders WHERE order_id = :o AND status = 'expired'",
                                 o=order["order_id"]), 30, "the order's end")


def test_an_order_revived_by_a_late_payment_is_told_as_that(mesh: Mesh, buyer: Buyer, screening: str,
                                                            seats: list[str]) -> None:
    order = buyer.buy(screening, seats[:1])
    expired(mesh, order)
    charge(mesh, order)

    [letter] = buyer.wait_for(1)
    rest(mesh)

    assert len(buyer.post) == 1
    assert "yours after all" in letter.text


def test_a_payment_that_came_too_late_goes_back_and_the_buyer_is_told(mesh: Mesh, buyer: Buyer, screening: str,
                                                                     seats: list[str]) -> None:
    order = buyer.buy(screening, seats[:1])
    expired(mesh, order)
    assert mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=seats[:1]).status_code == 200
    charge(mesh, order)

    [letter] = buyer.wait_for(1)
    wait_until(lambda: mesh.rows("order", "SELECT 1 FROM refund WHERE order_id = :o AND status = 'done'",
                                 o=order["order_id"]), 60, "the money's way back")
    rest(mesh)

    assert len(buyer.post) == 1
    assert "goes back to you" in letter.subject
    assert f"{order['total'] / 100:.2f}" in letter.text
    mesh.check_invariants()


def test_an_order_that_expired_and_one_that_never_came_to_be_are_not_told(mesh: Mesh, buyer: Buyer, screening: str,
                                                                          seats: list[str]) -> None:
    order = buyer.buy(screening, seats[:1])
    lost = mesh.post("/order/buy", buyer.token, screening_id=screening, seats=seats[:2])
    assert lost.status_code == 409
    make_late(mesh, str(order["order_id"]))
    wait_until(lambda: mesh.rows("order", "SELECT 1 FROM outbox WHERE about = :o AND type = 'order.expired'",
                                 o=order["order_id"]), 30, "the order's end")
    rest(mesh)
    assert buyer.post == []


def test_what_was_rolled_back_is_never_told(mesh: Mesh, buyer: Buyer, screening: str, seats: list[str]) -> None:
    order_id = str(buyer.buy(screening, seats[:1])["order_id"])

    def cancel_and_fail(tx: Any) -> None:
        store.end_unpaid(tx, store.lock(tx, order_id), "cancelled", "asked")
        raise ZeroDivisionError

    engine = make_engine(mesh.settings["DB_URIS"]["order:Base"])
    with pytest.raises(ZeroDivisionError):
        Transactions(engine).run(cancel_and_fail)
    engine.dispose()
    buyer.ask("pay", order_id=order_id, method="sandbox")
    buyer.wait_for(1)
    rest(mesh)
    assert [letter.subject.partition(" ")[2][:7] for letter in buyer.post] == ["tickets"]


def test_who_gave_no_address_has_a_file_for_every_turn_all_the_same(mesh: Mesh, screening: str,
                                                                    seats: list[str]) -> None:
    silent = Buyer(mesh, mesh.buyer(), "undisclosed-recipients:;")
    paid, dropped = silent.buy(screening, seats[:1]), silent.buy(screening, seats[1:2])
    silent.ask("pay", order_id=paid["order_id"], method="sandbox")
    silent.ask("cancel", order_id=dropped["order_id"])
    silent.ask("refund", order_id=paid["order_id"])

    def told(order: dict[str, Any]) -> list[str]:
        return [letter.subject for letter in silent.post if f"/order/{order['order_id']}" in letter.text]

    wait_until(lambda: len(told(paid)) >= 2 and told(dropped), 20, "the messages")
    rest(mesh)
    assert [subject.partition(" for ")[0] for subject in told(paid)] == ["Your tickets", "Your money"]
    assert ["is cancelled" in subject for subject in told(dropped)] == [True]


def test_no_address_is_in_a_log(mesh: Mesh, buyer: Buyer, screening: str, seats: list[str]) -> None:
    order = buyer.buy(screening, seats[:1])
    buyer.ask("pay", order_id=order["order_id"], method="sandbox")
    buyer.wait_for(1)
    assert "message sent" in mesh.log("notification")
    assert buyer.email not in "".join(mesh.log(room) for room in ("notification", "user", "order", "gateway"))
