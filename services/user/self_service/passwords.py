"""A member sets a new password: with the old one, or with a link that was mailed to the account's confirmed address.

For some days after a confirmed address was replaced, the links go to that one alone (store.recovery_email).

A used link stays until it expires, so that a client that lost the answer may send the same password again.
"""

import datetime as dt
import secrets
from typing import Any

from sqlalchemy.engine import Connection, Row

from schemas.errors import Busy, FieldsInvalid
from schemas.user import PASSWORD_RESET_REQUESTED, token_id
from schemas.user.self_service import PasswordResetOver
from services.foundation.events import outbox
from services.user import store
from services.user.attempts import device_store
from services.user.attempts.source import Source
from services.user.models import OUTBOX
from services.user.passwords import Passwords
from services.user.self_service import notices
from services.user.self_service import store as own_store


def make_hash(passwords: Passwords, new_password: str, source: Source) -> str:
    """The hash to keep. Raises Busy, and FieldsInvalid about `new_password`."""
    try:
        return passwords.make_hash(new_password, source)
    except FieldsInvalid as problem:
        raise FieldsInvalid(fields={"new_password": problem.about["fields"]["password"]}) from None


def change(tx: Connection, account: Row[Any], new_hash: str, current_token_id: str | None) -> list[str]:
    """Set the password of an account that was read before; returns the token_ids of its other sessions, which end.

    Former addresses recover the account no longer: whoever knows the old password is no thief of a session. Raises Busy
    if the account has another password by now: the old one has to be compared anew.
    """
    now = store.lock_account(tx, account.user_id)
    if now.password_hash not in (account.password_hash, new_hash):  # the new one: by this very call
        raise Busy(retry_after=1)
    _set(tx, now, new_hash)
    own_store.delete_resets_of(tx, account.user_id)
    own_store.end_recovery(tx, account.user_id)
    return store.delete_tokens_of(tx, account.user_id, but=current_token_id)


def request_link(tx: Connection, user_id: str, now: dt.datetime) -> None:
    """Have a link mailed to the account's confirmed or former address, if it has one. The event names neither."""
    account = store.lock_account(tx, user_id)
    if _recipient(tx, account, now):
        outbox.write(tx, OUTBOX, PASSWORD_RESET_REQUESTED, about=user_id, sequence=store.next_email_event(tx, user_id),
                     body={"user_id": user_id})


def issue_link(tx: Connection, user_id: str, number: int, now: dt.datetime,
               lifetime: dt.timedelta) -> dict[str, Any] | None:
    """A schemas.user.self_service.PasswordReset; None unless `number` is the last event about a confirmed address.

    Every move of the address takes a number: a link that was requested for another address is not mailed to this one.
    A former address gets its link whatever the number, or else a thief would only have to go on moving the address.
    """
    account = store.lock_account(tx, user_id) if store.account_by_id(tx, user_id) else None
    email = _recipient(tx, account, now, number) if account else None
    if account is None or email is None:
        return None
    token = secrets.token_urlsafe(32)
    own_store.add_reset(tx, token_id(token), user_id, email, now + lifetime)
    return {"email": email, "username": account.username, "token": token, "language": account.language}


def valid_link(tx: Connection, token: str, now: dt.datetime) -> Row[Any]:
    """The link with this token, used or unused. Raises PasswordResetOver."""
    link = own_store.reset_by_id(tx, token_id(token))
    if link is None or link.expires_at <= now:
        raise PasswordResetOver()
    return link


def reset(tx: Connection, token: str, new_hash: str, now: dt.datetime) -> list[str]:
    """Set the password by an unused link; returns the token_ids of all sessions, which end. Raises PasswordResetOver.
    """
    account = store.lock_account(tx, valid_link(tx, token, now).user_id)
    link = valid_link(tx, token, now)  # it may have been used or withdrawn before we had the lock
    is_spent = link.used_at and account.password_hash != new_hash
    if is_spent or _recipient(tx, account, now) != link.email:
        raise PasswordResetOver()
    _set(tx, account, new_hash)
    own_store.mark_reset_used(tx, link.token_id, now)
    own_store.delete_resets_of(tx, account.user_id, but=link.token_id)
    device_store.forget_all(tx, account.user_id)
    return store.delete_tokens_of(tx, account.user_id)


def _recipient(tx: Connection, account: Row[Any], now: dt.datetime, number: int | None = None) -> str | None:
    """Where the account's links go; the account's own address only if `number`, when given, is its last event's."""
    if account.removed_at is not None:
        return None
    former = own_store.recovery_email(tx, account.user_id, now)
    is_own = account.email_confirmed_at is not None and number in (None, account.email_events)
    return former or (account.email if is_own else None)


def _set(tx: Connection, account: Row[Any], new_hash: str) -> None:
    if account.password_hash != new_hash:  # else it was done before, and the answer of COMMIT was lost
        store.update_account(tx, account.user_id, password_hash=new_hash)
        notices.write_password_changed(tx, account.user_id)
