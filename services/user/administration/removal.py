"""The end of an account: an admin removes it, or its holder closes it, which deletes what says who that was."""

import datetime as dt
from typing import Any

from sqlalchemy import delete, func, insert, select, tuple_
from sqlalchemy.engine import Connection, Row

from schemas.accounts import UnknownUser
from schemas.user import REMOVED, LoginFailed
from services.foundation.events import outbox
from services.user import store
from services.user.administration.admins import check_one_stays, lock_admins
from services.user.administration.changes import Change
from services.user.models import KEYS, OUTBOX, FormerName
from services.user.self_service import notices
from services.user.self_service import store as own_store

NO_HASH = ""  # of no password


def remove(tx: Connection, change: Change, user_id: str, now: dt.datetime) -> None:
    """Remove an account; a second time changes nothing. Raises UnknownUser and LastAdmin."""
    admins = lock_admins(tx)
    if store.account_by_id(tx, user_id) is None:
        raise UnknownUser()
    account = store.lock_account(tx, user_id)
    if account.removed_at is None:
        check_one_stays(admins, user_id, [])
        _end(tx, change, account, removed_at=now)
        _log_end(tx, change, account)


def close(tx: Connection, change: Change, user_id: str, password_hash: str, now: dt.datetime) -> None:
    """Close the account whose password was found to have this hash. Raises LoginFailed and LastAdmin.

    That of a member of staff leaves an entry in the operation log, under the `user_id` alone.
    """
    admins, account = lock_admins(tx), store.lock_account(tx, user_id)
    if account.removed_at is not None or account.password_hash != password_hash:
        raise LoginFailed()  # it was closed, or its password was changed, after we had read it
    check_one_stays(admins, user_id, [])
    tx.execute(insert(FormerName), {"name_digest": store.name_digest(account.username_key)})
    # No username begins with a dash, so nobody can have taken this key.
    _end(tx, change, account, removed_at=now, username=f"closed-{user_id[-24:]}", username_key=f"-{user_id}",
         password_hash=NO_HASH, display_name=None, email=None, email_confirmed_at=None)
    if account.roles:
        _log_end(tx, change, account)
    own_store.delete_addresses_of(tx, user_id)
    notices.delete_former_emails_of(tx, user_id)
    _delete_stored_replies(tx, user_id)


def _end(tx: Connection, change: Change, account: Row[Any], **fields: Any) -> None:
    store.update_account(tx, account.user_id, roles=[], **fields)
    store.delete_links_of(tx, account.user_id)
    store.next_email_event(tx, account.user_id)  # no link that was requested before is mailed any more
    change.sign_out(tx, account.user_id)
    outbox.write(tx, OUTBOX, REMOVED, about=f"{account.user_id}-end", sequence=1, body={"user_id": account.user_id})


def _log_end(tx: Connection, change: Change, account: Row[Any]) -> None:
    change.log(tx, account.user_id, {"roles": sorted(account.roles), "removed": False}, {"roles": [], "removed": True})


def _delete_stored_replies(tx: Connection, user_id: str) -> None:
    """Delete the answers kept for Idempotency-Keys with the account in them: they have its names and address."""
    own = (KEYS.c.principal, KEYS.c.method, KEYS.c.idempotency_key)
    tells = (KEYS.c.principal == user_id) | (func.instr(KEYS.c.reply, user_id) > 0)
    named = tx.execute(select(*own).where(tells)).all()
    if named:
        tx.execute(delete(KEYS).where(tuple_(*own).in_([tuple(row) for row in named])))
