"""Refunds of card payments into wallets, while Stripe tells of money that went back without us."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from schemas import wallet
from schemas.base import Method
from schemas.errors import RoomUnavailable
from services.foundation.database import Transactions
from services.foundation.ids import new_id
from services.payment.reconciling.review import Review
from tests.drivers.checkout_page import PRICE
from tests.drivers.stripe_server import Stripe
from tests.integration.payment.stripe_webhooks import send

pytestmark = pytest.mark.usefixtures("empty_books")


@dataclass
class WalletRoom:
    """A wallet room that takes credits, once per source, unless it is `down`."""

    down: bool = False
    credits: dict[str, int] = field(default_factory=dict)

    def call(self, method: Method, fields: dict[str, Any]) -> Any:
        if self.down:
            raise RoomUnavailable(room="wallet")
        if method is wallet.CREDIT:
            self.credits[fields["source_id"]] = fields["amount"]
        elif fields["source_id"] not in self.credits:
            raise wallet.UnknownTransfer()
        return fields


@pytest.fixture
def wallets() -> WalletRoom:
    return WalletRoom()


@pytest.fixture
def room(server: Stripe, open_room: Callable[[], Any], wallets: WalletRoom) -> Any:
    """The payment room with Stripe and a wallet room."""
    opened = open_room()
    opened.remote = wallets
    return opened


@pytest.fixture
def wanted(order_id: str) -> dict[str, Any]:
    return {"refund_id": new_id(), "order_id": order_id, "amount": PRICE, "currency": "EUR", "credit_to": "ada"}


def test_a_waiting_refund_that_was_made_by_hand_goes_into_no_wallet(
        room: Any, server: Stripe, paid: str, wallets: WalletRoom, wanted: dict[str, Any],
        database: Transactions) -> None:
    wallets.down = True
    with pytest.raises(RoomUnavailable):
        room.refund(**wanted)
    server.refund_by_hand(paid, PRICE)  # no message of it has come yet
    wallets.down = False
    database.run(lambda tx: tx.execute(text("UPDATE refund SET tried_at = tried_at - INTERVAL 1 HOUR")))
    room.finish_stale_work()

    assert wallets.credits == {}
    assert room.refund(**wanted)["status"] == "done"
    assert wallets.credits == {}


def test_the_covered_part_of_a_refund_goes_into_the_wallet_after_the_dispute_is_won(
        room: Any, server: Stripe, paid: str, wallets: WalletRoom, wanted: dict[str, Any], review: Review) -> None:
    dispute = server.dispute(paid, 800)
    send(room, "charge.dispute.created", dispute)
    room.process_webhooks()
    room.refund(**wanted)
    assert list(wallets.credits.values()) == [400]
    dispute["status"] = "won"
    send(room, "charge.dispute.closed", dispute)
    room.process_webhooks()

    [case] = review.cases()
    review.decide(case, "retry", "ada", "the bank said so")

    assert sorted(wallets.credits.values()) == [400, 800]
    assert server.all_refunds == {}
