"""Every room purges what is too old until nothing is left of it, however much that is."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import nameko
import pytest
from nameko.testing.services import worker_factory
from sqlalchemy import text

from services.foundation import purging
from services.foundation.database import Transactions, make_engine
from services.foundation.events.relay import Relay
from services.foundation.events.settings import event_settings
from services.kitchen.service import Kitchen
from services.loyalty.service import Loyalty
from services.notification.delivery.folder import FolderChannel
from services.notification.service import Notification
from services.notification.settings import load as notification_settings
from services.order.models import OUTBOX
from services.order.service import Order
from services.payment.service import Payment
from services.payment.settings import load as payment_settings
from services.user.service import User
from services.user.settings import load as user_settings
from services.wallet.service import Wallet
from testbed.mesh import Mesh

MANY = 2_300   # more than two transactions delete
OLD = "NOW() - INTERVAL 500 DAY"
KEY = f"(principal, method, idempotency_key, request_digest, reply, answered_at) SELECT 'old', 'm', seq, '', '', {OLD}"
INBOX = f"(consumer, event_id, taken_at) SELECT 'old', seq, {OLD}"
ROOMS = {"user": User, "kitchen": Kitchen, "loyalty": Loyalty, "notification": Notification, "order": Order,
         "payment": Payment, "wallet": Wallet}


@dataclass(frozen=True)
class Old:
    """Rows that are too old: `insert` adds MANY of them, and `which` finds them."""

    room: str
    table: str
    insert: str
    which: str


KEYED = [Old(room, "idempotency_key", KEY, "principal = 'old'")
         for room in ("user", "kitchen", "loyalty", "order", "wallet")]
TAKEN = [Old(room, "inbox", INBOX, "consumer = 'old'") for room in ("kitchen", "notification", "wallet")]
OTHERS = [
    Old("user", "token", "(token_id, user_id, issued_at, expires_at) SELECT CONCAT('old', seq), (SELECT MIN(user_id) "
                         f"FROM user), {OLD}, {OLD}", "token_id LIKE 'old%'"),
    Old("user", "confirmation", "(token_id, user_id, email, expires_at) SELECT CONCAT('old', seq), "
                                f"(SELECT MIN(user_id) FROM user), '', {OLD}", "token_id LIKE 'old%'"),
    Old("kitchen", "ticket", "(order_id, cinema_id, status, version, confirmed, until) "
                             f"SELECT CONCAT('old', seq), 'c', 'released', 1, seq % 2, {OLD}", "order_id LIKE 'old%'"),
    Old("notification", "message", "(message_id, event_id, kind, buyer_id, facts, occurred_at, status, tries, due_at, "
                                   f"changed_at) SELECT CONCAT('old', seq), '', '', '', '', {OLD}, 'sent', 1, {OLD}, "
                                   f"{OLD}", "message_id LIKE 'old%'"),
    Old("order", "board_epoch", f"(screening_id, epoch, ends_at) SELECT CONCAT('old', seq), 1, {OLD}",
        "screening_id LIKE 'old%'"),
    Old("payment", "webhook_inbox", "(provider, event_id, type, received_at, due_at, tries, handled_at) "
                                    f"SELECT 'old', seq, '', {OLD}, {OLD}, 1, {OLD}", "provider = 'old'"),
    Old("payment", "sandbox_webhook", "(event_id, payment_id, type, created_at, copies, tries) "
                                      f"SELECT CONCAT('old', seq), '', '', {OLD}, 1, 1", "event_id LIKE 'old%'"),
]


@pytest.fixture
def settings(ground: Mesh, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(purging.eventlet, "sleep", lambda _: None)
    with nameko.config.patch(ground.settings, clear=True):
        yield


def make_room(mesh: Mesh, room: str) -> Any:
    """The room's class on the tables of the mesh; a transaction of it never deletes more than a thousand rows."""
    database = Bounded(make_engine(mesh.settings["DB_URIS"][f"{room}:Base"]))
    loads = {"user": user_settings, "notification": notification_settings, "payment": payment_settings}
    more: dict[str, Any] = {"settings": loads[room](nameko.config)} if room in loads else {}
    if room == "notification":
        more["email_delivery"] = SimpleNamespace(channel=FolderChannel(mesh.folder / "messages"))
    return worker_factory(ROOMS[room], database=database, is_stopping=lambda: False, **more)


class Bounded(Transactions):
    """Fails if a purge deletes more than a thousand rows in one transaction."""

    def run(self, work: Any) -> Any:
        gone = super().run(work)
        assert gone <= 1000
        return gone


@pytest.mark.parametrize("old", KEYED + TAKEN + OTHERS, ids=lambda old: f"{old.room}.{old.table}")
def test_a_room_purges_until_nothing_old_is_left(mesh: Mesh, settings: None, old: Old) -> None:
    if old.room == "user":
        mesh.buyer()
    with mesh.engine(old.room).begin() as tx:
        tx.execute(text(f"INSERT INTO {old.table} {old.insert} FROM seq_1_to_{MANY}"))
    room = make_room(mesh, old.room)

    room.purge() if old.room != "wallet" else room.tidy_up()

    assert mesh.rows(old.room, f"SELECT COUNT(*) AS n FROM {old.table} WHERE {old.which}")[0].n == 0


def test_a_relay_purges_until_no_published_event_is_left_that_is_too_old(mesh: Mesh, settings: None) -> None:
    with mesh.engine("order").begin() as tx:
        tx.execute(text("INSERT INTO outbox (event_id, type, version, about, sequence, occurred_at, trace, body, "
                        f"published_at) SELECT CONCAT('old', seq), 't', 1, CONCAT('old', seq), 1, {OLD}, '', '', {OLD} "
                        f"FROM seq_1_to_{MANY}"))
    relay = Relay(OUTBOX)
    relay._database, relay._settings = Bounded(mesh.engine("order")), event_settings()

    assert relay.purge() >= MANY

    assert mesh.rows("order", "SELECT COUNT(*) AS n FROM outbox WHERE event_id LIKE 'old%'")[0].n == 0
