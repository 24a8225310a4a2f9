"""What comes from outside: the provider and its webhooks, forgeries, decisions by staff, and events that arrive."""

from base64 import b64decode, b64encode
from contextlib import suppress
from typing import Any

import orjson
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.engine import Connection

from schemas import payment
from services.foundation.database import Transactions
from services.foundation.rpc.calls import Principal
from services.payment.models import SandboxCharge
from services.payment.payment_processor import payment_processor
from services.payment.reconciling.review import Review, Undecidable
from services.payment.reconciling.review_cases import PAYMENT_DECISIONS, Case
from services.payment.sandbox import faults, webhooks
from tests.drivers.sandbox_bank import envelope
from tests.integration.model.ledger import agree
from tests.integration.model.orders import UNPAID, Intent, Money, Order
from tests.integration.model.predictions import Prediction
from tests.integration.model.steps import PICK, Steps, precondition, rule

TROUBLES = st.sampled_from(("decline", "time_out", "lose_authorize", "lose_capture", "lose_cancel", "lose_refund",
                            "lose_fetch"))
FORGERIES = st.sampled_from(("a wrong secret", "a changed byte", "too old", "from the future", "another payment's",
                             "not signed", "encoded again"))
NOT_OURS: Any = Prediction.of({payment.WebhookRefused}, set())


class ProviderSteps(Steps):
    # --- the provider ---

    @precondition(lambda self: self.cinema.snapshot.messages)
    @rule(pick=PICK)
    def a_webhook_arrives(self, pick: int) -> None:
        """For the first time or again, in any order; or it never does."""
        messages = self.cinema.snapshot.messages
        told = self._envelope(webhooks.webhook_body(messages[-1 - pick % len(messages)]))
        self.cinema.step(Intent("webhook"), lambda: self.cinema.world.ask(payment.RECEIVE_WEBHOOK, Principal(), **told))

    @precondition(lambda self: self.cinema.snapshot.messages)
    @rule(pick=PICK, how=FORGERIES)
    def a_forged_webhook_arrives(self, pick: int, how: str) -> None:
        messages, heard = self.cinema.snapshot.messages, self.cinema.snapshot.heard
        told = self._forged(webhooks.webhook_body(messages[-1 - pick % len(messages)]), how)
        self.cinema.step(Intent("forgery"), lambda: self.cinema.world.ask(payment.RECEIVE_WEBHOOK, Principal(), **told),
                         NOT_OURS)
        agree(self.cinema.snapshot.heard == heard, f"a message that is {how} was kept")

    def _envelope(self, body: bytes, secret: str = "", later: int = 0) -> dict[str, Any]:
        return envelope(body, secret or self.cinema.world.secret, self.cinema.now.timestamp() + later)

    def _forged(self, body: bytes, how: str) -> dict[str, Any]:
        right = self._envelope(body)
        other = {**orjson.loads(body), "data": {"payment_id": "another"}}
        match how:
            case "a wrong secret":
                return self._envelope(body, "guessed")
            case "too old":
                return self._envelope(body, later=-301)
            case "from the future":
                return self._envelope(body, later=301)
            case "not signed":
                return {**right, "headers": {}}
            case "a changed byte":
                return {**right, "body": b64encode(bytes([body[0] ^ 1]) + body[1:]).decode()}
            case "another payment's":
                return {**right, "body": b64encode(orjson.dumps(other)).decode()}
        return {**right, "body": b64encode(b64decode(right["body"]).replace(b":", b": ")).decode()}

    @precondition(lambda self: self.orders)
    @rule(pick=PICK, trouble=TROUBLES)
    def the_bank_will_make_trouble(self, pick: int, trouble: Any) -> None:
        mine = self.order(pick)
        self.cinema.step(Intent("trouble"), lambda: self.cinema.in_the_bank(
            lambda tx: faults.inject_fault(tx, mine.order_id, trouble)))

    @precondition(lambda self: self._refused_charges())
    @rule(pick=PICK, says_so=st.booleans())
    def the_bank_takes_the_money_after_all(self, pick: int, says_so: bool = False) -> None:
        """Though it had said no, or was told to let go. `says_so`: and the payment room looks at once."""
        found = self._refused_charges()
        revivable = [(each, charge) for each, charge in found
                     if each.status == "expired" and self.cinema.now < each.screening.starts_at] if pick % 4 else []
        mine, payment_id = (revivable or found)[-1 - pick % len(revivable or found)]

        def take(tx: Connection) -> None:
            tx.execute(update(SandboxCharge).where(SandboxCharge.payment_id == payment_id).values(status="captured"))
            webhooks.add(tx, payment_id, "payment.captured", set())

        mine.late_captures += 1
        if mine.status in UNPAID and mine.money is Money.NONE:
            mine.money = Money.MAY
        self.cinema.step(Intent("stray", mine), lambda: self.cinema.in_the_bank(take))
        if says_so:
            self.a_webhook_arrives(pick=0)
            self.cinema.tick("payment", "process_webhooks")

    @precondition(lambda self: self._open_pages())
    @rule(pick=PICK)
    def the_bank_has_another_amount(self, pick: int) -> None:
        """Than was asked for: nobody may be given seats for that."""
        mine, payment_id = self._open_pages()[-1 - pick % len(self._open_pages())]
        change = update(SandboxCharge).where(SandboxCharge.payment_id == payment_id)
        mine.wrong_amount, mine.money = True, Money.MAY
        self.cinema.step(Intent("wrong_amount", mine), lambda: self.cinema.in_the_bank(
            lambda tx: tx.execute(change.values(amount=mine.total + 1))))

    @precondition(lambda self: any(each.wrong_amount for each in self.orders))
    @rule(pick=PICK, decision=st.sampled_from(sorted(PAYMENT_DECISIONS)))
    def somebody_decides(self, pick: int, decision: str) -> None:
        """A person decides about a wrong amount. Money that is not what was asked for can't be made to fit."""
        if cases := self._cases():
            case = cases[-1 - pick % len(cases)]
            self.cinema.step(Intent("decide", self._decided(case, decision)),
                             lambda: self.cinema.world.survive(lambda: self._decide(case, decision)))

    @precondition(lambda self: any(each.wrong_amount and each.status == "paying" for each in self.orders))
    @rule(pick=PICK)
    def somebody_decides_meanwhile(self, pick: int) -> None:
        """The order room hears of a case, asks how it stands, and hears that it is decided before it has acted."""
        self.cinema.tick("payment", "process_webhooks", "finish_stale_work")
        self.cinema.send_events()
        if news := [queued for queued in self.cinema.event_queue.waiting if queued.event is payment.REVIEW]:
            self.cinema.world.line.meanwhile = self._decide_and_tell
            self.cinema.deliver(news[-1 - pick % len(news)])
            self.cinema.world.line.meanwhile = None

    def _decide_and_tell(self) -> None:
        with self.cinema.world.accidents.postponed():
            for case in self._cases():
                self._decided(case, "release")
                self._decide(case, "release")
            event_queue = self.cinema.event_queue
            event_queue.collect("payment")
            if news := [queued for queued in event_queue.waiting if queued.event is payment.DISMISSED]:
                event_queue.deliver(*news)
                self.cinema.met["decided meanwhile"] += 1

    def _cases(self) -> list[Case]:
        world = self.cinema.world
        database = Transactions(world.engines["payment"])
        room = world.rooms["payment"]
        return Review(payment_processor(database, room.settings, room.remote)).cases()

    def _decided(self, case: Case, decision: str) -> Order:
        """The order, of which the ledger knows now that somebody decides."""
        mine = self.cinema.ledger.orders[case.order_id]
        # A provider that does not answer at the moment counts as gone.
        mine.dismissed, mine.closing_unclear = mine.dismissed or decision in ("release", "written_off"), True
        return mine

    def _decide(self, case: Case, decision: str) -> None:
        with suppress(Undecidable):
            Review(self.cinema.world.rooms["payment"].payments).decide(case, decision, "sam", "the model said so")

    def _open_pages(self) -> list[tuple[Order, str]]:
        return [(each, charge.payment_id) for each in self.orders if each.status in UNPAID
                for charge in self.cinema.snapshot.charges[each.order_id]
                if charge.status in ("pending", "challenged", "authorized") and charge.payment_id in each.pages]

    def _refused_charges(self) -> list[tuple[Order, str]]:
        return [(each, charge.payment_id) for each in self.orders
                for charge in self.cinema.snapshot.charges[each.order_id] if charge.status in ("declined", "cancelled")
                and charge.amount == each.total and charge.provider == "sandbox"]

    # --- events ---

    @rule(pick=st.integers(0, 20))
    def an_event_arrives(self, pick: int) -> None:
        self.cinema.send_events()
        if waiting := self.cinema.event_queue.waiting:
            self.cinema.deliver(waiting[pick % len(waiting)])

    @rule()
    def all_events_arrive(self) -> None:
        self.cinema.send_events()
        self.cinema.deliver(*self.cinema.event_queue.waiting)

    @precondition(lambda self: self.cinema.event_queue.read)
    @rule(pick=PICK)
    def an_event_arrives_again(self, pick: int) -> None:
        read = self.cinema.event_queue.read
        self.cinema.deliver(read[-1 - pick % len(read)])
