"""The payment room's methods about kept cards, and the timer that finishes what was begun with them."""

from functools import cached_property
from typing import Any

from schemas import payment as contract
from schemas import user
from services.foundation.events.consumers import Delivery, on_event
from services.foundation.rpc.calls import call
from services.foundation.timers import every
from services.payment.cards.kept_cards import KeptCards


class CardMethods:
    """A part of the room; `Payment` has what it needs."""

    principal: Any
    database: Any
    jobs: Any
    payments: Any
    log_failure: Any

    @cached_property
    def kept_cards(self) -> KeptCards:
        return KeptCards(self.database, self.payments.providers)

    @call(contract.GET_CARDS)
    def get_cards(self, request: dict[str, Any]) -> list[Any]:
        """The caller's kept cards, the newest first."""
        return self.kept_cards.of_member(str(self.principal.user_id))

    @call(contract.REMOVE_CARD)
    def remove_card(self, request: dict[str, Any]) -> dict[str, Any]:
        """Forget a card of the caller's at once; the provider forgets it soon after. Raises UnknownCard."""
        self.kept_cards.remove(str(self.principal.user_id), request["card_id"])
        return {}

    @on_event(user.REMOVED)
    def remove_cards(self, delivery: Delivery) -> None:
        """The account has ended, and its cards with it. Repeating this changes nothing."""
        self.kept_cards.end_holder(delivery.body["user_id"])

    @every("sweep_seconds")
    def finish_cards(self) -> None:
        """Keep the cards that have paid, as their buyers wished, and have removed ones forgotten by their providers."""
        self.log_failure("cards", lambda: self.jobs.run_all(self.kept_cards.jobs))
