"""The tables `card` and `card_holder`. A transaction that changes a member's cards locks their holder first."""

import datetime as dt
from dataclasses import asdict
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.engine import Connection

from schemas.payment import UnknownCard
from services.foundation.ids import new_id
from services.payment.models import Card, CardHolder, Payment
from services.payment.payment_state import Attempt, CardRecord
from services.payment.store import NOT_TRIED, lease

CARDS_AT_MOST = 10                          # a member keeps; the next one pays, and is not kept
NOTHING = {"token": None, "fingerprint": None, "brand": None, "last4": None, "exp_month": None, "exp_year": None}


def kept(tx: Connection, user_id: str, provider: str) -> list[Any]:
    """The member's cards that the provider keeps, the newest first."""
    query = select(Card.__table__).where(Card.user_id == user_id, Card.status == "kept", Card.provider == provider)
    return list(tx.execute(query.order_by(Card.card_id.desc())))


def add(tx: Connection, attempt: Attempt, card: CardRecord | None, now: dt.datetime) -> None:
    """Keep the card that has paid the attempt, as its buyer wished; None: there is none, and the wish has ended.

    The same card under an earlier token is removed. So is this one, if its holder has enough cards or is gone.
    """
    tx.execute(update(Payment).where(Payment.payment_id == attempt.payment_id).values(save_card=False))
    if card is None or attempt.user_id is None:
        return
    ended = lock_holder(tx, attempt.user_id)
    if tx.execute(select(Card.card_id).where(Card.payment_id == attempt.payment_id)).first():
        return  # another process was faster
    known = kept(tx, attempt.user_id, attempt.provider)
    same = [each.card_id for each in known if card.fingerprint and each.fingerprint == card.fingerprint]
    _remove(tx, Card.card_id.in_(same))
    has_room = len(known) - len(same) < CARDS_AT_MOST
    row = {**asdict(card), "card_id": new_id(), "user_id": attempt.user_id, "provider": attempt.provider,
           "payment_id": attempt.payment_id, "status": "kept" if has_room and not ended else "removed",
           "created_at": now, "tried_at": NOT_TRIED}
    tx.execute(insert(Card), row)


def remove(tx: Connection, user_id: str, card_id: str) -> None:
    """Remove a card of the member's; the next sweep detaches it. Raises UnknownCard."""
    lock_holder(tx, user_id)
    here = (Card.card_id == card_id) & (Card.user_id == user_id)
    if tx.execute(select(Card.card_id).where(here)).first() is None:
        raise UnknownCard()
    _remove(tx, here)


def end_holder(tx: Connection, user_id: str) -> None:
    """Remove all cards of a member whose account has ended; none is kept from now on."""
    lock_holder(tx, user_id)
    tx.execute(update(CardHolder).where(CardHolder.user_id == user_id).values(ended=True))
    _remove(tx, Card.user_id == user_id)


def lock_holder(tx: Connection, user_id: str) -> bool:
    """Lock the member's cards until the transaction ends; whether the member's account has ended."""
    tx.execute(upsert(CardHolder).values(user_id=user_id).on_duplicate_key_update(user_id=user_id))
    found = select(CardHolder.ended).where(CardHolder.user_id == user_id).with_for_update()
    return bool(tx.execute(found).scalar_one())


def lease_wishes(tx: Connection, before: dt.datetime, now: dt.datetime) -> list[str]:
    """Payments whose card is to be kept and that nobody has looked at since then; others then leave them alone."""
    return lease(tx, Payment, Payment.payment_id, "captured", before, now, Payment.save_card.is_(True))


def find(tx: Connection, card_id: str) -> Any:
    """The card's row."""
    return tx.execute(select(Card.__table__).where(Card.card_id == card_id)).one()


def mark_detached(tx: Connection, card_id: str) -> None:
    """Forget what is known of a removed card: its provider has forgotten it."""
    here = (Card.card_id == card_id) & (Card.status == "removed")
    tx.execute(update(Card).where(here).values(status="detached", **NOTHING))


def _remove(tx: Connection, here: Any) -> None:
    tx.execute(update(Card).where(here, Card.status == "kept").values(status="removed", tried_at=NOT_TRIED))
