"""Links by which the owner of an e-mail address confirms it. Each is good for a while, and for one address.

A used link stays until it expires or the account has another address, so that a client that lost the answer may ask
again.
"""

import datetime as dt
import secrets
from typing import Any

from sqlalchemy.engine import Connection, Row

from schemas.user import EMAIL_CONFIRMED, EMAIL_GIVEN, ConfirmationOver, NothingToConfirm, token_id
from services.foundation.database import utc_now
from services.foundation.events import outbox
from services.user import store
from services.user.models import OUTBOX
from services.user.self_service import notices
from services.user.self_service import store as own_store


def check_unconfirmed(account: Row[Any]) -> None:
    """Raises NothingToConfirm unless the account has an address that is not confirmed yet."""
    if account.email is None or account.email_confirmed_at is not None:
        raise NothingToConfirm()


def request_link(tx: Connection, user_id: str) -> None:
    """Have a link mailed to the address of the account. The event names no address and carries no link."""
    _write_event(tx, EMAIL_GIVEN, user_id)


def move(tx: Connection, account: Row[Any], requests_link: bool) -> None:
    """Withdraw the links of an account whose address has changed or was removed, whether mailed or only requested.

    Those that set a password stay if they were mailed to a former address that recovers the account.

    `account`: as it was before. If its address was confirmed, that one is told. `requests_link`: have a link mailed to
    the new address.
    """
    user_id = account.user_id
    store.delete_links_of(tx, user_id)
    if account.email and account.email_confirmed_at:
        notices.write_email_changed(tx, account)
    own_store.delete_resets_of(tx, user_id, but_to=own_store.recovery_email(tx, user_id, utc_now()))
    if requests_link:
        request_link(tx, user_id)
    else:
        store.next_email_event(tx, user_id)


def issue_link(tx: Connection, user_id: str, number: int, now: dt.datetime,
               lifetime: dt.timedelta) -> dict[str, Any] | None:
    """A schemas.user.methods.Confirmation with a new token; None if there is nothing to confirm.

    `number`: of the event that requested the link. Only the account's last number counts, and every move takes one: a
    link that was requested, and counted, for another address is not mailed to this one.
    """
    account = store.lock_account(tx, user_id) if store.account_by_id(tx, user_id) else None
    if (account is None or account.email is None or account.email_confirmed_at is not None
            or account.email_events != number):
        return None
    token = secrets.token_urlsafe(32)
    store.add_link(tx, token_id(token), user_id, account.email, now + lifetime)
    return {"email": account.email, "token": token, "language": account.language}


def confirm(tx: Connection, token: str, now: dt.datetime) -> None:
    """Confirm the address that the link was mailed to; opening it again changes nothing. Raises ConfirmationOver."""
    link = _valid_link(tx, token, now)
    account = store.lock_account(tx, link.user_id)
    _valid_link(tx, token, now)  # it may have been withdrawn before we had the lock
    if account.email != link.email:
        raise ConfirmationOver()
    if account.email_confirmed_at is not None:
        return  # by this link: the one that confirms an address withdraws the others
    store.delete_links_of(tx, account.user_id, but=link.token_id)
    store.update_account(tx, account.user_id, email_confirmed_at=now)
    _write_event(tx, EMAIL_CONFIRMED, account.user_id)


def _valid_link(tx: Connection, token: str, now: dt.datetime) -> Row[Any]:
    link = store.link_by_id(tx, token_id(token))
    if link is None or link.expires_at <= now:
        raise ConfirmationOver()
    return link


def _write_event(tx: Connection, event: Any, user_id: str) -> None:
    outbox.write(tx, OUTBOX, event, about=user_id, sequence=store.next_email_event(tx, user_id),
                 body={"user_id": user_id})
