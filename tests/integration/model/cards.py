"""The cards that members keep at the provider, as the model's ledger has them."""

from dataclasses import dataclass, field

from tests.integration.model.agreement import agree
from tests.integration.model.orders import Intent, Order
from tests.integration.model.snapshot import CardRow, Snapshot


@dataclass
class Cards:
    """Whose card is whose, and which payments are to leave one behind."""

    rows: dict[str, CardRow] = field(default_factory=dict)   # by card
    owners: dict[str, str] = field(default_factory=dict)     # by token, also of cards that are forgotten
    wishes: dict[str, str] = field(default_factory=dict)     # by payment, the order of those that are to keep a card

    def kept(self, user_id: str) -> list[str]:
        """The cards that a member can pay with, the newest first."""
        return sorted((card_id for card_id, row in self.rows.items() if (row.user_id, row.status) == (user_id, "kept")),
                      reverse=True)

    # --- after every step ---

    def follow(self, intent: Intent, orders: dict[str, Order], snapshot: Snapshot) -> None:
        """What is kept was asked for and has paid; what is removed was, too; and nobody pays by another's card."""
        for payment_id, order_id in snapshot.wishes.items():
            agree(orders[order_id].keeps_card, f"payment {payment_id} is to keep a card that nobody wants kept")
            self.wishes[payment_id] = order_id
        for row in snapshot.cards.values():
            self._follow_card(row, intent, orders, snapshot)
        agree(self.rows.keys() <= snapshot.cards.keys(), "a card is lost")
        self.rows = dict(snapshot.cards)
        for payment_id, order_id, token in snapshot.paid_by_card:
            agree(self.owners.get(token) == orders[order_id].buyer, f"payment {payment_id} is by another's card")
        kept = [(row.user_id, row.last4) for row in self.rows.values() if row.status == "kept"]
        agree(len(kept) == len(set(kept)), f"one card is kept twice: {kept}")

    def _follow_card(self, row: CardRow, intent: Intent, orders: dict[str, Order], snapshot: Snapshot) -> None:
        before = self.rows.get(row.card_id)
        if before is None:
            self._adopt(row, orders, snapshot)
        elif before.status == "kept" and row.status != "kept":
            asked = (intent.what, intent.card, intent.buyer) == ("remove card", row.card_id, row.user_id)
            agree(asked or self._is_replaced(before, snapshot), f"{row} was removed after {intent}")
        else:
            agree(row.status in (before.status, "detached"), f"{before} became {row}")
        there = row.payment_id in snapshot.cards_at_the_bank
        agree(there or row.status != "kept", f"the provider has forgotten {row}")
        agree(row.status != "detached" or not there and row.token is None, f"{row} is not forgotten")

    def _adopt(self, row: CardRow, orders: dict[str, Order], snapshot: Snapshot) -> None:
        order_id = self.wishes.get(row.payment_id)
        agree(order_id, f"{row} is kept, and nobody wanted that")
        assert order_id is not None
        paid = {charge.payment_id for charge in snapshot.charges[order_id] if charge.status == "captured"}
        agree(row.payment_id in paid and orders[order_id].buyer == row.user_id, f"{row} has not paid {order_id}")
        if row.token is None:
            later = [each for each in snapshot.cards.values()
                     if each.user_id == row.user_id and each.card_id > row.card_id and each.card_id not in self.rows]
            agree(later, f"{row} is forgotten, though no other was kept in the same step")
            return
        agree(row.last4 == snapshot.cards_at_the_bank.get(row.token), f"{row} is another card")
        self.owners[row.token] = row.user_id

    def _is_replaced(self, before: CardRow, snapshot: Snapshot) -> bool:
        """Whether its holder has kept the same card again in this step."""
        return any((row.user_id, row.last4) == (before.user_id, before.last4) and row.card_id not in self.rows
                   for row in snapshot.cards.values())

    # --- in the end ---

    def check_end(self, orders: dict[str, Order], snapshot: Snapshot) -> None:
        """Every card that was to be kept and has paid is there, and the provider has forgotten those removed."""
        agree(all(row.status != "removed" for row in self.rows.values()), f"not forgotten: {self.rows}")
        known = {row.payment_id for row in self.rows.values()}
        for payment_id, order_id in self.wishes.items():
            mine = orders[order_id]
            looked_into = mine.wrong_amount or mine.dismissed or mine.status == "review"
            paid = any((charge.payment_id, charge.status) == (payment_id, "captured")
                       for charge in snapshot.charges[order_id])
            agree(looked_into or not paid or payment_id not in snapshot.cards_at_the_bank or payment_id in known,
                  f"the card that paid {payment_id} of {mine} is not kept")
