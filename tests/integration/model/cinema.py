"""One cinema in which steps are taken: each is done in the rooms and in the ledger, and both are compared."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.engine import Connection

from schemas import order, payment
from schemas.base import Method
from schemas.errors import Busy, KeyReused, Refusal, RequestInProgress
from schemas.payment import PaymentDeclined
from schemas.wallet import InsufficientFunds
from services.film.models import Screening as FilmScreening
from services.foundation.database import Transactions
from services.foundation.rpc.calls import Principal
from services.kitchen.models import Base as KitchenBase
from services.loyalty.models import Base as LoyaltyBase
from services.order.models import Base as OrderBase
from services.order.tickets import codes
from services.payment.models import Base as PaymentBase
from services.payment.models import SandboxSecret
from services.wallet.models import Base as WalletBase
from tests.integration.model.clock import START
from tests.integration.model.event_queue import EventQueue, QueuedEvent
from tests.integration.model.ledger import MENDING, Divergence, Ledger, agree
from tests.integration.model.orders import ENDED, HOLDING, OWNING, SNACK_STOCK, UNPAID, Intent, Money, Order, Screening
from tests.integration.model.predictions import Prediction
from tests.integration.model.snapshot import Snapshot, SnapshotReader
from tests.integration.model.world import Unclear, World

BASES = {"order": OrderBase, "payment": PaymentBase, "kitchen": KitchenBase, "loyalty": LoyaltyBase,
         "wallet": WalletBase}
KEPT = {"snack", SandboxSecret.__tablename__}
DONE = Prediction.of(set(), set())
# What a room may complain of after an accident: an event whose consumer had no answer is brought again.
EXCUSES = ("CommitUnknown", "RoomUnavailable", "RoomSilent")
# After a bug in another room also these: the consumers ask the payment room, and their events are brought again.
OF_FAULTS = ("a payment can't be closed", "a refund is refused", "order.hold_for_review failed",
             "order.end_reviewed failed")


@dataclass
class Outcome:
    """How a step ended: with an answer, a refusal, or, after an accident, neither."""

    told: Any = None
    refusal: Refusal | None = None
    unclear: bool = False
    made: Order | None = None


@dataclass(eq=False)
class Request:
    """A request that may be sent again."""

    contract: Method
    principal: Principal
    fields: dict[str, Any]
    intent: Callable[[], Intent]
    predict: Callable[[Intent], Prediction]
    told: Any = None      # what it was answered first
    unclear: bool = False # nobody knows what came of it

    @property
    def pays_at_once(self) -> bool:
        return self.contract is order.PAY and ("return_url" not in self.fields or "card_id" in self.fields)


@dataclass
class Cinema:
    world: World
    reader: SnapshotReader
    event_queue: EventQueue = field(init=False)
    ledger: Ledger = field(init=False)
    snapshot: Snapshot = field(init=False)
    requests: list[Request] = field(default_factory=list)
    steps: int = 0
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)   # how orders stood before and after a step
    met: Counter[str] = field(default_factory=Counter)                # accidents, refusals and coincidences

    def open(self, absent: Set[str]) -> None:
        """Everything is as on the first day; the `absent` rooms hear of no events."""
        self.reader.empty({room: base.metadata for room, base in BASES.items()}, but=KEPT)
        with self.world.engines["kitchen"].begin() as tx:
            for sku, stock in SNACK_STOCK.items():
                tx.execute(text("UPDATE snack SET left_over = :n, supplied = :n WHERE sku = :s"),
                           {"n": stock, "s": sku})
        with self.world.engines["film"].begin() as tx:
            tx.execute(update(FilmScreening).values(cancelled_at=None))
            rows = tx.execute(text("SELECT screening_id, starts_at, ends_at FROM screening ORDER BY starts_at")).all()
        self.world.begin(START)
        self.event_queue, self.requests = EventQueue(self.world, absent), []
        self.ledger = Ledger([Screening(row.screening_id, row.starts_at.replace(tzinfo=dt.UTC),
                                        row.ends_at.replace(tzinfo=dt.UTC)) for row in rows], self.seen)
        self.snapshot = self.reader.look()

    @property
    def now(self) -> dt.datetime:
        return self.world.clock.now()

    # --- a step ---

    def step(self, intent: Intent, work: Callable[[], Any], prediction: Prediction = DONE) -> Outcome:
        """Do `work` in the rooms; whatever follows from it must be as the ledger has it."""
        self.world.accidents.happened.clear()
        self.world.complaints.heard.clear()
        outcome = Outcome()
        try:
            outcome.told = work()
        except Refusal as refusal:
            outcome.refusal = refusal
        except Unclear:
            outcome.unclear = True
        except Exception as problem:
            raise Divergence(f"{intent} met what nobody has thought of") from problem
        happened = self.world.accidents.happened
        self.met.update([*happened, type(outcome.refusal).__name__])
        if happened:
            self._doubt(intent)
        if isinstance(outcome.refusal, RequestInProgress):
            self.ledger.doubtful_since = self.now  # its hold was left to a copy, which may be dead
        self.snapshot = self.reader.look()
        outcome.made = self.ledger.follow(intent, self.snapshot, self.now)
        self._judge(intent, outcome, prediction, bool(happened))
        return outcome

    def _judge(self, intent: Intent, outcome: Outcome, prediction: Prediction, troubled: bool) -> None:
        excuses = EXCUSES + (OF_FAULTS if self.world.accidents.faults else ())
        unexplained = [said for said in self.world.complaints.heard
                       if not (troubled and any(excuse in said for excuse in excuses))]
        agree(not unexplained, f"{intent} made somebody complain: {unexplained}")
        agree(not (outcome.unclear and self.world.accidents.faults) or intent.what in ("buy", "pay", "news"),
              f"{intent} fails because of {self.world.accidents.happened}")
        if outcome.unclear or troubled and isinstance(outcome.refusal, Busy):
            return
        if outcome.refusal is None:
            agree(prediction.may_succeed, f"{intent} was done, but should have met {prediction.refusals}")
        else:
            agree(isinstance(outcome.refusal, tuple(prediction.refusals)),
                  f"{intent} met {outcome.refusal!r}, and not one of {prediction.refusals}")

    def _doubt(self, intent: Intent) -> None:
        """There was an accident: the board may lie, and what was about to be closed may be half closed."""
        self.ledger.doubtful_since = self.now
        for each in self.ledger.orders.values():
            each.closing_unclear |= each.is_dead(self.now) or each.screening.cancelled or intent.order is each

    def pass_time(self, by: dt.timedelta) -> None:
        """What Redis may do no later, it does at the last moment."""
        then = self.now + by
        for until, _ in sorted(self.world.accidents.late_writes, key=lambda late: late[0]):
            if until <= then:
                self.world.clock.set(until - dt.timedelta(milliseconds=1))
                self.write_late(0)
        self.world.clock.set(then)

    def write_late(self, which: int) -> None:
        """Redis does something that its caller has given up hope of; then the board may lie for a moment."""
        _, write = self.world.accidents.late_writes.pop(which)
        self.ledger.doubtful_since = self.now
        self.step(Intent("late write"), write)

    def tick(self, room: str, *chores: str) -> None:
        """Timers of a room go off."""
        self.step(Intent(f"{chores} of {room}"), lambda: self.world.tick(room, *chores))

    def tend(self) -> None:
        """The order room's timer: nothing that could be ended is left over."""
        self.tick("order", "sweep")
        if self.world.accidents.happened:
            return
        for each in self.ledger.orders.values():
            over = each.is_dead(self.now) or each.screening.cancelled and each.status in (*UNPAID, *OWNING)
            alone = each.ask_again_at and each.ask_again_at > self.now
            agree(alone or not over, f"order {each.order_id} is {each.status} after its time")
        if (since := self.ledger.doubtful_since) and self.now - since >= MENDING:
            self.ledger.doubtful_since = None
        if self.ledger.doubtful_since is None:
            self._check_boards()

    def _check_boards(self) -> None:
        for screening in self.ledger.screenings:
            look, right = self.world.board.snapshot(screening.screening_id), self.ledger.taken(screening, self.now)
            agree(look is None or look.taken == right, f"the board shows {look and look.taken}, not {right}")

    def send_events(self) -> None:
        """What lies in the outboxes is sent; nothing else changes by that."""
        for room, count in self.snapshot.events.items():
            if count:
                with suppress(Unclear):
                    self.event_queue.collect(room)
                self.snapshot.events[room] = 0

    def deliver(self, *queued_events: QueuedEvent) -> None:
        """Events reach their consumers."""
        news = [queued for queued in queued_events if queued.event is not payment.CAPTURED]
        if news:
            self.step(Intent("news"), lambda: self.event_queue.deliver(*news))
        for queued in queued_events:
            if queued.event is payment.CAPTURED:
                self._deliver_money(queued)

    def _deliver_money(self, queued: QueuedEvent) -> None:
        """An order that had ended gets its seats if all are free still; else its money goes back, as it does once the
        film has begun."""
        mine = self.ledger.orders[queued.about]
        begun = mine.status in HOLDING and self.now >= mine.screening.starts_at
        late = begun or mine.status in ENDED and not mine.owed_back
        revives = self.ledger.may_revive(mine, self.now)
        self.step(Intent("money"), lambda: self.event_queue.deliver(queued))
        if late and not self.world.accidents.happened:
            agree(mine.status == "paid" if revives else mine.owed_back, f"late money for {mine}")

    def in_the_bank(self, work: Callable[[Connection], object]) -> None:
        """What happens there, we have no part in."""
        Transactions(self.world.engines["payment"]).run(work)

    # --- requests ---

    def send(self, request: Request) -> Outcome:
        """Make a request; with a key it may be made again later."""
        intent = request.intent()
        prediction, again = request.predict(intent), request.unclear
        if again:    # then it may have been done, and is answered as it would have been then
            prediction = Prediction(True, prediction.refusals)
        with self._money(request, intent.order, prediction):
            outcome = self.step(intent, lambda: self.world.ask(request.contract, request.principal, **request.fields),
                                prediction)
        request.told = outcome.told
        request.unclear = outcome.unclear or isinstance(outcome.refusal, (Busy, RequestInProgress))
        mine = intent.order or outcome.made
        if mine and outcome.told and not again and "total" in outcome.told:
            agree(mine.buyer == request.principal.user_id, f"{request.principal} was told of {mine}")
            self.check_receipt(mine, outcome.told)
        if request.contract is order.PAY and outcome.told and intent.order:
            intent.order.was_sent_to(outcome.told["payment"])
        if request.principal.idempotency_key and request not in self.requests:
            self.requests.append(request)
        return outcome

    @contextmanager
    def _money(self, request: Request, mine: Order | None, prediction: Prediction) -> Iterator[None]:
        """While test money is asked for at once, the order may be paid; afterwards, if nobody has said no.

        Who was to decline and gave no answer may change their mind: the bank, or the wallet when it has been filled.
        """
        asks = mine and request.pays_at_once and mine.money is Money.NONE and (
            prediction.may_succeed or not prediction.refusals.isdisjoint((PaymentDeclined, InsufficientFunds)))
        if mine and asks and prediction.may_succeed and mine.status in UNPAID:
            mine.money = Money.MAY
        yield
        if mine and asks and mine.status in UNPAID:
            mine.money = Money.MAY if self.world.accidents.happened else Money.NONE

    def send_again(self, request: Request) -> None:
        """The same request under the same key: if it was answered, it is answered alike, and nothing happens.

        But tickets that are void by now are told as void, and without a code.
        """
        if request.told is None:
            self.send(request)
            return
        outcome = self.step(
            Intent("again"), lambda: self.world.ask(request.contract, request.principal, **request.fields))
        right = self.ledger.as_told_now(request.told)
        agree(outcome.unclear or outcome.refusal or outcome.told == right,
              f"{request.contract.name} of {request.fields} was answered {outcome.told}, and not {right}")

    def send_changed(self, request: Request, **changes: Any) -> None:
        """Another request under a key that was used."""
        fields = {**request.fields, **changes}
        self.step(Intent("changed"), lambda: self.world.ask(request.contract, request.principal, **fields),
                  Prediction.of({KeyReused}, set()))

    def list_orders(self, buyer: str) -> None:
        """A buyer looks at all of their orders."""
        outcome = self.step(Intent("list"), lambda: self.world.ask(order.GET_LIST, Principal(user_id=buyer)))
        if outcome.told:
            for told, mine in zip(outcome.told["orders"], reversed(self.ledger.of(buyer)), strict=True):
                self.check_receipt(mine, told)

    def check_receipt(self, mine: Order, told: dict[str, Any]) -> None:
        """What a buyer is told of an order is what the ledger has."""
        agree((told["order_id"], told["status"], told["total"]) == (mine.order_id, mine.status, mine.total),
              f"{mine} was told as {told}")
        agree(tuple(seat["seat_id"] for seat in told["seats"]) == mine.seats, f"{mine} was told as {told}")
        good = [ticket for ticket in told.get("tickets", ()) if ticket["status"] == "valid"]
        agree({ticket["seat_id"] for ticket in good} == mine.valid, f"{mine} has tickets {good}")
        for ticket in good:
            facts = codes.read(ticket["code"], self.world.keys.public)
            agree((facts.screening_id, facts.seat_id) == (mine.screening.screening_id, ticket["seat_id"]), f"{facts}")
        back = self.snapshot.orders[mine.order_id].refunded
        agree(told.get("refunded", 0) == back, f"{mine} was told as {told}, but {back} goes back")

