"""What a guest may become: an address that is confirmed by its link, and orders that an account adopts, once."""

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection, Row

from schemas.errors import Unauthenticated
from schemas.user import EMAIL_CONFIRMED, GUEST_ADOPTED, ORDER_LINK_REQUESTED, LinkOver, OtherGuest, token_id
from services.foundation.events import outbox
from services.foundation.ids import new_id
from services.user import emails
from services.user import store as account_store
from services.user.guests import store
from services.user.models import OUTBOX


def start(tx: Connection, now: dt.datetime, lifetime: dt.timedelta, language: str | None = None) -> dict[str, Any]:
    """A new guest's first token: a schemas.user.guests.GuestToken."""
    guest_id = new_id()
    store.add_guest(tx, guest_id, now, language)
    return _issue(tx, guest_id, now + lifetime)


def adopt(tx: Connection, token: str | None, user_id: str, now: dt.datetime) -> list[str]:
    """Hand what is a guest's to the account that signs in with the guest's token; any other token changes nothing.

    The first account has it, whoever comes later; also the guest's language, if it has none of its own. Returns the ids
    of the guest's tokens, which end: the caller revokes them.
    """
    holder = store.token_holder(tx, token_id(token)) if token else None
    if holder is None or holder.expires_at <= now:
        return []
    guest = store.lock_guest(tx, holder.user_id)
    if guest is None or guest.adopted_by is not None:
        return []
    store.change(tx, guest.guest_id, adopted_by=user_id)
    store.pass_language_on(tx, guest, user_id)
    _write_event(tx, GUEST_ADOPTED, guest, {"guest_id": guest.guest_id, "user_id": user_id})
    return store.delete_tokens_of(tx, guest.guest_id)


def keep_address(tx: Connection, guest_id: str, email: str, until: dt.datetime,
                 by_token: str | None = None, language: str | None = None) -> list[str]:
    """Write to this address from now on, in this language if there is one; another address is not confirmed.

    Raises Unauthenticated. When the address replaces one, all tokens but `by_token` end, for whoever reads the mail of
    the former address may have one. Returns their ids: the caller revokes them.
    """
    guest = store.lock_guest(tx, guest_id)
    if guest is None or guest.adopted_by is not None:
        raise Unauthenticated()
    moved = emails.is_another_mailbox(guest.email, email)
    store.keep(tx, guest_id, until, **({"email": email, "email_confirmed_at": None} if moved else {}),
               **({"language": language} if language else {}))
    return store.delete_tokens_of(tx, guest_id, but=by_token) if moved and guest.email is not None else []


def contact(tx: Connection, user_id: str) -> dict[str, Any]:
    """How to write to a guest, or to the account that has adopted the guest, or to any account.

    A schemas.user.methods.Contact.
    """
    guest = store.guest_by_id(tx, user_id)
    if guest is not None and guest.adopted_by is None:
        return {"user_id": user_id, "display_name": None, "guest": True, **_where_to_write(guest)}
    found = account_store.account_by_id(tx, guest.adopted_by if guest else user_id)
    return {"user_id": user_id, "display_name": found and (found.display_name or found.username), "guest": False,
            **_where_to_write(found)}


# --- links that open an order ---


def issue_link(tx: Connection, guest_id: str, order_id: str) -> dict[str, Any]:
    """A schemas.user.guests.OrderLink to mail. Links mailed before stay: nobody knows which of them arrived."""
    guest = store.lock_guest(tx, guest_id)
    if guest is None or guest.adopted_by is not None or guest.email is None:
        return {"email": None, "token": None}
    token = secrets.token_urlsafe(32)
    store.add_link(tx, token_id(token), guest, order_id)
    return {"email": guest.email, "token": token, "language": guest.language}


@dataclass(frozen=True)
class Opener:
    """Who opens a link: the holder of `token`, if there is one. `same_guest`: the link must be for that guest."""

    token: str | None = None
    same_guest: bool = False

    def check(self, tx: Connection, guest_id: str, now: dt.datetime) -> None:
        """Raise OtherGuest if the link must be for the opener and is for another guest."""
        if not self.same_guest:
            return
        holder = store.token_holder(tx, token_id(self.token)) if self.token else None
        if holder is None or holder.expires_at <= now or holder.user_id != guest_id:
            raise OtherGuest()


ANYBODY = Opener()


def open_link(tx: Connection, token: str, now: dt.datetime, lifetime: dt.timedelta,
              opener: Opener = ANYBODY) -> dict[str, Any]:
    """A token of the guest for an unused link, which is used then: a schemas.user.guests.OpenOrderReply.

    Whoever opens it reads the mail of its address, so that is confirmed. Raises LinkOver, OtherGuest.
    """
    link, guest = _locked(tx, token, now)
    opener.check(tx, guest.guest_id, now)
    if link.used_at is not None:
        raise LinkOver(order_id=link.order_id)
    store.mark_link_used(tx, link.token_id, now)
    if guest.email_confirmed_at is None:
        store.change(tx, guest.guest_id, email_confirmed_at=now)
        _write_event(tx, EMAIL_CONFIRMED, guest, {"user_id": guest.guest_id})
    return {**_issue(tx, guest.guest_id, now + lifetime), "order_id": link.order_id, "email": guest.email}


def request_link(tx: Connection, token: str, now: dt.datetime) -> None:
    """Have another link to the order of this one, used or unused, mailed to the guest. Raises LinkOver."""
    link, guest = _locked(tx, token, now)
    _write_event(tx, ORDER_LINK_REQUESTED, guest, {"user_id": guest.guest_id, "order_id": link.order_id})


def _locked(tx: Connection, token: str, now: dt.datetime) -> tuple[Row[Any], Row[Any]]:
    """The link and its guest, locked. Raises LinkOver.

    Once the guest has another address it is over, too: the one that it was mailed to may be a stranger's, by a mistake.
    """
    digest = token_id(token)
    found = store.link_by_id(tx, digest)
    if found is None or found.expires_at <= now:
        raise LinkOver()
    guest = store.lock_guest(tx, found.guest_id)
    link = store.link_by_id(tx, digest)   # it may have been used before we had the lock
    if guest is None or link is None or guest.adopted_by is not None:
        raise LinkOver(order_id=found.order_id)
    if guest.email != link.email:
        raise LinkOver()    # without the order: no other link is mailed for this one
    return link, guest


def _issue(tx: Connection, guest_id: str, expires_at: dt.datetime) -> dict[str, Any]:
    token = secrets.token_urlsafe(32)
    store.add_token(tx, token_id(token), guest_id, expires_at)
    return {"token": token, "expires_at": expires_at}


def _where_to_write(found: Row[Any] | None) -> dict[str, Any]:
    """The address, if it is confirmed, and the language of mails to it."""
    is_confirmed = bool(found and found.email_confirmed_at)
    return {"email": found.email if found and is_confirmed else None,
            "unconfirmed": bool(found and found.email and not is_confirmed), "language": found and found.language}


def _write_event(tx: Connection, event: Any, guest: Row[Any], body: dict[str, Any]) -> None:
    store.change(tx, guest.guest_id, events=guest.events + 1)
    outbox.write(tx, OUTBOX, event, about=guest.guest_id, sequence=guest.events + 1, body=body)
