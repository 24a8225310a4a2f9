"""What people type for the name of their account: the username, or an e-mail address that they have confirmed."""

import datetime as dt
from typing import Any

from sqlalchemy.engine import Connection, Row

from schemas import addresses
from services.user import store
from services.user.self_service import store as own_store


def normalize(typed: str) -> str:
    """One spelling of an e-mail address; a username as it was typed."""
    if "@" not in typed:
        return typed
    try:
        return addresses.parse(typed.strip()).shown
    except addresses.NotAnAddress:
        return typed


def accounts(tx: Connection, typed: str) -> list[Row[Any]]:
    """The account with this username, or the accounts that have confirmed this address; none for any other text."""
    name = normalize(typed)
    if "@" not in name:
        found = store.account_by_name(tx, name)
        return [found] if found else []
    return [account for account in own_store.confirmed_owners(tx, {name, typed.strip()})
            if _mailbox(account.email) == _mailbox(name)]


def recoverable(tx: Connection, typed: str, now: dt.datetime) -> set[str]:
    """The user_ids of those accounts, and of the accounts that can be recovered by this former address of theirs."""
    name = normalize(typed)
    former = own_store.recovery_owners(tx, {name, typed.strip()}, now) if "@" in name else []
    return {each.user_id for each in accounts(tx, typed)} | {
        each.user_id for each in former if _mailbox(each.email) == _mailbox(name)}


def account(tx: Connection, typed: str) -> Row[Any] | None:
    """The one account that is meant. An address that several accounts have confirmed names none of them."""
    found = accounts(tx, typed)
    return found[0] if len(found) == 1 else None


def _mailbox(email: str) -> str:
    """The same for all spellings of an address; no mail server in use tells names in upper and lower case apart."""
    return normalize(email).casefold()
