"""What members do with the cards that they keep at the provider."""

from typing import Any

from hypothesis import strategies as st

from schemas import order, payment
from schemas.payment import UnknownCard
from services.foundation.rpc.calls import Principal
from tests.integration.model.agreement import agree
from tests.integration.model.buyer_steps import SEATS_WANTED, BuyerSteps, Seats
from tests.integration.model.cards import Cards
from tests.integration.model.cinema import Request
from tests.integration.model.orders import UNPAID, Intent, Order
from tests.integration.model.predictions import Prediction, of_paying, of_paying_by_card
from tests.integration.model.provider_steps import ProviderSteps
from tests.integration.model.snapshot import CardRow
from tests.integration.model.steps import PICK, precondition, rule

CHOICES = st.sampled_from((None, "pay", "pay", "pay", "challenge"))
OTHERS = st.sampled_from((None, None, None, None, None, "ada", "ben", "eve"))


class CardSteps(BuyerSteps, ProviderSteps):
    @property
    def cards(self) -> Cards:
        return self.cinema.ledger.cards

    def card(self, pick: int) -> CardRow:
        """The one picked, mostly among those that are kept still."""
        some = [card_id for card_id, row in self.cards.rows.items() if row.status == "kept"] if pick % 4 else []
        found = sorted(some or self.cards.rows)
        return self.cards.rows[found[-1 - pick % len(found)]]

    @precondition(lambda self: any(each.status in UNPAID for each in self.orders))
    @rule(pick=PICK, choice=CHOICES, says_so=st.sampled_from((True, True, False)), keyed=st.booleans(),
          pays=st.booleans(), seats=SEATS_WANTED)
    def go_to_the_page_and_keep_the_card(self, pick: int, choice: str | None, says_so: bool, keyed: bool,
                                         pays: bool = False, seats: Seats = ()) -> None:
        """`choice`: what the buyer does there; `says_so`: and the payment room hears of it, and keeps the card; `pays`:
        and the buyer pays by it."""
        mine = self.order(pick, *UNPAID)
        mine.keeps_card = True
        self._pay_by_card(mine, keyed, lambda: of_paying(mine, self.cinema.snapshot, False, self.cinema.now),
                          save_card=True)
        if choice and mine.pages:
            pages = self._pages()
            self._choose(len(pages) - 1 - pages.index((mine, mine.pages[-1])), choice)
        if says_so and self.cinema.snapshot.messages:
            self.a_webhook_arrives(pick=0)
            self.cinema.tick("payment", "process_webhooks")
            self.all_events_arrive()
            self.cinema.tick("payment", "finish_cards")
        if pays and (kept := self.cards.kept(mine.buyer)):
            self._buy_or_pay(mine.buyer, kept[0], pick % 2, seats, keyed)

    @precondition(lambda self: self.cards.rows)
    @rule(pick=PICK, other=OTHERS, where=st.integers(0, 1), seats=SEATS_WANTED, keyed=st.booleans())
    def pay_by_a_kept_card(self, pick: int, other: str | None, where: int, seats: Seats, keyed: bool) -> None:
        """`other`: who pays by it, though it may be another's."""
        card = self.card(pick)
        self._buy_or_pay(other or card.user_id, card.card_id, where, seats, keyed)

    @precondition(lambda self: self.cards.rows)
    @rule(pick=PICK, other=OTHERS)
    def remove_card(self, pick: int, other: str | None) -> None:
        """And look at those that are left. `other`: who does that, though it may be another's."""
        card = self.card(pick)
        buyer = other or card.user_id
        prediction: Any = Prediction.of(set() if buyer == card.user_id else {UnknownCard}, set())
        outcome = self.cinema.send(Request(
            payment.REMOVE_CARD, Principal(user_id=buyer), {"card_id": card.card_id},
            lambda: Intent("remove card", buyer=buyer, card=card.card_id), lambda intent: prediction))
        self.cinema.met["card removed"] += outcome.told is not None and card.status == "kept"
        agree(outcome.told is None or card.card_id not in self.cards.kept(buyer), f"{card} is removed, and still there")
        told = self.cinema.step(Intent("look"), lambda: self.cinema.world.ask(
            payment.GET_CARDS, Principal(user_id=buyer))).told
        agree(told is None or [each["card_id"] for each in told] == self.cards.kept(buyer), f"{buyer} has {told}")

    def _buy_or_pay(self, buyer: str, card_id: str, where: int, seats: Seats, keyed: bool) -> None:
        """Pay by the card for an order that the buyer has, or else makes."""
        def unpaid() -> list[Order]:
            return [each for each in self.orders if each.buyer == buyer and each.status in UNPAID]

        if not unpaid():
            self.buy(buyer=buyer, where=where, seats=seats, keyed=False)
        if mine := unpaid():
            self._pay_by(mine[-1], card_id, keyed)

    def _pay_by(self, mine: Order, card_id: str, keyed: bool) -> None:
        self._pay_by_card(mine, keyed, lambda: of_paying_by_card(
            mine, self.cinema.snapshot, card_id in self.cards.kept(mine.buyer), self.cinema.now), card_id=card_id)
        mine.asked_otherwise = True
        by_card = {payment_id for payment_id, *_ in self.cinema.snapshot.paid_by_card}
        self.cinema.met["paid by kept card"] += any(
            charge.status == "captured" and charge.payment_id in by_card
            for charge in self.cinema.snapshot.charges[mine.order_id])

    def _pay_by_card(self, mine: Order, keyed: bool, predict: Any, **way: Any) -> None:
        fields = {"order_id": mine.order_id, "method": "card", "return_url": f"/order/{mine.order_id}", **way}
        self.cinema.send(Request(order.PAY, self.principal(mine.buyer, keyed), fields,
                                 lambda: Intent("pay", mine), lambda intent: predict()))
