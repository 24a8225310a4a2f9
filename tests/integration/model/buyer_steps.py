"""What buyers do."""

from typing import Any

from hypothesis import strategies as st

from schemas import order, payment
from schemas.errors import Refusal
from schemas.order.refusals import UnknownOrder
from services.foundation.rpc.calls import Principal
from services.payment.sandbox import checkout
from tests.integration.model.accidents import Accident
from tests.integration.model.cinema import Request
from tests.integration.model.ledger import agree
from tests.integration.model.orders import OWNING, SEATS, UNPAID, Intent, Money, Order
from tests.integration.model.predictions import Prediction, of_buying, of_cancelling, of_paying, of_refunding
from tests.integration.model.steps import PICK, Steps, precondition, rule

BUYERS = st.sampled_from(("ada", "ben", "eve"))
Seats = tuple[str, ...]
Snacks = tuple[tuple[str, int], ...]
SEATS_WANTED = st.one_of(
    st.lists(st.sampled_from(sorted(SEATS)), min_size=1, max_size=3, unique=True).map(tuple),
    # What is sold together, together; and what is not sold alone, not alone.
    st.lists(st.sampled_from((("A1",), ("B1",), ("A2", "A3"), ("B2",), ("B2", "B3"))), min_size=1, max_size=2,
             unique=True).map(lambda parts: tuple(dict.fromkeys(seat for part in parts for seat in part))))
SNACKS_WANTED = st.sampled_from(((("popcorn", 1),), (("popcorn", 2), ("cola", 1)), (("cola", 3),)))
CHOICES = st.sampled_from(("challenge", "right code", "right code", "wrong code", "decline", "insufficient_funds",
                           "abandon"))
BUG_IN = st.sampled_from((None, None, "kitchen", "payment"))
CHANGES: dict[Any, dict[str, Any]] = {
    order.BUY: {"seats": ["A1", "A2", "A3", "B1"]}, order.PAY: {"method": "card", "return_url": "/elsewhere"},
    order.REFUND: {"amount": 1}}


class BuyerSteps(Steps):
    @rule(buyer=BUYERS, where=st.integers(0, 1), seats=SEATS_WANTED, keyed=st.booleans(),
          stalls=st.sampled_from((False, False, False, False, False, True)))
    def buy(self, buyer: str, where: int, seats: Seats, keyed: bool, stalls: bool = False) -> None:
        """`stalls`: Redis does, and holds the seats after the buyer was told to try again."""
        if stalls:
            self.cinema.world.accidents.planned = Accident("board", "later", 0)
        self._buy(buyer, where, seats, (), keyed)

    @rule(buyer=BUYERS, where=st.integers(0, 1), seats=SEATS_WANTED, snacks=SNACKS_WANTED, keyed=st.booleans())
    def buy_with_snacks(self, buyer: str, where: int, seats: Seats, snacks: Snacks, keyed: bool) -> None:
        self._buy(buyer, where, seats, snacks, keyed)

    def _buy(self, buyer: str, where: int, seats: Seats, snacks: Snacks, keyed: bool) -> None:
        screening = self.cinema.ledger.screenings[where]
        fields = {"screening_id": screening.screening_id, "seats": list(seats),
                  "snacks": [{"sku": sku, "quantity": quantity} for sku, quantity in snacks]}
        request = Request(
            order.BUY, self.principal(buyer, keyed), fields,
            lambda: Intent("buy", seats=seats, snacks=snacks, buyer=buyer, screening=screening),
            lambda intent: of_buying(self.cinema.ledger, intent, self.cinema.now, request.unclear))
        self.cinema.send(request)

    @precondition(lambda self: self.orders)
    @rule(pick=PICK, keyed=st.booleans())
    def pay_at_once(self, pick: int, keyed: bool) -> None:
        self._pay(self.order(pick, *UNPAID), keyed, at_once=True)

    @precondition(lambda self: self.orders)
    @rule(pick=PICK, keyed=st.booleans())
    def go_to_the_page(self, pick: int, keyed: bool) -> None:
        self._pay(self.order(pick, *UNPAID), keyed, at_once=False)

    def _pay(self, mine: Order, keyed: bool, at_once: bool) -> None:
        where = {"method": "sandbox"} if at_once else {"method": "card", "return_url": f"/order/{mine.order_id}"}
        self.cinema.send(Request(
            order.PAY, self.principal(mine.buyer, keyed), {"order_id": mine.order_id, **where},
            lambda: Intent("pay", mine),
            lambda intent: of_paying(mine, self.cinema.snapshot, at_once, self.cinema.now)))

    @precondition(lambda self: self._pages())
    @rule(pick=PICK)
    def say_yes_at_the_page(self, pick: int) -> None:
        self._choose(pick, "pay")

    @precondition(lambda self: self._pages())
    @rule(pick=PICK, choice=CHOICES)
    def choose_at_the_page(self, pick: int, choice: str) -> None:
        self._choose(pick, choice)

    def _pages(self) -> list[tuple[Order, str]]:
        return [(each, page) for each in self.orders for page in each.pages]

    def _choose(self, pick: int, choice: str) -> None:
        mine, page = self._pages()[-1 - pick % len(self._pages())]
        code = {"right code": checkout.CODE, "wrong code": "0000"}.get(choice, "")
        fields = {"payment_id": page, "language": "en", "choice": "confirm" if code else choice, "code": code}

        def says_yes() -> bool:
            return any(charge.payment_id == page and charge.status == "authorized"
                       for charge in self.cinema.snapshot.charges[mine.order_id])

        before = says_yes()
        self.cinema.step(Intent("page", mine),
                         lambda: self.cinema.world.ask(payment.ANSWER_PAGE, Principal(), **fields))
        if says_yes() and not before and mine.status in UNPAID:
            last = self.cinema.snapshot.charges[mine.order_id][-1].payment_id == page
            mine.money = Money.MUST if last and not mine.closing_unclear and not mine.wrong_amount else Money.MAY

    @precondition(lambda self: any(each.status in UNPAID for each in self.orders))
    @rule(pick=PICK, keyed=st.booleans())
    def cancel(self, pick: int, keyed: bool) -> None:
        mine = self.order(pick, "paying")
        self.cinema.send(Request(order.CANCEL, self.principal(mine.buyer, keyed), {"order_id": mine.order_id},
                                 lambda: Intent("cancel", mine), lambda intent: of_cancelling(mine)))

    @precondition(lambda self: any(each.status in OWNING for each in self.orders))
    @rule(pick=PICK, count=st.integers(0, 2), last=st.booleans(),
          amount=st.sampled_from((None, None, "shown", "wrong")), keyed=st.booleans(), bug_in=BUG_IN)
    def refund(self, pick: int, count: int, last: bool, amount: str | None, keyed: bool,
               bug_in: str | None = None) -> None:
        """`count`: of how many seats, from the first or the `last`; 0: of the whole order."""
        if bug_in:
            self.cinema.world.accidents.planned = Accident(f">{bug_in}", "fault", 0)
        paid = [each for each in self.orders if each.status in OWNING]
        mine = paid[-1 - pick % len(paid)]
        some = tuple(sorted(mine.valid, reverse=last)[:count])
        fields: dict[str, Any] = {"order_id": mine.order_id} | ({"seats": list(some)} if some else {})
        if amount:
            fields["amount"] = (self.shown(mine, some or tuple(mine.valid)) or 0) + (amount == "wrong")

        def as_shown(intent: Intent) -> bool:
            return "amount" not in fields or fields["amount"] == self.shown(mine, intent.seats)

        owed = self._is_owed(mine)
        outcome = self.cinema.send(Request(
            order.REFUND, self.principal(mine.buyer, keyed), fields,
            lambda: Intent("refund", mine, some or tuple(sorted(set(mine.seats) - mine.returned))),
            lambda intent: of_refunding(mine, intent.seats, as_shown(intent), self.cinema.now)))
        only_kitchen = all(what.startswith(">kitchen") for what in self.cinema.world.accidents.happened)
        if outcome.told and not owed and only_kitchen:
            agree(not self._is_owed(mine), f"{mine} waits for its seats' money")

    def _is_owed(self, mine: Order) -> bool:
        """Whether some of what goes back for its seats has not gone back yet."""
        return sum(charge.refunded for charge in self.cinema.snapshot.charges[mine.order_id]) < mine.back

    def shown(self, mine: Any, seats: tuple[str, ...]) -> int | None:
        """What the page shows that would go back for these seats."""
        seen = self.cinema.snapshot.orders[mine.order_id].kitchen_status
        whole = set(seats) == set(mine.seats) - mine.returned
        snacks = mine.snacks_worth if whole and seen not in ("preparing", "ready", "collected", "uncollected") else 0
        back = mine.refund_of(list(seats), self.cinema.now)
        return None if back is None else back + snacks

    @precondition(lambda self: self.orders)
    @rule(pick=PICK, stranger=st.booleans())
    def look_up(self, pick: int, stranger: bool) -> None:
        mine = self.order(pick)
        sure: set[type[Refusal]] = {UnknownOrder} if stranger else set()
        self.cinema.send(Request(order.GET_INFO, Principal(user_id="mallory" if stranger else mine.buyer),
                                 {"order_id": mine.order_id}, lambda: Intent("look up", mine),
                                 lambda intent: Prediction.of(sure, set())))

    @precondition(lambda self: self.orders)
    @rule(pick=PICK, method=st.sampled_from((order.REFUND, order.PAY, order.CANCEL, order.GET_INFO)),
          keyed=st.booleans())
    def name_it_in_capitals(self, pick: int, method: Any, keyed: bool) -> None:
        """Which is another name, and nobody's."""
        mine = self.order(pick, *OWNING)
        way = {"method": "sandbox"} if method is order.PAY else {}
        self.cinema.send(Request(method, self.principal(mine.buyer, keyed), {"order_id": mine.order_id.upper(), **way},
                                 lambda: Intent("name in capitals"),
                                 lambda intent: Prediction.of({UnknownOrder}, set())))

    @rule(buyer=BUYERS)
    def list_orders(self, buyer: str) -> None:
        self.cinema.list_orders(buyer)

    @precondition(lambda self: self.cinema.requests)
    @rule(pick=PICK, changed=st.booleans())
    def send_again(self, pick: int, changed: bool) -> None:
        """A request under the Idempotency-Key that it had; `changed`: another request under that key."""
        request = self.cinema.requests[-1 - pick % len(self.cinema.requests)]
        if changed and request.contract in CHANGES and request.told is not None:
            self.cinema.send_changed(request, **CHANGES[request.contract])
        else:
            self.cinema.send_again(request)

    @precondition(lambda self: self._outdated())
    @rule(pick=PICK)
    def send_again_what_has_changed(self, pick: int) -> None:
        """A request whose answer had tickets that are void by now."""
        outdated = self._outdated()
        self.cinema.send_again(outdated[-1 - pick % len(outdated)])

    def _outdated(self) -> list[Request]:
        return [request for request in self.cinema.requests
                if request.told and self.cinema.ledger.as_told_now(request.told) != request.told]
