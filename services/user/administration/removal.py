"""The end of an account: an admin removes it, or its holder closes it, which deletes what says who that was."""

import datetime as dt
from typing import Any

from sqlalchemy.engine import Connection, Row

from schemas.user import REMOVED, LoginFailed
from schemas.user.administration import UnknownUser
from services.foundation.events import outbox
from services.user import store
from services.user.administration.admins import check_one_stays
from services.user.administration.changes import Change
from services.user.attempts import device_store
from services.user.models import OUTBOX
from services.user.second_factor import store as factor_store
from services.user.self_service import store as own_store

NO_HASH = ""  # of no password


def remove(tx: Connection, change: Change, user_id: str, now: dt.datetime) -> None:
    """Remove an account; a second time changes nothing. Raises UnknownUser and LastAdmin."""
    admins = store.lock_admins(tx)
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
    admins, account = store.lock_admins(tx), store.lock_account(tx, user_id)
    if account.removed_at is not None or account.password_hash != password_hash:
        raise LoginFailed()  # it was closed, or its password was changed, after we had read it
    check_one_stays(admins, user_id, [])
    store.add_former_name(tx, account.username_key)
    # No username begins with a dash, so nobody can have taken this key.
    _end(tx, change, account, removed_at=now, username=f"closed-{user_id[-24:]}", username_key=f"-{user_id}",
         password_hash=NO_HASH, display_name=None, email=None, email_confirmed_at=None,
         time_zone=None, language=None)
    if account.roles:
        _log_end(tx, change, account)
    own_store.delete_addresses_of(tx, user_id)
    store.delete_replies_about(tx, user_id)


def _end(tx: Connection, change: Change, account: Row[Any], **fields: Any) -> None:
    store.update_account(tx, account.user_id, roles=[], **fields)
    store.delete_links_of(tx, account.user_id)
    own_store.delete_resets_of(tx, account.user_id)
    own_store.delete_former_emails_of(tx, account.user_id)
    factor_store.delete_factor(tx, account.user_id)
    store.next_email_event(tx, account.user_id)  # no link that was requested before is mailed any more
    change.sign_out(tx, account.user_id)
    device_store.forget_all(tx, account.user_id)
    outbox.write(tx, OUTBOX, REMOVED, about=f"{account.user_id}-end", sequence=1, body={"user_id": account.user_id})


def _log_end(tx: Connection, change: Change, account: Row[Any]) -> None:
    change.log(tx, account.user_id, {"roles": sorted(account.roles), "removed": False}, {"roles": [], "removed": True})
