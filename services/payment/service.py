"""The payment room: takes an order's money once, and gives it back once.

Work that a crash leaves unfinished is finished by repeating the call or by the timers below. A provider's webhook is
only a reason to ask that provider.
"""

import logging
from collections.abc import Callable
from functools import cached_property
from typing import Any

from schemas import payment as contract
from schemas.errors import Busy, RoomSilent
from services.foundation.amqp.presence import Presence
from services.foundation.database import Database
from services.foundation.events.relay import Relay
from services.foundation.purging import PURGE_SECONDS, purge
from services.foundation.rpc.calls import PrincipalProvider, call
from services.foundation.rpc.client import Remote
from services.foundation.timers import StopSignal, TimerWaker, every
from services.payment import rules
from services.payment.cards import card_methods
from services.payment.job_pool import JobPoolProvider
from services.payment.models import OUTBOX, Base
from services.payment.payment_processor import PaymentProcessor, payment_processor
from services.payment.payment_state import PaymentRequest, RefundRequest
from services.payment.reconciling.reconciler import log_differences
from services.payment.sandbox.site import SandboxSite
from services.payment.settings import PaymentSettingsProvider
from services.payment.stale_work import StaleWork
from services.payment.webhooks.processor import WebhookProcessor

log = logging.getLogger("marquee.payment")


# Its module is imported whole, since Nameko takes each class in this namespace for a room.
class Payment(card_methods.CardMethods):
    """Moves money through providers, and asks them again where an answer is missing."""

    name = "payment"

    principal = PrincipalProvider()
    database = Database(Base)
    settings = PaymentSettingsProvider()
    relay = Relay(OUTBOX)
    remote = Remote()
    jobs = JobPoolProvider()
    wake_webhooks = TimerWaker("process_webhooks")
    wake_sandbox = TimerWaker("deliver_sandbox_webhooks")
    is_stopping = StopSignal()
    presence = Presence()

    @cached_property
    def payments(self) -> PaymentProcessor:
        return payment_processor(self.database, self.settings, self.remote)

    @cached_property
    def webhooks(self) -> WebhookProcessor:
        return WebhookProcessor(self.payments)

    @cached_property
    def stale_work(self) -> StaleWork:
        return StaleWork(self.payments)

    @cached_property
    def sandbox(self) -> SandboxSite:
        return SandboxSite(self.database, self.settings)

    @call(contract.CHARGE)
    def charge(self, request: dict[str, Any]) -> dict[str, Any]:
        """Take the order's money in minor units of `currency`, once however often this is repeated.

        If its buyer is at the provider's page, that page is closed first: the buyer has chosen another way to pay.
        InsufficientFunds, or RoomUnavailable for the wallet: nothing was taken, and the order can be paid otherwise.
        """
        rules.check_charged(state := self.payments.charge(PaymentRequest(**request)))
        return rules.statement(state)

    @call(contract.START)
    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        """Begin to pay the order at the provider's page, until `expires_at`; a repeated call returns the same page.

        A kept card, `card_id`, is charged at once; its page is only for a further step, if its bank wants one. A new
        attempt begins if the last one has failed, was cancelled, or is with another card, and is closed. RoomSilent:
        the outcome is not known; repeat the call. AmountTooSmall, AmountTooLarge: nothing was begun.
        """
        card_id = request.pop("card_id")
        token = self.kept_cards.token(request["user_id"], card_id) if card_id else None
        state = self.payments.start(PaymentRequest(**request, card_token=token))
        attempt = state.attempt
        if attempt is None or state.status == "closed":
            raise contract.PaymentClosed()
        if state.captured_by:
            return {"payment_id": state.captured_by, "status": "captured", "redirect_url": None}
        return {"payment_id": attempt.payment_id, "status": attempt.status,
                "redirect_url": attempt.redirect_url if attempt.status == "pending" else None}

    @call(contract.REFUND)
    def refund(self, request: dict[str, Any]) -> dict[str, Any]:
        """Give back part of what was taken, once per refund_id. RoomSilent: not done yet; repeat the call."""
        self.payments.refunds.refund(RefundRequest(**request))
        return {"refund_id": request["refund_id"], "amount": request["amount"], "status": "done"}

    @call(contract.CLOSE)
    def close(self, request: dict[str, Any]) -> dict[str, Any]:
        """Take no more money for the order. `captured` is what was taken; if it is 0, it stays 0.

        A buyer who has paid at the provider's page by now has paid in time. RoomSilent: the provider, or the person
        who reviews the payment, has not answered yet.
        """
        state = self.payments.close(request["order_id"])
        if state.attempt and not state.captured_by and (state.pending or state.in_review):
            raise RoomSilent(room=state.attempt.provider)
        return rules.statement(state)

    @call(contract.GET_STATUS)
    def get_status(self, request: dict[str, Any]) -> dict[str, Any]:
        """The state of the order's money; `submitted`: not known yet, repeat the charge or close it.

        If it is `pending`, its provider is asked within seconds: the buyer may have paid and the webhook be lost.
        """
        state = self.payments.state(request["order_id"])
        if state.attempt and state.attempt.status == "pending":
            self.stale_work.expedite(state.attempt)
        return rules.statement(state)

    @call(contract.RECEIVE_WEBHOOK)
    def receive_webhook(self, request: dict[str, Any]) -> dict[str, Any]:
        """Verify and store a provider's webhook; a timer processes it right after."""
        self.webhooks.receive(request["provider"], request["body"], request["headers"])
        self.wake_webhooks()
        return {}

    @call(contract.SHOW_PAGE)
    def show_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """The page at which a buyer pays with test money."""
        return self.sandbox.show_page(**request)

    @call(contract.ANSWER_PAGE)
    def answer_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """What a buyer chose at that page, and where to go from there."""
        answer = self.sandbox.answer_page(**request)
        self.wake_sandbox()
        return answer

    # --- timers ---

    @every("webhook_seconds")
    def process_webhooks(self) -> None:
        """Ask the providers about the payments in their webhooks."""
        self.log_failure("webhooks", lambda: self.jobs.run_all(self.webhooks.due_jobs))

    @every("webhook_seconds")
    def deliver_sandbox_webhooks(self) -> None:
        """Deliver the sandbox's webhooks."""
        self.log_failure("sandbox", self.sandbox.deliver_webhooks)

    @every("sweep_seconds")
    def finish_stale_work(self) -> None:
        """Finish the payments and refunds whose caller or process is gone, or whose webhook was lost."""
        self.log_failure("stale work", lambda: self.jobs.run_all(self.stale_work.jobs))

    @every("reconcile_seconds")
    def reconcile(self) -> None:
        """Compare the records here with the providers', and log every difference."""
        self.log_failure("reconciliation", lambda: self.jobs.run(
            lambda: log_differences(self.database, self.settings, self.remote)))

    @every(PURGE_SECONDS)
    def purge(self) -> None:
        """Delete old webhooks: those that were processed, and those that the sandbox has sent."""
        purge(self.database, self.is_stopping, *self.webhooks.purges(), *self.sandbox.purges())

    def log_failure(self, work: str, run: Callable[[], object]) -> None:
        """Run a timer's work. A failure is logged, and the next tick tries again."""
        try:
            run()
        except Exception as problem:
            log.warning("a timer failed", extra={"what": work}, exc_info=not isinstance(problem, Busy))
