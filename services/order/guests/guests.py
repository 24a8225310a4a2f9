"""Guests: what they pay with, where their tickets are mailed, and who has their orders once they sign in."""

import datetime as dt
from dataclasses import dataclass
from functools import partial

from sqlalchemy.exc import IntegrityError

from schemas import user
from schemas.errors import Busy, FieldsInvalid
from services.foundation.database import Transactions
from services.foundation.rpc.calls import Principal
from services.foundation.rpc.client import RemoteCaller
from services.foundation.rpc.idempotency import IdempotencyKey
from services.order import rules
from services.order import store as order_store
from services.order.guests import store
from services.order.paying.payments import PaymentChoice

ADDRESS_KEPT = dt.timedelta(days=30)   # after the film, for a refund and questions
ATTEMPTS = 5


@dataclass(frozen=True)
class Guests:
    """What the order room does for guests besides what it does for every buyer."""

    database: Transactions
    remote: RemoteCaller

    def prepare_payment(self, key: IdempotencyKey, buyer: Principal, order_id: str, choice: PaymentChoice) -> None:
        """Check what a guest, or a member, pays with; keep the address and language that a guest gives, once per key.

        Raises MembersOnly, FieldsInvalid, KeyReused, UnknownOrder, and RoomUnavailable while the address can't be kept.
        """
        if not buyer.is_guest:
            if choice.email is not None:
                raise FieldsInvalid(fields={"email": ["Only of a guest: your account has an address of its own."]})
            return
        rules.check_payment_of_guest(choice.method, choice.card_id, choice.save_card)
        if choice.email is not None and key.stored_reply(self.database) is None:
            view = self.database.read(lambda tx: order_store.find(tx, order_id, str(buyer.user_id)))
            until = view.row.ends_at + ADDRESS_KEPT
            language = {"language": choice.language} if choice.language else {}
            self.remote.call(user.KEEP_GUEST_ADDRESS, {"email": choice.email, "until": until.isoformat(), **language})

    def adopt(self, guest_id: str, user_id: str) -> None:
        """Make all orders of a guest an account's; repeating it changes nothing. Raises Busy if it is to be repeated.
        """
        self.database.run_repeatable(lambda tx: store.mark_adopted(tx, guest_id, user_id))
        for order_id in self.database.read(lambda tx: store.orders_of(tx, guest_id)):
            self._adopt(order_id, guest_id, user_id)

    def _adopt(self, order_id: str, guest_id: str, user_id: str) -> None:
        for _ in range(ATTEMPTS):
            try:
                self.database.run_repeatable(
                    partial(store.adopt, order_id=order_id, guest_id=guest_id, user_id=user_id))
            except IntegrityError:  # the account has bought meanwhile
                continue
            return
        raise Busy(retry_after=1)
