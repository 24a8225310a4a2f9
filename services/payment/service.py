"""The payment room: takes an order's money once, and gives it back once.

Whatever a crash leaves half done is finished by repeating the call, or by the timers below; what a provider tells
us is only a reason to ask it.
"""

import binascii
import datetime as dt
import logging
from base64 import b64decode
from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import Any

from nameko import config

from schemas import payment as contract
from schemas.errors import Busy, RoomSilent
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database, utc_now
from services.foundation.events.relay import Relay
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.timers import every
from services.payment import provider_registry, refunds, rules, store, webhook_inbox
from services.payment.concurrency import AtOnceProvider, Job
from services.payment.models import OUTBOX, Base
from services.payment.payment_processor import Collection
from services.payment.reconciling.reconciler import reconcile
from services.payment.sandbox import checkout, page, webhooks

log = logging.getLogger("marquee.payment")

SWEEP_SECONDS = 5
LATELY = dt.timedelta(seconds=15)   # no sooner is a provider asked again because somebody waits
LEFT_AFTER = {"submitted": dt.timedelta(seconds=30),  # longer than any call here goes on
              "pending": dt.timedelta(minutes=2)}     # and than a webhook takes
# No provider sends anything again after so long, and no signature is good for longer than minutes.
WEBHOOKS_KEPT = dt.timedelta(days=30)


class Payment:
    name = "payment"

    principal = PrincipalProvider()
    database = Database(Base)
    relay = Relay(OUTBOX)
    providers = provider_registry.Roster()
    at_once = AtOnceProvider()
    presence = Presence()

    @property
    def collection(self) -> Collection:
        return Collection(self.database)

    @call(contract.CHARGE)
    def charge(self, request: dict[str, Any]) -> dict[str, Any]:
        """Take the order's money in minor units of `currency`, once however often this is repeated.

        Is its buyer at the provider's page, that page is closed first: they have chosen another way.
        """
        provider = provider_registry.for_method(request["method"])
        books = self.collection.begin(request, provider).books
        if books.pending and books.pending.hosted:
            self.collection.close_page(books)
            books = self.collection.begin(request, provider).books
        books = self.collection.finish(books)
        rules.check_charged(books)
        return rules.statement(books)

    @call(contract.START)
    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        """Begin to pay the order at the provider's page, until `expires_at`; again leads to the same page.

        A new attempt begins only when the last one has failed or was cancelled, as its provider says. RoomSilent:
        nobody knows; ask again. AmountTooSmall, AmountTooLarge: nothing was begun.
        """
        provider_registry.check_return_url(request["return_url"])
        provider = provider_registry.for_method(request["method"])
        provider_registry.find(provider, self.database).check(request["amount"], request["currency"])
        books = self.collection.start(request, provider)
        attempt = books.attempt
        if attempt is None or books.status == "closed":
            raise contract.PaymentClosed()
        if books.captured_by:
            return {"payment_id": books.captured_by, "status": "captured", "redirect_url": None}
        return {"payment_id": attempt.payment_id, "status": attempt.status,
                "redirect_url": attempt.redirect_url if attempt.status == "pending" else None}

    @call(contract.REFUND)
    def refund(self, request: dict[str, Any]) -> dict[str, Any]:
        """Give back part of what was taken, once per refund_id. RoomSilent: not yet; ask again."""
        refund = self.database.run_known(lambda tx: refunds.request(tx, request, utc_now()))
        if refund.status not in rules.GIVEN_BACK and (refund.status == "failed"
                                                      or self.collection.give_back(refund) != "done"):
            raise RoomSilent(room=refund.provider)  # it stays owed
        return {"refund_id": refund.refund_id, "amount": request["amount"], "status": "done"}

    @call(contract.CLOSE)
    def close(self, request: dict[str, Any]) -> dict[str, Any]:
        """Take no more money for the order. `captured` says what was taken; when it is 0, it stays 0.

        Who has paid at the provider's page by now has paid in time. RoomSilent: the provider, or whoever reviews the
        payment, can't say yet.
        """
        books = self.collection.books(request["order_id"])
        if books.pending and books.pending.hosted:
            self.collection.finish(books)
        books = self.database.run_known(lambda tx: store.close(tx, request["order_id"], utc_now()))
        books = self.collection.finish(books)
        if books.attempt and not books.captured_by and (books.pending or books.in_review):
            raise RoomSilent(room=books.attempt.provider)
        return rules.statement(books)

    @call(contract.GET_STATUS)
    def get_status(self, request: dict[str, Any]) -> dict[str, Any]:
        """Where the order's money stands; `submitted`: nobody knows yet, repeat the charge or close it.

        Is it `pending`, its provider is asked within seconds: who wants to know may have paid, and a webhook be lost.
        """
        books = self.collection.books(request["order_id"])
        if books.attempt and books.attempt.status == "pending":
            now = utc_now()
            self.database.run_known(partial(store.look_soon, payment_id=books.attempt.payment_id,
                                            asked_before=now - LATELY, left_since=now - LEFT_AFTER["pending"]))
        return rules.statement(books)

    # --- what providers tell us ---

    @call(contract.RECEIVE_WEBHOOK)
    def receive_webhook(self, request: dict[str, Any]) -> dict[str, Any]:
        """Verify and keep what a provider says; it is looked into at once, but not here."""
        try:
            body = b64decode(request["body"], validate=True)
        except binascii.Error:
            raise contract.WebhookRefused() from None
        provider = request["provider"]
        event = provider_registry.find(provider, self.database).verify_webhook(body, request["headers"], utc_now())
        self.database.run_known(lambda tx: webhook_inbox.keep(tx, provider, event, utc_now()))
        return {}

    @every("webhook_seconds")
    def look_into_webhooks(self) -> None:
        """Ask the providers about the payments that they spoke of."""
        self._chore("webhooks", self._look_into_webhooks)

    def _look_into_webhooks(self) -> None:
        def find() -> list[Job]:
            found = self.database.run(lambda tx: webhook_inbox.take(tx, utc_now()))
            # All that was said of one payment is one reason to look.
            return [partial(self._look_into_messages, *about, list(rows))
                    for about, rows in groupby(sorted(found, key=_about), key=_about)]

        self.at_once.each(find)

    def _look_into_messages(self, provider: str, payment_id: str, reference: str, rows: list[Any]) -> None:
        def look() -> None:
            self.collection.look_into_message(provider, payment_id or None, reference or None)
            self.database.run(partial(webhook_inbox.handled, rows=rows, now=utc_now()))

        self._tend({"payment_id": payment_id, "reference": reference}, look)

    # --- the sandbox's page and messengers ---

    @call(contract.SHOW_PAGE)
    def show_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """The page at which a buyer pays with test money."""
        return self._page(request, partial(checkout.visit, payment_id=request["payment_id"]))

    @call(contract.ANSWER_PAGE)
    def answer_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """What a buyer chose at that page, and where to go from there."""
        leaves = request["choice"] == "abandon"
        return self._page(request, partial(checkout.choose, payment_id=request["payment_id"],
                                           choice=request["choice"], code=request["code"]), leaves)

    def _page(self, request: dict[str, Any], visit: Callable[[Any], checkout.Visit],
              leaves: bool = False) -> dict[str, Any]:
        if provider_registry.configured() != "sandbox":
            raise contract.UnknownPayment()
        found = self.database.run_known(visit)
        if leaves or found.is_over:
            return {"html": None, "location": found.return_url, "return_origin": None}
        return {"html": page.render(found, request["language"]), "location": None,
                "return_origin": page.return_origin(found)}

    @every("webhook_seconds")
    def bring_sandbox_webhooks(self) -> None:
        """Let the sandbox tell us what happened there."""
        address = config["payment"]["sandbox_webhook_url"]
        self._chore("sandbox", lambda: webhooks.bring(self.database, address))

    # --- what was left half done ---

    @every(SWEEP_SECONDS)
    def finish_what_was_left(self) -> None:
        """End the charges and refunds whose caller or process is gone, and ask about those nobody told us of."""
        self._chore("left", self._finish_what_was_left)

    def _finish_what_was_left(self) -> None:
        self.at_once.each(self._find_what_was_left)

    def _find_what_was_left(self) -> list[Job]:
        now = utc_now()
        orders = [order_id for status, pause in LEFT_AFTER.items() for order_id in self.database.run(
            partial(store.take_left_charges, status=status, before=now - pause, now=now))]
        owed = self.database.run(lambda tx: refunds.take_left(tx, now - LEFT_AFTER["submitted"], now))
        return [*(partial(self._tend, {"order_id": order_id}, partial(self.collection.finish_left, order_id, now))
                  for order_id in orders),
                *(partial(self._tend, {"order_id": refund.order_id}, partial(self.collection.give_back_left, refund))
                  for refund in owed)]

    @every("reconcile_seconds")
    def reconcile(self) -> None:
        """Compare the books with the providers', and tell the operators of what is left."""
        self._chore("differences", partial(self.at_once.one, self._reconcile))

    def _reconcile(self) -> None:
        for line in reconcile(self.database):
            log.log(logging.ERROR if line.left else logging.WARNING, "%s", line)
        for table in (webhook_inbox, webhooks):
            self.database.run(partial(table.forget, before=utc_now() - WEBHOOKS_KEPT))

    def _tend(self, about: dict[str, Any], work: Callable[[], object]) -> None:
        """Do it, or log why that can't be; one hopeless case must not keep the others waiting."""
        try:
            work()
        except Busy as refusal:
            log.warning("can't be finished yet", extra={**about, "reason": refusal.code})
        except Exception:
            log.exception("can't be finished", extra=about)

    def _chore(self, what: str, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as problem:  # it is tried again; the room lives on
            log.warning("could not look for work", extra={"what": what}, exc_info=not isinstance(problem, Busy))


def _about(message: Any) -> tuple[str, str, str]:
    """Which payment a row of webhook_inbox is about: by our name for it or its provider's."""
    return message.provider, message.payment_id or "", message.reference or ""
