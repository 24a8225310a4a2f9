"""What comes from outside: the provider and its messages, forgers, the post, the clock, and bad luck."""

import datetime as dt
from base64 import b64decode, b64encode
from contextlib import suppress
from typing import Any

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import precondition
from sqlalchemy import update
from sqlalchemy.engine import Connection

from schemas import payment
from schemas.errors import Refusal
from services.foundation.calls import Asker
from services.foundation.database import Transactions
from services.payment import sandbox, sandbox_webhooks
from services.payment.models import SandboxCharge
from services.payment.review import OF_PAYMENTS, Review, Undecidable
from tests.integration.model.accidents import Accident
from tests.integration.model.ledger import agree
from tests.integration.model.orders import UNPAID, Money, Order, Wish
from tests.integration.model.predictions import Prediction
from tests.integration.model.steps import PICK, Steps, rule
from tests.integration.payment.bank import envelope

MINUTES = st.sampled_from((1, 1, 2, 3, 9, 9, 16, 61, 200))
TROUBLES = st.sampled_from(("decline", "time_out", "lose_authorize", "lose_capture", "lose_cancel", "lose_refund",
                            "lose_fetch"))
FORGERIES = st.sampled_from(("a wrong secret", "a changed byte", "too old", "from the future", "another payment's",
                             "not signed", "encoded again"))
NOT_OURS: Any = Prediction.of({payment.WebhookRefused}, set())


class Outside(Steps):
    # --- the provider ---

    @precondition(lambda self: self.cinema.sight.messages)
    @rule(pick=PICK)
    def a_webhook_arrives(self, pick: int) -> None:
        """For the first time or again, in any order; or it never does."""
        messages = self.cinema.sight.messages
        told = self._envelope(sandbox_webhooks.message(messages[-1 - pick % len(messages)]))
        self.cinema.step(Wish("webhook"), lambda: self.cinema.world.ask(payment.RECEIVE_WEBHOOK, Asker(), **told))

    @precondition(lambda self: self.cinema.sight.messages)
    @rule(pick=PICK, how=FORGERIES)
    def a_forged_webhook_arrives(self, pick: int, how: str) -> None:
        messages, heard = self.cinema.sight.messages, self.cinema.sight.heard
        told = self._forged(sandbox_webhooks.message(messages[-1 - pick % len(messages)]), how)
        self.cinema.step(Wish("forgery"), lambda: self.cinema.world.ask(payment.RECEIVE_WEBHOOK, Asker(), **told),
                         NOT_OURS)
        agree(self.cinema.sight.heard == heard, f"a message that is {how} was kept")

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
        self.cinema.step(Wish("trouble"), lambda: self.cinema.in_the_bank(
            lambda tx: sandbox.instruct(tx, mine.order_id, trouble)))

    @precondition(lambda self: self._refused_charges())
    @rule(pick=PICK)
    def the_bank_takes_the_money_after_all(self, pick: int) -> None:
        """Though it had said no, or was told to let go."""
        mine, payment_id = self._refused_charges()[-1 - pick % len(self._refused_charges())]

        def take(tx: Connection) -> None:
            tx.execute(update(SandboxCharge).where(SandboxCharge.payment_id == payment_id).values(status="captured"))
            sandbox_webhooks.write(tx, payment_id, "payment.captured", set())

        mine.strays += 1
        if mine.status in UNPAID and mine.money is Money.NONE:
            mine.money = Money.MAY
        self.cinema.step(Wish("stray", mine), lambda: self.cinema.in_the_bank(take))

    @precondition(lambda self: self._open_pages())
    @rule(pick=PICK)
    def the_bank_has_another_amount(self, pick: int) -> None:
        """Than was asked for: nobody may be given seats for that."""
        mine, payment_id = self._open_pages()[-1 - pick % len(self._open_pages())]
        change = update(SandboxCharge).where(SandboxCharge.payment_id == payment_id)
        mine.odd, mine.money = True, Money.MAY
        self.cinema.step(Wish("odd", mine), lambda: self.cinema.in_the_bank(
            lambda tx: tx.execute(change.values(amount=mine.total + 1))))

    @precondition(lambda self: any(each.odd for each in self.orders))
    @rule(pick=PICK, decision=st.sampled_from(sorted(OF_PAYMENTS)))
    def somebody_decides(self, pick: int, decision: str) -> None:
        """What is odd, a person has to look at. Money that is not what was asked for can't be made to fit."""
        review = Review(self.cinema.world.databases["payment"])
        if cases := Review(Transactions(self.cinema.world.engines["payment"])).cases():
            case = cases[-1 - pick % len(cases)]

            def decide() -> None:
                with suppress(Undecidable):
                    review.decide(case, decision, "sam", "the model said so")

            mine = self.cinema.ledger.orders[case.order_id]
            mine.dismissed, mine.closing_unclear = mine.dismissed or decision == "release", True
            self.cinema.step(Wish("decide", mine), lambda: self.cinema.world.survive(decide))

    def _open_pages(self) -> list[tuple[Order, str]]:
        return [(each, charge.payment_id) for each in self.orders if each.status in UNPAID
                for charge in self.cinema.sight.charges[each.order_id]
                if charge.status in ("pending", "challenged", "authorized") and charge.payment_id in each.pages]

    def _refused_charges(self) -> list[tuple[Order, str]]:
        return [(each, charge.payment_id) for each in self.orders
                for charge in self.cinema.sight.charges[each.order_id] if charge.status in ("declined", "cancelled")
                and charge.amount == each.total]

    # --- the post ---

    @rule(pick=st.integers(0, 20))
    def an_event_arrives(self, pick: int) -> None:
        self.cinema.send_events()
        if waiting := self.cinema.post.waiting:
            self.cinema.deliver(waiting[pick % len(waiting)])

    @rule()
    def all_events_arrive(self) -> None:
        self.cinema.send_events()
        self.cinema.deliver(*self.cinema.post.waiting)

    @precondition(lambda self: self.cinema.post.read)
    @rule(pick=PICK)
    def an_event_arrives_again(self, pick: int) -> None:
        read = self.cinema.post.read
        self.cinema.deliver(read[-1 - pick % len(read)])

    # --- time and luck ---

    @rule(minutes=MINUTES)
    def time_passes(self, minutes: int) -> None:
        self.cinema.world.clock.move(dt.timedelta(minutes=minutes))

    @rule()
    def redis_loses_everything(self) -> None:
        self.cinema.world.lose_redis()
        self.cinema.ledger.doubtful_since = None

    @rule(room=st.sampled_from(("order", "order", "payment", "kitchen")), kind=st.sampled_from(("before", "after")),
          countdown=st.integers(0, 4))
    def a_room_is_about_to_die(self, room: str, kind: Any, countdown: int) -> None:
        """Before or after one of its next commits."""
        self.cinema.world.fate.coming = Accident(room, kind, countdown)

    @rule(room=st.sampled_from(("order", "payment", "kitchen")), kind=st.sampled_from(("undone", "done")),
          countdown=st.integers(0, 3))
    def a_commit_is_about_to_get_lost(self, room: str, kind: Any, countdown: int) -> None:
        self.cinema.world.fate.coming = Accident(room, kind, countdown)

    @rule(room=st.sampled_from(("payment", "payment", "kitchen")), kind=st.sampled_from(("undone", "done", "later")),
          countdown=st.integers(0, 1))
    def a_call_is_about_to_fail(self, room: str, kind: Any, countdown: int) -> None:
        """From the order room to this one."""
        self.cinema.world.fate.coming = Accident(f">{room}", kind, countdown)

    @precondition(lambda self: self.cinema.world.fate.late)
    @rule(pick=PICK)
    def what_was_asked_for_is_done_late(self, pick: int) -> None:
        """A slow room, or the provider, does what its caller has given up hope of."""
        late = self.cinema.world.fate.late
        do = late.pop(-1 - pick % len(late))

        def do_it() -> None:
            with suppress(Refusal):  # nobody hears the answer
                self.cinema.world.survive(do)

        self.cinema.step(Wish("late"), do_it)
