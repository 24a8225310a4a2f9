"""The e-mails that a buyer gets about an order, in a whole mesh."""

import html
import io
import secrets
from dataclasses import dataclass
from typing import Any

import pytest
import zxingcpp
from icalendar import Calendar
from PIL import Image

from operations.event_commands import subscriptions_of
from services.foundation.database import Transactions, make_engine
from services.notification.service import Notification
from services.order import store
from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import charge, expire, status_of
from tests.drivers.received_emails import ReceivedEmail, received_emails
from tests.drivers.wallets import user_of
from tests.integration.notification.addresses import give_address

at_full_size = pytest.mark.full_size("integration/notification/test_order_emails.py")


@dataclass
class Buyer:
    """A buyer with a confirmed address."""

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
    def emails(self) -> list[ReceivedEmail]:
        return received_emails(self.mesh.folder / "messages", self.email)

    def wait_for(self, count: int) -> list[ReceivedEmail]:
        return list(wait_until(lambda: len(emails := self.emails) >= count and emails, 60, f"{count} messages"))

    def wait_for_all(self) -> None:
        """Wait until no event or message of this buyer is on its way; those of others may wait for long."""
        mine = {"u": user_of(self.mesh, self.token)}
        wait_until(lambda: not self.mesh.rows(
            "order", "SELECT 1 FROM outbox JOIN orders ON about = order_id "
                     "WHERE buyer_id = :u AND published_at IS NULL LIMIT 1", **mine), 60, "the relay")
        queues = [each.queue_name for each in subscriptions_of(Notification)]
        wait_until(lambda: self.mesh.in_queues(*queues) == 0, 60, "the notification room")
        wait_until(lambda: not self.mesh.rows(
            "notification", "SELECT 1 FROM message WHERE buyer_id = :u AND status = 'waiting' LIMIT 1", **mine), 60,
            "the sender")


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


def test_the_e_mail_of_a_paid_order_has_all_that_a_visitor_needs_and_no_log_has_its_address(
        mesh: Mesh, buyer: Buyer, screening: str, seats: list[str]) -> None:
    order = buyer.buy(screening, seats[:2], "cola")
    codes = [ticket["code"] for ticket in buyer.ask("pay", order_id=order["order_id"], method="sandbox")["tickets"]]

    [email] = buyer.wait_for(1)

    info = mesh.get("/order/get_info", buyer.token, order_id=order["order_id"]).json()
    show = info["screening"]
    assert email.message["From"] == "Marquee <tickets@localhost>"
    assert show["film_title"] in email.subject
    for part in (email.text, html.unescape(email.page)):
        for fact in (show["film_title"], show["cinema_name"], show["hall_name"], show["starts_at"][11:16],
                     str(int(show["starts_at"][8:10])), ", ".join(seats[:2]), f"{order['total'] / 100:.2f}",
                     f"{mesh.url}/order/{order['order_id']}"):
            assert fact in part
        assert info["kitchen"]["pick_up_code"] in part
        assert mesh.get("/film/get_screening", screening_id=screening).json()["screening"]["cinema"]["address"] in part
    assert [code for code in codes if code in email.text] == codes
    pictures = [part.get_content() for part in email.message.walk() if part.get_content_type() == "image/png"]
    assert [zxingcpp.read_barcode(Image.open(io.BytesIO(picture))).text for picture in pictures] == codes
    [attached] = email.message.iter_attachments()
    assert Calendar.from_ical(attached.get_content()).events[0]["uid"] == f"{order['order_id']}@marquee"
    assert "Hello Ada <b>Lovelace</b>," in email.text
    assert "Hello Ada &lt;b&gt;Lovelace&lt;/b&gt;," in email.page
    [event] = mesh.rows("order", "SELECT event_id FROM outbox WHERE about = :o AND type = 'order.paid'",
                        o=order["order_id"])
    assert email.event_id == event.event_id
    assert email.path.name.endswith(f"-{event.event_id}.eml")
    assert "message sent" in mesh.log("notification")
    logs = "".join(mesh.log(room) for room in ("notification", "user", "order", "gateway"))
    assert buyer.email not in logs
    assert not [code for code in codes if code in logs]


@pytest.mark.full_size("integration/notification/test_order_emails.py")
def test_refunded_seats_have_an_e_mail_each_and_the_whole_order_one_when_its_money_is_back(
    mesh: Mesh, buyer: Buyer, screening: str, seats: list[str],
) -> None:
    order = buyer.buy(screening, seats[:3])
    prices = {seat["seat_id"]: seat["price"] for seat in order["seats"]}
    buyer.ask("pay", order_id=order["order_id"], method="sandbox")
    buyer.ask("refund", order_id=order["order_id"], seats=[seats[1]])
    buyer.ask("refund", order_id=order["order_id"])

    buyer.wait_for(3)
    buyer.wait_for_all()
    _, part, whole = buyer.emails

    assert f"Seats: {seats[1]}\n" in part.text
    assert f"Still yours: {seats[0]}, {seats[2]}\n" in part.text
    assert f"{prices[seats[1]] / 100:.2f}" in part.text
    assert "has gone back" in whole.subject
    assert f"Seats: {seats[0]}, {seats[2]}\n" in whole.text
    assert f"Given back: €{(prices[seats[0]] + prices[seats[2]]) / 100:.2f}\n" in whole.text
    assert f"Given back in all: €{order['total'] / 100:.2f}\n" in whole.text
    assert "/order/" + order["order_id"] in whole.text


@pytest.mark.full_size("integration/notification/test_order_emails.py")
def test_a_cancelled_unpaid_order_has_one_e_mail(mesh: Mesh, buyer: Buyer, screening: str, seats: list[str]) -> None:
    order = buyer.buy(screening, seats[:1])
    buyer.ask("cancel", order_id=order["order_id"])

    [email] = buyer.wait_for(1)
    buyer.wait_for_all()

    assert len(buyer.emails) == 1
    assert "is cancelled" in email.subject
    assert "nothing is owed" in email.text


@at_full_size
def test_a_cancelled_screening_has_e_mails_to_paid_and_unpaid_orders(mesh: Mesh, buyer: Buyer) -> None:
    screening = mesh.fresh_screening(40)
    seats = list(mesh.seats(screening))
    paid, unpaid = buyer.buy(screening, seats[:3], "cola"), buyer.buy(screening, seats[3:4])
    buyer.ask("pay", order_id=paid["order_id"], method="sandbox")
    buyer.ask("refund", order_id=paid["order_id"], seats=seats[:1])
    buyer.wait_for(2)

    mesh.post("/order/cancel_screening", mesh.staff(), screening_id=screening, dry_run=False, reason="broken")
    buyer.wait_for(4)
    buyer.wait_for_all()

    emails = {email.text.partition("/order/")[2].split()[0]: email for email in buyer.emails[2:]}
    assert len(buyer.emails) == 4
    assert emails[unpaid["order_id"]].subject.startswith("Cancelled: ")
    assert "nothing is owed" in emails[unpaid["order_id"]].text
    assert f"Seats: {', '.join(seats[1:3])}\n" in emails[paid["order_id"]].text
    left = sum(seat["price"] for seat in paid["seats"][1:]) + paid["snacks"][0]["price"]
    assert f"Snacks: 1 × {paid['snacks'][0]['name']}\n" in emails[paid["order_id"]].text
    assert f"Given back: €{left / 100:.2f}" in emails[paid["order_id"]].text
    wait_until(lambda: mesh.get("/order/get_info", buyer.token, order_id=paid["order_id"]).json()["refunded"]
               == paid["total"], 60, "the money for the snacks")


@at_full_size
def test_late_money_revives_an_order_or_goes_back_with_one_e_mail(mesh: Mesh, buyer: Buyer, screening: str,
                                                                  seats: list[str]) -> None:
    """It goes back when somebody else has the seats."""
    revived, given_back = buyer.buy(screening, seats[:1]), buyer.buy(screening, seats[1:2])
    for order in (revived, given_back):
        expire(mesh, order)
    wait_until(lambda: {status_of(mesh, order) for order in (revived, given_back)} == {"expired"}, 60, "their end")
    assert mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=seats[1:2]).status_code == 200
    for order in (revived, given_back):
        charge(mesh, order)

    buyer.wait_for(2)
    wait_until(lambda: mesh.rows("order", "SELECT 1 FROM refund WHERE order_id = :o AND status = 'done'",
                                 o=given_back["order_id"]), 60, "the money's way back")
    buyer.wait_for_all()

    emails = {email.text.partition("/order/")[2].split()[0]: email for email in buyer.emails}
    assert (len(buyer.emails), set(emails)) == (2, {revived["order_id"], given_back["order_id"]})
    assert "yours after all" in emails[revived["order_id"]].text
    assert "goes back to you" in emails[given_back["order_id"]].subject
    assert f"{given_back['total'] / 100:.2f}" in emails[given_back["order_id"]].text


def test_an_expired_order_and_a_refused_one_have_no_e_mail(mesh: Mesh, buyer: Buyer, screening: str,
                                                           seats: list[str]) -> None:
    order = buyer.buy(screening, seats[:1])
    lost = mesh.post("/order/buy", buyer.token, screening_id=screening, seats=seats[:2])
    assert lost.status_code == 409
    expire(mesh, str(order["order_id"]))
    wait_until(lambda: mesh.rows("order", "SELECT 1 FROM outbox WHERE about = :o AND type = 'order.expired'",
                                 o=order["order_id"]), 60, "the order's end")
    buyer.wait_for_all()
    assert buyer.emails == []


def test_a_rolled_back_change_has_no_e_mail(mesh: Mesh, buyer: Buyer, screening: str, seats: list[str]) -> None:
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
    buyer.wait_for_all()
    assert [email.subject.partition(" ")[2][:7] for email in buyer.emails] == ["tickets"]


@at_full_size
def test_a_buyer_without_an_address_has_a_file_for_each_message(mesh: Mesh, screening: str, seats: list[str]) -> None:
    silent = Buyer(mesh, mesh.buyer(), "undisclosed-recipients:;")
    paid, dropped = silent.buy(screening, seats[:1]), silent.buy(screening, seats[1:2])
    silent.ask("pay", order_id=paid["order_id"], method="sandbox")
    silent.ask("cancel", order_id=dropped["order_id"])
    silent.ask("refund", order_id=paid["order_id"])

    def subjects(order: dict[str, Any]) -> list[str]:
        return [email.subject for email in silent.emails if f"/order/{order['order_id']}" in email.text]

    wait_until(lambda: len(subjects(paid)) >= 2 and subjects(dropped), 60, "the messages")
    silent.wait_for_all()
    assert [subject.partition(" for ")[0] for subject in subjects(paid)] == ["Your tickets", "Your money"]
    assert ["is cancelled" in subject for subject in subjects(dropped)] == [True]
