"""The payment room: takes an order's money once, and gives it back once.

Nothing is asked of a provider before it is written down that it will be, and no transaction is open meanwhile.
Whatever a crash leaves half done is finished by repeating the call, or by `finish_what_was_left`.
"""

import datetime as dt
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from nameko import config
from nameko.timer import timer

from schemas import payment as contract
from schemas.errors import Busy
from services.foundation.calls import AskerProvider, call
from services.foundation.database import Database, Transactions, utc_now
from services.foundation.presence import Presence
from services.payment import rules, store
from services.payment.models import Base
from services.payment.providers import Provider
from services.payment.sandbox import Sandbox

log = logging.getLogger("marquee.payment")

PROVIDERS: dict[str, Callable[[Transactions], Provider]] = {"sandbox": Sandbox}
SWEEP_SECONDS = 5
LEFT_AFTER = dt.timedelta(seconds=30)  # longer than any call here goes on


class Payment:
    name = "payment"

    asker = AskerProvider()
    database = Database(Base)
    presence = Presence()

    @call(contract.CHARGE)
    def charge(self, request: dict[str, Any]) -> dict[str, Any]:
        """Take the order's money in minor units of `currency`, once however often this is repeated."""
        provider = config["payment"]["provider"]
        books = self._finish(self.database.run_known(lambda tx: store.begin(tx, request, provider, utc_now())))
        rules.check_charged(books)
        return rules.statement(books)

    @call(contract.REFUND)
    def refund(self, request: dict[str, Any]) -> dict[str, Any]:
        """Give back part of what was taken, once per refund_id."""
        refund = self.database.run_known(lambda tx: store.request_refund(tx, request, utc_now()))
        if refund.status != "done":
            self._give_back(refund)
        return {"refund_id": refund.refund_id, "amount": refund.amount, "status": "done"}

    @call(contract.CLOSE)
    def close(self, request: dict[str, Any]) -> dict[str, Any]:
        """Take no more money for the order. `captured` says what was taken; when it is 0, it stays 0."""
        books = self.database.run_known(lambda tx: store.close(tx, request["order_id"], utc_now()))
        return rules.statement(self._finish(books))

    @call(contract.GET_STATUS)
    def get_status(self, request: dict[str, Any]) -> dict[str, Any]:
        """Where the order's money stands; `submitted`: nobody knows yet, repeat the charge or close it."""
        return rules.statement(self._books(request["order_id"]))

    @timer(interval=SWEEP_SECONDS)
    def finish_what_was_left(self) -> None:
        """End the charges and refunds whose caller or process is gone."""
        try:
            now = utc_now()
            for order_id in self.database.run(lambda tx: store.take_left_charges(tx, now - LEFT_AFTER, now)):
                self._tend(order_id, partial(self._finish, self._books(order_id)))
            for refund in self.database.run(lambda tx: store.take_left_refunds(tx, now - LEFT_AFTER, now)):
                self._tend(refund.order_id, partial(self._give_back, refund))
        except Exception as problem:  # it is tried again; the room lives on
            log.warning("could not look for what was left", exc_info=not isinstance(problem, Busy))

    def _finish(self, books: rules.Books) -> rules.Books:
        """Bring a pending attempt to its end at the provider; the books with that end in them."""
        attempt = books.pending
        if attempt is None:
            return books
        provider = PROVIDERS[attempt.provider](self.database)
        standing = provider.authorize(attempt) if books.status == "open" else provider.cancel(attempt.payment_id)
        if standing == "authorized":
            # Who closes an account does so before cancelling. If it is open still, that cancellation is yet to
            # come and will find what is authorized, so it either stops this capture or learns of it.
            is_open = self._books(books.order_id).status == "open"
            standing = provider.capture(attempt.payment_id) if is_open else provider.cancel(attempt.payment_id)
        return self.database.run_known(
            lambda tx: store.finish(tx, books.order_id, attempt.payment_id, standing, utc_now()))

    def _give_back(self, refund: Any) -> None:
        PROVIDERS[refund.provider](self.database).refund(refund.payment_id, refund.refund_id, refund.amount)
        self.database.run_known(lambda tx: store.refund_done(tx, refund.refund_id))

    def _tend(self, order_id: str, work: Callable[[], object]) -> None:
        try:
            work()
            log.info("finished what was left", extra={"order_id": order_id})
        except Busy as refusal:
            log.warning("can't be finished yet", extra={"order_id": order_id, "reason": refusal.code})
        except Exception:  # one hopeless case must not keep the others waiting
            log.exception("can't be finished", extra={"order_id": order_id})

    def _books(self, order_id: str) -> rules.Books:
        return self.database.run_known(lambda tx: store.books(tx, order_id))
