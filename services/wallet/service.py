"""The wallet room: members' money, which pays for orders and takes refunds, rewards and redeemed points."""

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from typing import Any

from nameko import config

from schemas import loyalty, user
from schemas import wallet as contract
from schemas.errors import Forbidden
from schemas.roles import cinemas_of
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database, utc_now
from services.foundation.events import inbox
from services.foundation.events.consumers import Delivery, on_event
from services.foundation.events.operations import write_operation
from services.foundation.events.relay import Relay
from services.foundation.purging import purge
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.rpc.client import Remote
from services.foundation.rpc.idempotency import IdempotencyKey, delete_old_replies
from services.foundation.settings import RoomSettings
from services.foundation.timers import StopSignal, every
from services.wallet import ledger, rules, store
from services.wallet.models import INBOX, KEYS, OUTBOX, Base
from services.wallet.settings import WalletSection

log = logging.getLogger("marquee.wallet")
Fields = dict[str, Any]


class Wallet:
    """Keeps members' money by double entry, and moves it once per source."""

    name = "wallet"

    principal = PrincipalProvider()
    database = Database(Base)
    relay = Relay(OUTBOX)
    remote = Remote()
    settings = RoomSettings(WalletSection)
    is_stopping = StopSignal()
    presence = Presence()

    # --- for members ---

    @call(contract.GET_BALANCE)
    def get_balance(self, request: Fields) -> list[Any]:
        """The caller's money, by currency, in minor units."""
        user_id = str(self.principal.user_id)
        return [row._mapping for row in self.database.read(lambda tx: store.balances(tx, user_id))]

    @call(contract.GET_ENTRIES)
    def get_entries(self, request: Fields) -> Fields:
        """How money came into the caller's wallet and went, the newest first; `next_cursor` asks for the rest."""
        user_id, limit = str(self.principal.user_id), request["limit"]
        found = self.database.read(lambda tx: store.transfers_of(tx, user_id, request.get("cursor"), limit + 1))
        entries = [{**row._mapping, "entry_id": row.transfer_id, "kind": row.source_type} for row in found[:limit]]
        return {"entries": entries, "server_time": utc_now(),
                "next_cursor": entries[-1]["entry_id"] if len(found) > limit else None}

    # --- for managers ---

    @call(contract.ADJUST)
    def adjust(self, request: Fields) -> Fields:
        """Put money into a member's wallet, or take it out (a negative `amount`, in minor units).

        A wallet is the house's matter, so Forbidden is raised for managers of single cinemas. Raises InsufficientFunds,
        and UnknownUser unless the user room knows the account as one that is in use.
        """
        if cinemas_of(self.principal.roles, "manager") is not None:
            raise Forbidden()
        rules.check_adjustment(request["amount"])
        wanted = {"currency": self.settings.currency, **request}
        key = IdempotencyKey(KEYS, self.principal, contract.ADJUST, request, always=True)
        if answered := key.stored_reply(self.database):
            return answered
        found = self.remote.call(user.GET_USERS, {"user_ids": [request["user_id"]]}, caller=None)["users"]
        if not found or found[0]["removed_at"] is not None:
            raise user.UnknownUser()
        return key.run_once(self.database, lambda tx: self._adjust(tx, **wanted))

    def _adjust(self, tx: Any, user_id: str, amount: int, currency: str, reason: str) -> Fields:
        adjustment_id = ledger.adjust(tx, user_id, amount, currency, reason)
        [after] = [row._mapping for row in store.balances(tx, user_id) if row.currency == currency]
        money = {"amount": -amount, "currency": currency, "source_id": adjustment_id}  # as the house sees it
        write_operation(tx, OUTBOX, contract.OPERATED, self.principal, contract.ADJUST, about=user_id, reason=reason,
                        before={"currency": currency, "posted": after["posted"] - amount},
                        after={"currency": currency, "posted": after["posted"]}, money=money)
        return {**after, "adjustment_id": adjustment_id, "amount": amount}

    # --- for the payment room ---

    @call(contract.CREDIT)
    def credit(self, request: Fields) -> Fields:
        """Book money that comes into a wallet. A repeated call gets the first answer."""
        return self._move(ledger.credit, request)

    @call(contract.RESERVE)
    def reserve(self, request: Fields) -> Fields:
        """Set money aside, or raise InsufficientFunds. A repeated call gets the reservation as it is by then."""
        return self._move(ledger.reserve, request)

    @call(contract.CAPTURE)
    def capture(self, request: Fields) -> Fields:
        """Take reserved money, unless it was released: see `status`."""
        return self._move(ledger.capture, request)

    @call(contract.RELEASE)
    def release(self, request: Fields) -> Fields:
        """Give reserved money back to its wallet, unless it was captured: see `status`."""
        return self._move(ledger.release, request)

    @call(contract.GET_RESERVATION)
    def get_reservation(self, request: Fields) -> Fields:
        """What became of a reservation."""
        return self._find(store.reservation, request)

    @call(contract.GET_CREDIT)
    def get_credit(self, request: Fields) -> Fields:
        """What was credited for a source."""
        return self._find(store.credit, request)

    @call(contract.GET_RESERVATIONS)
    def get_reservations(self, request: Fields) -> Fields:
        """The reservations made since a time, by source, a page at a time."""
        return self._page("reservations", store.reservations_since, request)

    @call(contract.GET_CREDITS)
    def get_credits(self, request: Fields) -> Fields:
        """The credits booked since a time, by source, a page at a time."""
        return self._page("credits", store.credits_since, request)

    def _move(self, move: Callable[[Any, Fields], Any], request: Fields) -> Fields:
        return dict(self.database.run_repeatable(lambda tx: move(tx, request))._mapping)

    def _find(self, find: Callable[[Any, Fields], Any], source: Fields) -> Fields:
        found = self.database.read(lambda tx: find(tx, source))
        if found is None:
            raise contract.UnknownTransfer()
        return dict(found._mapping)

    def _page(self, name: str, find: Callable[..., Sequence[Any]], request: Fields) -> Fields:
        limit = request["limit"]
        found = self.database.read(
            lambda tx: find(tx, request["source_type"], request["since"], request["after"], limit + 1))
        return {name: [row._mapping for row in found[:limit]],
                "next_after": found[limit - 1].source_id if len(found) > limit else None}

    # --- events of the loyalty room ---

    @on_event(loyalty.CHECKED_IN)
    def credit_reward(self, delivery: Delivery) -> None:
        """A member has checked in: book the reward if it is wallet money."""
        body, reward = delivery.body, delivery.body["reward"]
        if reward["kind"] == "wallet":
            self._credit_once(delivery, "check_in", body["check_in_id"], body["user_id"], reward)

    @on_event(loyalty.REDEEMED)
    def credit_redemption(self, delivery: Delivery) -> None:
        """A member's points have become money."""
        body = delivery.body
        self._credit_once(delivery, "redemption", body["redemption_id"], body["user_id"], body)

    def _credit_once(self, delivery: Delivery, source_type: str, source_id: str, user_id: str, money: Fields) -> None:
        found = {"source_type": source_type, "source_id": source_id, "user_id": user_id, "amount": money["amount"],
                 "currency": money["currency"], "order_id": None}
        self.database.run(lambda tx: inbox.first_time(tx, INBOX, delivery) and ledger.credit(tx, found))

    # --- by the timer ---

    @every("tidy_seconds")
    def tidy_up(self) -> None:
        """Purge what was kept against repetitions for long enough."""
        now, kept = utc_now(), dt.timedelta(days=config["events"]["kept_days"])
        purge(self.database, self.is_stopping, lambda tx: inbox.purge(tx, INBOX, now - kept),
              lambda tx: delete_old_replies(tx, KEYS, now))
