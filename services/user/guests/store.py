"""The queries on guests, their tokens and the links that were mailed to them. A token is kept by its digest alone."""

import datetime as dt
from typing import Any

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.engine import Connection, Row

from schemas.roles import GUEST
from services.foundation.column_types import UtcDateTime
from services.foundation.database import delete_some
from services.user.models import Guest, GuestToken, OrderLink, User
from services.user.records import TokenHolder

GUEST_NAME = "~guest"    # no username has a tilde


def add_guest(tx: Connection, guest_id: str, now: dt.datetime, language: str | None) -> None:
    """Keep a new guest, who is forgotten unless somebody keeps it for longer."""
    tx.execute(insert(Guest), {"guest_id": guest_id, "created_at": now, "kept_until": now, "events": 0,
                               "language": language})


def guest_by_id(tx: Connection, guest_id: str) -> Row[Any] | None:
    """The guest, also one whose orders an account has adopted."""
    return tx.execute(select(Guest.__table__).where(Guest.guest_id == guest_id)).first()


def lock_guest(tx: Connection, guest_id: str) -> Row[Any] | None:
    """The same. Until the transaction ends, nobody adopts the guest or opens a link of theirs."""
    return tx.execute(select(Guest.__table__).where(Guest.guest_id == guest_id).with_for_update()).first()


def keep(tx: Connection, guest_id: str, until: dt.datetime, **fields: Any) -> None:
    """Keep the guest until then at least, and set these columns."""
    tx.execute(update(Guest).where(Guest.guest_id == guest_id)
               .values(kept_until=func.greatest(Guest.kept_until, literal(until, UtcDateTime())), **fields))


def change(tx: Connection, guest_id: str, **fields: Any) -> None:
    """Set these columns of the guest."""
    tx.execute(update(Guest).where(Guest.guest_id == guest_id).values(**fields))


def pass_language_on(tx: Connection, guest: Row[Any], user_id: str) -> None:
    """Write to this account in the guest's language, unless it has one of its own."""
    tx.execute(update(User).where(User.user_id == user_id, User.language.is_(None)).values(language=guest.language))


# --- tokens ---


def add_token(tx: Connection, token_id: str, guest_id: str, expires_at: dt.datetime) -> None:
    """Keep a token of the guest, and the guest for as long."""
    tx.execute(insert(GuestToken), {"token_id": token_id, "guest_id": guest_id, "expires_at": expires_at})
    keep(tx, guest_id, expires_at)


def token_holder(tx: Connection, token_id: str) -> TokenHolder | None:
    """The guest whose token it is, even if it has expired."""
    row = tx.execute(select(GuestToken.__table__).where(GuestToken.token_id == token_id)).first()
    return TokenHolder(row.guest_id, GUEST_NAME, [GUEST], row.expires_at) if row else None


def delete_token(tx: Connection, token_id: str) -> None:
    """End this token."""
    tx.execute(delete(GuestToken).where(GuestToken.token_id == token_id))


def delete_tokens_of(tx: Connection, guest_id: str, but: str | None = None) -> list[str]:
    """End all tokens of the guest, but for this one; returns their ids, to be revoked after the commit."""
    ended = (GuestToken.guest_id == guest_id) & (GuestToken.token_id != (but or ""))
    token_ids = list(tx.execute(select(GuestToken.token_id).where(ended)).scalars())
    tx.execute(delete(GuestToken).where(ended))
    return token_ids


# --- links to orders ---


def add_link(tx: Connection, token_id: str, guest: Row[Any], order_id: str) -> None:
    """Keep a link that is mailed to the guest's address."""
    tx.execute(insert(OrderLink), {"token_id": token_id, "guest_id": guest.guest_id, "order_id": order_id,
                                   "email": guest.email, "expires_at": guest.kept_until})


def link_by_id(tx: Connection, token_id: str) -> Row[Any] | None:
    """The link, even if it has expired or was used."""
    return tx.execute(select(OrderLink.__table__).where(OrderLink.token_id == token_id)).first()


def mark_link_used(tx: Connection, token_id: str, now: dt.datetime) -> None:
    """Note that the link has opened its order."""
    tx.execute(update(OrderLink).where(OrderLink.token_id == token_id).values(used_at=now))


# --- what has had its time; in this sequence, since guests are kept for as long as their tokens and links ---


def delete_expired_tokens(tx: Connection, now: dt.datetime) -> int:
    """Delete some of the expired tokens of guests; returns how many."""
    return delete_some(tx, GuestToken, GuestToken.expires_at <= now)


def delete_expired_links(tx: Connection, now: dt.datetime) -> int:
    """Delete some of the expired links to orders; returns how many."""
    return delete_some(tx, OrderLink, OrderLink.expires_at <= now)


def delete_forgotten(tx: Connection, now: dt.datetime) -> int:
    """Delete some of the guests whose tokens, links and screenings are over; returns how many."""
    return delete_some(tx, Guest, Guest.kept_until <= now)
