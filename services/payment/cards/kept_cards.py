"""The cards that members keep: this room has the provider's token of each, and never a number."""

import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import Any

from schemas.payment import UnknownCard
from services.foundation.database import Transactions, utc_now
from services.payment import store as payment_store
from services.payment.cards import store
from services.payment.job_pool import Job, guarded
from services.payment.models import Card
from services.payment.provider_registry import ProviderRegistry

TRIED_AGAIN_AFTER = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class KeptCards:
    """Keeps cards, finds and removes them. Whatever has to be asked of a provider is done by `jobs`."""

    database: Transactions
    providers: ProviderRegistry

    def of_member(self, user_id: str) -> list[Any]:
        """The member's cards at the provider that takes new payments, the newest first."""
        return self.database.read(lambda tx: store.kept(tx, user_id, self.providers.settings.provider))

    def token(self, user_id: str | None, card_id: str) -> str:
        """The provider's token of the member's card. Raises UnknownCard."""
        found = self.of_member(user_id) if user_id else []
        try:
            return next(str(card.token) for card in found if card.card_id == card_id)
        except StopIteration:
            raise UnknownCard() from None

    def remove(self, user_id: str, card_id: str) -> None:
        """Remove the member's card; once removed, it stays so. Raises UnknownCard."""
        self.database.run_repeatable(lambda tx: store.remove(tx, user_id, card_id))

    def end_holder(self, user_id: str) -> None:
        """Remove all cards of a member whose account has ended, and keep none from now on."""
        self.database.run_repeatable(lambda tx: store.end_holder(tx, user_id))

    def jobs(self) -> list[Job]:
        """Jobs that ask the providers which cards have paid, and that detach removed ones."""
        now = utc_now()
        before = now - TRIED_AGAIN_AFTER
        wishes = self.database.run(lambda tx: store.lease_wishes(tx, before, now))
        removed = self.database.run(
            lambda tx: payment_store.lease(tx, Card, Card.card_id, "removed", before, now))
        return [*(guarded(partial(self._keep, payment_id), payment_id=payment_id) for payment_id in wishes),
                *(guarded(partial(self._detach, card_id), card_id=card_id) for card_id in removed)]

    def _keep(self, payment_id: str) -> None:
        attempt = self.database.read(lambda tx: payment_store.attempt(tx, payment_id))
        assert attempt is not None
        card = self.providers.find(attempt.provider).card_of(attempt)
        self.database.run_repeatable(lambda tx: store.add(tx, attempt, card, utc_now()))

    def _detach(self, card_id: str) -> None:
        card = self.database.read(lambda tx: store.find(tx, card_id))
        if card.status == "removed":
            self.providers.find(card.provider).detach(card.token)
            self.database.run_repeatable(lambda tx: store.mark_detached(tx, card_id))
